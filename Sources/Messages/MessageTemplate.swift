package import Addressing

/// What a message says: fixed bytes, and places that each connection fills in for itself.
///
/// The same facts always give the same bytes. So an answer can be compared with what was sent
/// without keeping it, and a replay sends what the run sent.
package struct MessageTemplate: Sendable, Equatable {
  package enum Part: Sendable, Equatable {
    case bytes([UInt8])
    /// The connection's number, from 0, unique among all connections of the run.
    case connection
    /// The message's number on its connection, from 0.
    case sequence
    case source
    case port
    /// The client worker's number, from 0.
    case worker
    /// So many letters and digits, different for every message.
    case random(Int)
  }

  /// No message is longer, so that one buffer takes any of them.
  package static let mostBytes = 1 << 20

  package let parts: [Part]

  package init(parts: [Part]) {
    self.parts = parts
  }

  package init(bytes: [UInt8]) {
    parts = bytes.isEmpty ? [] : [.bytes(bytes)]
  }

  /// The most bytes that a message of it can have.
  package var longest: Int {
    parts.reduce(0) { total, part in
      switch part {
      case .bytes(let bytes): total + bytes.count
      case .random(let count): total + count
      // 2^64 has 20 digits.
      case .connection, .sequence, .worker: total + 20
      case .port: total + 5
      // Longest as IPv6: INET6_ADDRSTRLEN without its zero.
      case .source: total + 45
      }
    }
  }

  /// The bytes, where every message is the same.
  package var fixed: [UInt8]? {
    switch parts.count {
    case 0: return []
    case 1:
      if case .bytes(let bytes) = parts[0] { return bytes }
      return nil
    default: return nil
    }
  }

  /// What fills the places of one message.
  package struct Facts {
    package var connection: UInt64
    package var sequence: UInt64
    package var source: IPAddress
    package var port: UInt16
    package var worker: Int
    package var seed: UInt64

    package init(
      connection: UInt64, sequence: UInt64, source: IPAddress, port: UInt16, worker: Int,
      seed: UInt64
    ) {
      self.connection = connection
      self.sequence = sequence
      self.source = source
      self.port = port
      self.worker = worker
      self.seed = seed
    }
  }

  /// Writes the message to the start of `buffer`, which has room for `longest` bytes, and returns
  /// its length.
  package func render(_ facts: Facts, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var writer = unsafe MessageWriter(buffer: buffer)
    // By index: an unoptimised iterator allocates, and a test holds the loops to allocating nothing.
    for index in parts.indices {
      switch parts[index] {
      case .bytes(let bytes): writer.append(bytes)
      case .connection: writer.append(decimal: facts.connection)
      case .sequence: writer.append(decimal: facts.sequence)
      case .worker: writer.append(decimal: UInt64(facts.worker))
      case .port: writer.append(decimal: UInt64(facts.port))
      case .source: writer.append(facts.source)
      case .random(let count):
        writer.appendRandom(
          count, seed: facts.seed ^ mixed(facts.connection) &+ mixed(~facts.sequence))
      }
    }
    return writer.count
  }
}

/// SplitMix64's finaliser: near numbers come out far apart.
private func mixed(_ value: UInt64) -> UInt64 {
  var bits = value &+ 0x9E37_79B9_7F4A_7C15
  bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
  bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
  return bits ^ bits >> 31
}

/// Fills a buffer from its start, without an allocation.
@safe
private struct MessageWriter {
  let buffer: UnsafeMutableRawBufferPointer
  var count = 0

  init(buffer: UnsafeMutableRawBufferPointer) {
    unsafe self.buffer = unsafe buffer
  }

  mutating func append(_ byte: UInt8) {
    unsafe buffer[count] = byte
    count += 1
  }

  mutating func append(_ bytes: [UInt8]) {
    unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyBytes(from: bytes)
    count += bytes.count
  }

  mutating func append(decimal value: UInt64) {
    var scale: UInt64 = 1
    while value / scale >= 10 { scale *= 10 }
    while scale > 0 {
      append(UInt8(ascii: "0") + UInt8(value / scale % 10))
      scale /= 10
    }
  }

  mutating func append(_ address: IPAddress) {
    guard case .v4(let bits) = address else {
      for byte in address.description.utf8 { append(byte) }
      return
    }
    for shift in [24, 16, 8, 0] as [UInt32] {
      append(decimal: UInt64(bits >> shift & 255))
      if shift > 0 { append(UInt8(ascii: ".")) }
    }
  }

  mutating func appendRandom(_ length: Int, seed: UInt64) {
    var state = seed
    var bits: UInt64 = 0
    for index in 0..<length {
      // A word gives ten characters of six bits.
      if index % 10 == 0 {
        state &+= 1
        bits = mixed(state)
      }
      append(Self.alphabet(UInt8(truncatingIfNeeded: bits & 63)))
      bits >>= 6
    }
  }

  /// 62 letters and digits, and two of them twice.
  private static func alphabet(_ index: UInt8) -> UInt8 {
    switch index {
    case 0..<26: UInt8(ascii: "a") + index
    case 26..<52: UInt8(ascii: "A") + index - 26
    case 52..<62: UInt8(ascii: "0") + index - 52
    default: UInt8(ascii: "x") + index - 62
    }
  }
}
