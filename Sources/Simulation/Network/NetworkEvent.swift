/// Something on its way through a simulated network. The first socket is the one that receives it;
/// for a SYN it is the client that sends it.
enum NetworkEvent {
  case syn(SimulatedSocket, attempt: Int)
  case synAck(SimulatedSocket, child: SimulatedSocket)
  case acknowledgement(SimulatedSocket)
  case refusal(SimulatedSocket, SimulatedNetwork.Refusal)
  case bytes(SimulatedSocket, [UInt8])
  case fin(SimulatedSocket)
  case reset(SimulatedSocket)
}
