/// Something on its way through a simulated network. The first socket is the one that receives it.
/// A SYN has the client that sends it, and how many SYNs of this connection went before (`attempt`).
enum NetworkEvent {
  case syn(SimulatedSocket, attempt: Int)
  case synAck(SimulatedSocket, child: SimulatedSocket)
  case acknowledgement(SimulatedSocket)
  case refusal(SimulatedSocket, SimulatedNetwork.Refusal)
  case bytes(SimulatedSocket, [UInt8])
  case fin(SimulatedSocket)
  case reset(SimulatedSocket)
}
