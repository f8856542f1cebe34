/// Reads the MQTT packets, of 3.1.1 and 5.0, that one end of a connection receives. Their bytes may come
/// in pieces of any size.
///
/// The reader keeps none of the bytes, so its size is small and fixed. The same events come however the
/// bytes were cut; only the pieces of a text may be cut elsewhere. Bytes that break a rule give
/// `MQTTEvent.malformed`.
package struct MQTTReader: BitwiseCopyable, Sendable {
  /// What the next byte belongs to.
  enum Place: UInt8, BitwiseCopyable {
    case header, length
    case connackFlags, code, identifier, level, connectFlags, keepAlive, options, codeOfFilter
    case textLength, text, payload
    case propertyLength, property, propertyNumber, propertyInteger
    /// Nothing: the packet is over, and its last event has not been returned yet.
    case end
    case malformed
  }

  struct Traits: OptionSet, BitwiseCopyable {
    let rawValue: UInt8

    static var isServer: Self { Self(rawValue: 1) }
    static var isV5: Self { Self(rawValue: 1 << 1) }
    /// The version is known: to a client from the start, to a server from the CONNECT on.
    static var hasVersion: Self { Self(rawValue: 1 << 2) }
    /// At a server, CONNECT has come; at a client, a CONNACK that accepts.
    static var isConnected: Self { Self(rawValue: 1 << 3) }
    /// No packet may follow: DISCONNECT has come, or a CONNACK that refuses.
    static var isOver: Self { Self(rawValue: 1 << 4) }
    /// The remaining length takes more bytes than it needs. 3.1.1 allows that, 5.0 does not. A server
    /// learns the version only later in the CONNECT.
    static var isOverlong: Self { Self(rawValue: 1 << 5) }
    /// The properties are those of the will.
    static var isOfWill: Self { Self(rawValue: 1 << 6) }
    /// The topic is empty, so that the packet must have a topic alias.
    static var isTopicEmpty: Self { Self(rawValue: 1 << 7) }
    /// The traits of one packet, which the next does not inherit: the last three.
    static var ofOnePacket: Self { Self(rawValue: 0b1110_0000) }
  }

  /// Bytes of the packet that are still to come, once its length is known.
  var remaining: UInt32 = 0
  /// Bytes of the packet's properties that are still to come: never more than `remaining`.
  var propertiesLeft: UInt32 = 0
  /// The integer that is being read; within a text, how many of its bytes are still to come.
  var number: UInt32 = 0
  /// The packet identifier. In CONNACK, whether the session is present.
  var identifier: UInt16 = 0
  /// The properties that have come, of the packet or of its will, as a set of `MQTTProperty.bit`.
  var seen: UInt16 = 0
  /// The packet's first byte.
  var header: UInt8 = 0
  /// The reason code; of several codes, the worst. In CONNECT, the flags. After a malformed packet, the raw
  /// value of `malformation`.
  var code: UInt8 = 0
  var place = Place.header
  var field = MQTTField.protocolName
  var property = MQTTProperty.userProperty
  /// The check of the text that is being read.
  var text = MQTTText()
  var traits: Traits
  /// How many bytes of `number` have come. Among the codes of SUBACK and UNSUBACK: 1 once a code has come.
  var count: UInt8 = 0

  /// A client's reader: of what a server sends to a client that asked for this version.
  package init(client version: MQTTVersion) {
    traits = version == .v5 ? .hasVersion.union(.isV5) : .hasVersion
  }

  /// A server's reader: of what a client sends. It learns the version from CONNECT.
  package static var server: Self { Self(traits: .isServer) }

  private init(traits: Traits) { self.traits = traits }

  package var role: MQTTRole { traits.contains(.isServer) ? .server : .client }

  /// Nil for a server's reader that has not read the version yet.
  package var version: MQTTVersion? {
    guard traits.contains(.hasVersion) else { return nil }
    return isV5 ? .v5 : .v311
  }

  /// The rule that was broken; nil while none was.
  package var malformation: MQTTMalformation? {
    place == .malformed ? MQTTMalformation(rawValue: code) : nil
  }

  /// Bytes of a payload that are still to come.
  package var payloadLeft: Int { place == .payload ? Int(remaining) : 0 }

  /// Whether the bytes so far end where a packet ends, as they should when a connection ends.
  package var isBetweenPackets: Bool { place == .header }

  var isV5: Bool { traits.contains(.isV5) }
  var kind: MQTTPacketKind? { MQTTPacketKind(rawValue: header >> 4) }

  /// Reads on, up to the next event.
  ///
  /// Call it with the rest of the bytes until it returns `needsMore`, even if no bytes are left: an event
  /// may need no byte. After a malformed packet it passes over whatever comes, and returns only
  /// `needsMore`.
  package mutating func next(
    _ bytes: UnsafeRawBufferPointer, _ limits: MQTTLimits = MQTTLimits()
  ) -> MQTTStep {
    var used = 0
    while true {
      if let event = passed() {
        if case .needsMore = event { continue }
        return MQTTStep(used: used, event: event)
      }
      if place == .malformed { return MQTTStep(used: bytes.count, event: .needsMore) }
      guard used < bytes.count else { return MQTTStep(used: used, event: .needsMore) }
      let event: MQTTEvent?
      switch place {
      case .text: event = unsafe took(textIn: bytes, &used)
      case .payload:
        let count = min(Int(remaining), bytes.count - used)
        remaining -= UInt32(count)
        used += count
        event = .piece(.payload, count: count)
      default:
        let byte = unsafe bytes[used]
        used += 1
        event = took(byte, limits)
      }
      if let event { return MQTTStep(used: used, event: event) }
    }
  }

  /// Leaves a place whose bytes have all come.
  ///
  /// - Returns: the event for the caller; `needsMore` where the place was left without one, so that `next`
  ///   goes on; nil where the place takes a byte.
  private mutating func passed() -> MQTTEvent? {
    switch place {
    case .header, .length, .malformed: return nil
    case .end: return ended()
    case .payload:
      if remaining > 0 { return nil }
      place = .end
      return .needsMore
    case .text where number == 0: return endedText() ?? .needsMore
    case .property where propertiesLeft == 0: return endedProperties() ?? .needsMore
    case .text, .textLength:
      if field.isOfProperties { return propertiesLeft == 0 ? fail(.propertyLength) : nil }
    case .property, .propertyNumber, .propertyInteger:
      return propertiesLeft == 0 ? fail(.propertyLength) : nil
    case .connackFlags, .code, .identifier, .level, .connectFlags, .keepAlive, .options,
      .codeOfFilter, .propertyLength:
      break
    }
    return remaining == 0 ? fail(missing) : nil
  }

  /// The rule that a packet breaks which ends at this place.
  private var missing: MQTTMalformation {
    switch (place, kind) {
    case (.codeOfFilter, _): .noReasonCode
    case (.textLength, .subscribe) where count == 0, (.textLength, .unsubscribe) where count == 0:
      .noTopicFilter
    default: .tooShort
    }
  }

  /// A rule is broken: nothing more is read.
  mutating func fail(_ malformation: MQTTMalformation) -> MQTTEvent {
    place = .malformed
    code = malformation.rawValue
    return .malformed(malformation)
  }

  /// Goes on to a field that is read byte by byte, or to the payload or the end.
  mutating func go(to place: Place) -> MQTTEvent? {
    self.place = place
    number = 0
    count = 0
    return nil
  }

  /// Goes on to a text, which begins with its length.
  mutating func begin(_ field: MQTTField) -> MQTTEvent? {
    self.field = field
    return go(to: .textLength)
  }

  /// Ends the packet after its last field; fails where bytes are left.
  mutating func finish() -> MQTTEvent? {
    remaining > 0 ? fail(.trailingBytes) : go(to: .end)
  }

  // MARK: Bytes

  private mutating func took(_ byte: UInt8, _ limits: MQTTLimits) -> MQTTEvent? {
    switch place {
    case .header: return took(header: byte)
    case .length:
      guard let isWhole = tookGroup(byte) else { return fail(.remainingLength) }
      return isWhole ? tookLength(limits) : nil
    default: break
    }
    remaining -= 1
    if isInProperties { propertiesLeft -= 1 }
    switch place {
    case .propertyLength, .propertyInteger:
      guard let isWhole = tookGroup(byte) else { return fail(.variableByteInteger) }
      guard isWhole else { return nil }
      if count > 1, byte == 0 { return fail(.overlongInteger) }
      return place == .propertyLength ? tookPropertyLength() : tookNumber(limits)
    case .identifier, .keepAlive, .textLength, .propertyNumber:
      number = number << 8 | UInt32(byte)
      count += 1
      let width: UInt8
      if place == .propertyNumber, case .number(let own) = property.form {
        width = own
      } else {
        width = 2
      }
      guard count == width else { return nil }
      switch place {
      case .identifier: return tookIdentifier()
      case .keepAlive: return tookKeepAlive()
      case .textLength: return tookTextLength()
      default: return tookNumber(limits)
      }
    case .property: return took(property: byte)
    case .connackFlags:
      if byte > 1 { return fail(.connackFlags) }
      identifier = UInt16(byte)
      return go(to: .code)
    case .code: return took(code: byte)
    case .codeOfFilter: return took(codeOfFilter: byte)
    case .level: return took(level: byte)
    case .connectFlags: return took(connectFlags: byte)
    case .options: return took(options: byte)
    // These never take a single byte, or have taken it above.
    case .header, .length, .text, .payload, .end, .malformed: return nil
    }
  }

  private var isInProperties: Bool {
    switch place {
    case .property, .propertyNumber, .propertyInteger: true
    case .textLength, .text: field.isOfProperties
    default: false
    }
  }

  /// Takes seven more bits of a variable byte integer.
  ///
  /// - Returns: whether the integer is whole; nil where it takes more than four bytes.
  private mutating func tookGroup(_ byte: UInt8) -> Bool? {
    number |= UInt32(byte & 0x7F) << (7 * UInt32(count))
    count += 1
    if byte < 0x80 { return true }
    return count < 4 ? false : nil
  }

  /// Takes the bytes of a text that are here.
  private mutating func took(textIn bytes: UnsafeRawBufferPointer, _ used: inout Int) -> MQTTEvent?
  {
    let available = min(Int(number), bytes.count - used)
    let form = field.form
    var count = 0
    var fault: MQTTMalformation?
    if field == .protocolName {
      while count < available, unsafe bytes[used + count] == Self.name(number - UInt32(count)) {
        count += 1
      }
      if count < available { fault = .protocolName }
    } else if form == .binary {
      count = available
    } else {
      while count < available {
        fault = unsafe text.take(bytes[used + count], form, isSharing: isV5)
        if fault != nil { break }
        count += 1
      }
    }
    // The bytes before the wrong byte are a piece of their own, just as if the wrong byte came in a later
    // buffer.
    if let fault, count == 0 || !field.isGiven {
      used += count + 1
      return fail(fault)
    }
    used += count
    number -= UInt32(count)
    remaining -= UInt32(count)
    if field.isOfProperties { propertiesLeft -= UInt32(count) }
    return field.isGiven ? .piece(field, count: count) : nil
  }

  /// The byte of "MQTT" with which `left` bytes of it are still to come.
  private static func name(_ left: UInt32) -> UInt8 {
    switch left {
    case 4: UInt8(ascii: "M")
    case 3: UInt8(ascii: "Q")
    default: UInt8(ascii: "T")
    }
  }
}
