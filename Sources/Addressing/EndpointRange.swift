/// The endpoints that server workers listen at, one each. Each worker takes the next address. After the last
/// address comes the first again, with the next port.
package struct EndpointRange: Sendable, Hashable {
  package let addresses: AddressRange
  /// The first port.
  package let port: UInt16

  package init(_ addresses: AddressRange, port: UInt16) {
    self.addresses = addresses
    self.port = port
  }

  /// How many endpoints there are, up to port 65535.
  package var count: Int { addresses.count * (Int(UInt16.max) - Int(port) + 1) }

  package subscript(worker: Int) -> SocketAddress {
    precondition(worker >= 0 && worker < count, "endpoint \(worker) of \(count)")
    return SocketAddress(
      addresses[worker % addresses.count], port + UInt16(worker / addresses.count))
  }

  package func prefix(_ workers: Int) -> [SocketAddress] { (0..<workers).map { self[$0] } }
}
