/// Consecutive addresses, both ends included. One address is a range of one.
package struct AddressRange: Sendable, Hashable {
  package let first: IPAddress
  package let count: Int

  package enum Problem: Error, Equatable {
    /// The text that is no address.
    case unparsable(String)
    case mixedFamilies
    case reversed
    /// More addresses than `largest` (2^24): nobody binds so many one by one.
    case tooLarge
    /// The text behind the slash, which is no prefix length of the address family.
    case prefix(String)
  }

  package static let largest = 1 << 24

  package init(_ address: IPAddress) {
    self.init(first: address, count: 1)
  }

  private init(first: IPAddress, count: Int) {
    self.first = first
    self.count = count
  }

  /// Reads `A`, `A-B` or `A/PREFIX`. A prefix stands for all addresses of its block. An IPv4 block of four
  /// addresses or more loses its first address (the network's) and its last (the broadcast address).
  package init(_ text: String) throws(Problem) {
    if let dash = text.firstIndex(of: "-") {
      let first = try Self.address(text[..<dash])
      let last = try Self.address(text[text.index(after: dash)...])
      self.init(first: first, count: try Self.distance(from: first, to: last) + 1)
    } else if let slash = text.firstIndex(of: "/") {
      let address = try Self.address(text[..<slash])
      let (first, count) = try Self.block(of: address, prefix: text[text.index(after: slash)...])
      self.init(first: first, count: count)
    } else {
      self.init(try Self.address(text[...]))
    }
    guard count <= Self.largest else { throw .tooLarge }
  }

  package subscript(index: Int) -> IPAddress {
    precondition(index >= 0 && index < count, "address \(index) of \(count)")
    // Both package initialisers made sure that the whole range lies in the address space.
    return first.advanced(by: index)!
  }

  package var addresses: [IPAddress] { (0..<count).map { self[$0] } }

  private static func address(_ text: Substring) throws(Problem) -> IPAddress {
    let text = text.drop { $0 == " " }
    let end = text.lastIndex { $0 != " " }.map(text.index(after:)) ?? text.endIndex
    let trimmed = String(text[..<end])
    guard let address = IPAddress(trimmed) else { throw .unparsable(trimmed) }
    return address
  }

  private static func distance(from first: IPAddress, to last: IPAddress) throws(Problem) -> Int {
    switch (first, last) {
    case (.v4(let first), .v4(let last)):
      guard first <= last else { throw .reversed }
      return Int(last - first)
    case (.v6(let first), .v6(let last)):
      guard first <= last else { throw .reversed }
      guard last - first < UInt128(largest) else { throw .tooLarge }
      return Int(last - first)
    default:
      throw .mixedFamilies
    }
  }

  private static func block(
    of address: IPAddress, prefix text: Substring
  ) throws(Problem) -> (IPAddress, Int) {
    let width = address.isV6 ? 128 : 32
    guard let prefix = Int(digits: text), (0...width).contains(prefix) else {
      throw .prefix(String(text))
    }
    let hostBits = width - prefix
    guard hostBits <= 24 else { throw .tooLarge }
    let size = 1 << hostBits
    switch address {
    case .v4(let bits):
      let network = bits & ~UInt32(size - 1)
      return hostBits < 2 ? (.v4(network), size) : (.v4(network + 1), size - 2)
    case .v6(let bits):
      return (.v6(bits & ~UInt128(size - 1)), size)
    }
  }
}

extension AddressRange: CustomStringConvertible {
  package var description: String { count == 1 ? "\(first)" : "\(first)-\(self[count - 1])" }
}
