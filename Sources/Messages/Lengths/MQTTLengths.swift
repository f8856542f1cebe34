/// The lengths in MQTT's packets CONNECT, PUBLISH, SUBSCRIBE and UNSUBSCRIBE, that of the packet before those of its
/// strings. Other packets are passed over: nothing in them is a text of a user. Properties are `closed`: their lengths
/// do not follow. Source: MQTT 3.1.1 and 5.0, chapters 2 and 3.
struct MQTTLengths {
  private(set) var lengths = WrittenLengths()
  private let bytes: [UInt8]
  private let hasProperties: Bool

  /// - Parameter level: the protocol level that the client named: 4, or 5 where packets have properties.
  init(in bytes: [UInt8], level: UInt8) {
    self.bytes = bytes
    hasProperties = level == 5
    var place = 0
    while place < bytes.count, let length = variable(at: place + 1, before: bytes.count),
      length.value <= bytes.count - length.end
    {
      let body = length.end..<length.end + length.value
      if Self.kinds.contains(bytes[place] >> 4) {
        guard let inside = inside(of: bytes[place], in: body) else { break }
        lengths.found.append(
          WrittenLength(place: place + 1..<length.end, content: body, form: .variable))
        lengths.found += inside.found
        lengths.closed += inside.closed
      }
      place = body.upperBound
    }
  }

  /// The protocol level in a CONNECT, with which a client's bytes begin; nil where they are no MQTT.
  static func level(ofClient bytes: [UInt8]) -> UInt8? {
    // The remaining length takes one to four bytes.
    for end in 2...5 where bytes.first == 0x10 && bytes.count > end + 6 {
      guard bytes[end..<end + 6].elementsEqual([0, 4] + Array("MQTT".utf8)) else { continue }
      return [4, 5].contains(bytes[end + 6]) ? bytes[end + 6] : nil
    }
    return nil
  }

  /// CONNECT, PUBLISH, SUBSCRIBE and UNSUBSCRIBE.
  private static let kinds: Set<UInt8> = [1, 3, 8, 10]

  /// The lengths of a packet's strings, and its properties; nil for a packet that is malformed.
  private func inside(of kind: UInt8, in body: Range<Int>) -> WrittenLengths? {
    var cursor = Cursor(place: body.lowerBound, end: body.upperBound)
    var inside = WrittenLengths()
    func takeString() -> Bool {
      guard cursor.end - cursor.place >= 2 else { return false }
      let place = cursor.place..<cursor.place + 2
      let content =
        place.upperBound..<place.upperBound + Int(bytes[place.lowerBound]) << 8
        + Int(bytes[place.lowerBound + 1])
      inside.found.append(WrittenLength(place: place, content: content, form: .twoBytes))
      return cursor.skip(content.upperBound - cursor.place)
    }
    func skipProperties() -> Bool {
      guard hasProperties else { return true }
      guard let length = variable(at: cursor.place, before: cursor.end) else { return false }
      inside.closed.append(cursor.place..<length.end + length.value)
      return cursor.skip(length.end - cursor.place + length.value)
    }
    switch kind >> 4 {
    case 1:
      // Name, level, flags and keep-alive; then the client's identifier.
      guard cursor.skip(10), skipProperties(), takeString() else { return nil }
      let flags = bytes[body.lowerBound + 7]
      if flags & 0x04 != 0 {
        guard skipProperties(), takeString(), takeString() else { return nil }
      }
      if flags & 0x80 != 0 { guard takeString() else { return nil } }
      if flags & 0x40 != 0 { guard takeString() else { return nil } }
      return cursor.place == cursor.end ? inside : nil
    case 3:
      guard takeString(), cursor.skip(kind & 0x06 == 0 ? 0 : 2), skipProperties() else {
        return nil
      }
      return inside
    default:
      guard cursor.skip(2), skipProperties() else { return nil }
      while cursor.place < cursor.end {
        guard takeString(), cursor.skip(kind >> 4 == 8 ? 1 : 0) else { return nil }
      }
      return inside
    }
  }

  private struct Cursor {
    var place: Int
    let end: Int

    /// Passes over bytes; false where there are not so many.
    mutating func skip(_ count: Int) -> Bool {
      guard count <= end - place else { return false }
      place += count
      return true
    }
  }

  private func variable(at start: Int, before end: Int) -> (value: Int, end: Int)? {
    var value = 0
    for index in 0..<4 where start + index < end {
      let byte = bytes[start + index]
      value |= Int(byte & 127) << (7 * index)
      if byte < 128 { return (value, start + index + 1) }
    }
    return nil
  }
}
