/// Consecutive addresses as two numbers: two comparisons tell a server's loop whether an address is among
/// them.
package struct AddressSpan: Sendable, Hashable, BitwiseCopyable {
  private let first: UInt128
  private var last: UInt128

  /// The fewest spans that have exactly these addresses. An IPv4 address counts as its IPv4-mapped
  /// IPv6 address, so that a server of both families recognises its clients.
  package static func spans(of addresses: [IPAddress]) -> [AddressSpan] {
    var spans: [AddressSpan] = []
    for address in addresses.map(number(of:)).sorted() {
      if let last = spans.last?.last, address - last <= 1 {
        spans[spans.count - 1].last = address
      } else {
        spans.append(AddressSpan(first: address, last: address))
      }
    }
    return spans
  }

  @inline(__always)
  package func contains(_ address: IPAddress) -> Bool {
    let number = Self.number(of: address)
    return first <= number && number <= last
  }

  /// An IPv4 address counts as IPv4-mapped (RFC 4291, 2.5.5.2).
  @inline(__always)
  private static func number(of address: IPAddress) -> UInt128 {
    switch address {
    case .v4(let bits): 0xFFFF << 32 | UInt128(bits)
    case .v6(let bits): bits
    }
  }
}
