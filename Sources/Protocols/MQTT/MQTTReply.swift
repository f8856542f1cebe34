/// A packet without texts. Most such packets answer a packet of the other end.
///
/// Codes and identifiers are not checked; `MQTTReason.isListed` says which codes the standards have.
/// 3.1.1 has codes only in CONNACK and SUBACK: in other packets they are left out.
package enum MQTTReply: BitwiseCopyable, Sendable, Equatable {
  /// The properties with which a server of 5.0 accepts a connection. One that is nil is left out.
  package struct Grants: BitwiseCopyable, Sendable, Equatable {
    /// In seconds.
    package var keepAlive: UInt16?
    /// At least 1.
    package var receiveMaximum: UInt16?
    /// At least 1.
    package var maximumPacketSize: UInt32?
    package var topicAliasMaximum: UInt16?
    package var maximumQoS: UInt8?

    package init() {}
  }

  case connack(isSessionPresent: Bool = false, UInt8 = 0, Grants = Grants())
  case puback(UInt16, UInt8 = 0)
  case pubrec(UInt16, UInt8 = 0)
  case pubrel(UInt16, UInt8 = 0)
  case pubcomp(UInt16, UInt8 = 0)
  /// The same code for each of `times` topic filters.
  case suback(UInt16, UInt8, times: Int)
  /// As `suback`.
  case unsuback(UInt16, UInt8, times: Int)
  case pingreq, pingresp
  case disconnect(UInt8 = 0)

  package var kind: MQTTPacketKind {
    switch self {
    case .connack: .connack
    case .puback: .puback
    case .pubrec: .pubrec
    case .pubrel: .pubrel
    case .pubcomp: .pubcomp
    case .suback: .suback
    case .unsuback: .unsuback
    case .pingreq: .pingreq
    case .pingresp: .pingresp
    case .disconnect: .disconnect
    }
  }

  /// How many bytes the packet has; nil where there are too many codes, or none.
  package func count(_ version: MQTTVersion) -> Int? {
    switch self {
    case .suback(_, _, let times), .unsuback(_, _, let times):
      guard 1...MQTTLength.largest ~= times else { return nil }
    default: break
    }
    return MQTTLength.packet(remaining: remaining(version))
  }

  /// The remaining length.
  private func remaining(_ version: MQTTVersion) -> Int {
    let isV5 = version == .v5
    return switch self {
    case .connack(_, _, let grants): isV5 ? 3 + grants.count : 2
    // 5.0 lets a packet leave out a code that is success, and the length of properties where it has none.
    case .puback(_, let code), .pubrec(_, let code), .pubrel(_, let code), .pubcomp(_, let code):
      isV5 && code != 0 ? 3 : 2
    case .suback(_, _, let times): (isV5 ? 3 : 2) + times
    case .unsuback(_, _, let times): isV5 ? 3 + times : 2
    case .pingreq, .pingresp: 0
    case .disconnect(let code): isV5 && code != 0 ? 1 : 0
    }
  }

  /// Writes the packet to the start of `buffer`, and returns its length; nil where `count` is nil, or where
  /// there is no room.
  package func write(
    _ version: MQTTVersion, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    guard let count = count(version), count <= buffer.count else { return nil }
    var sink = unsafe Sink(buffer: buffer)
    sink.append(kind.header)
    var rest = remaining(version)
    repeat {
      sink.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
      rest >>= 7
    } while rest > 0
    switch self {
    case .connack(let isSessionPresent, let code, let grants):
      sink.append(isSessionPresent ? 1 : 0 as UInt8)
      sink.append(code)
      if version == .v5 { grants.write(to: &sink) }
    case .puback(let identifier, let code), .pubrec(let identifier, let code),
      .pubrel(let identifier, let code), .pubcomp(let identifier, let code):
      sink.append(identifier)
      if version == .v5, code != 0 { sink.append(code) }
    case .suback(let identifier, let code, _), .unsuback(let identifier, let code, _):
      sink.append(identifier)
      if version == .v5 { sink.append(0 as UInt8) }
      // 3.1.1 has no code in UNSUBACK, and `count` leaves no room for one.
      while sink.count < count { sink.append(code) }
    case .disconnect(let code):
      if version == .v5, code != 0 { sink.append(code) }
    case .pingreq, .pingresp: break
    }
    return sink.count
  }

  /// The whole packet; nil where `count` is nil.
  package func bytes(_ version: MQTTVersion) -> [UInt8]? {
    guard let count = count(version) else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    let written = unsafe bytes.withUnsafeMutableBytes { unsafe write(version, into: $0) }
    return written == count ? bytes : nil
  }

  /// Appends to a buffer that is known to be long enough.
  @safe
  fileprivate struct Sink {
    let buffer: UnsafeMutableRawBufferPointer
    var count = 0

    init(buffer: UnsafeMutableRawBufferPointer) {
      unsafe self.buffer = buffer
    }

    mutating func append(_ byte: UInt8) {
      unsafe buffer[count] = byte
      count += 1
    }

    mutating func append(_ value: UInt16) {
      append(UInt8(value >> 8))
      append(UInt8(truncatingIfNeeded: value))
    }

    mutating func append(_ value: UInt32) {
      append(UInt16(value >> 16))
      append(UInt16(truncatingIfNeeded: value))
    }
  }
}

extension MQTTReply.Grants {
  /// How many bytes the properties take, without their length.
  fileprivate var count: Int {
    (keepAlive == nil ? 0 : 3) + (receiveMaximum == nil ? 0 : 3)
      + (maximumPacketSize == nil ? 0 : 5) + (topicAliasMaximum == nil ? 0 : 3)
      + (maximumQoS == nil ? 0 : 2)
  }

  /// Writes the length of the properties, in one byte, and the properties.
  fileprivate func write(to sink: inout MQTTReply.Sink) {
    sink.append(UInt8(truncatingIfNeeded: count))
    if let keepAlive {
      sink.append(MQTTProperty.serverKeepAlive.rawValue)
      sink.append(keepAlive)
    }
    if let receiveMaximum {
      sink.append(MQTTProperty.receiveMaximum.rawValue)
      sink.append(receiveMaximum)
    }
    if let maximumPacketSize {
      sink.append(MQTTProperty.maximumPacketSize.rawValue)
      sink.append(maximumPacketSize)
    }
    if let topicAliasMaximum {
      sink.append(MQTTProperty.topicAliasMaximum.rawValue)
      sink.append(topicAliasMaximum)
    }
    if let maximumQoS {
      sink.append(MQTTProperty.maximumQoS.rawValue)
      sink.append(maximumQoS)
    }
  }
}
