/// Something on its way through a simulated network.
enum NetworkEvent {
  case syn(SimulatedSocket, attempt: Int)
  case synAck(SimulatedSocket, child: SimulatedSocket)
  case acknowledgement(SimulatedSocket)
  case refusal(SimulatedSocket, SimulatedNetwork.Refusal)
  case bytes(SimulatedSocket, [UInt8])
  case fin(SimulatedSocket)
  case reset(SimulatedSocket)
}
