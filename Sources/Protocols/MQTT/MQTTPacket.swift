/// A text of a packet: the same bytes for all connections, or filled in for each connection.
package enum MQTTContent: Sendable, Equatable {
  case bytes([UInt8])
  case filled
}

/// A packet that is put together once and sent on many connections. Each connection may fill in texts of
/// its own; `render` then writes every length that depends on these texts.
package struct MQTTPacket: Sendable, Equatable {
  /// One part of what follows the fixed header, as plain numbers for the workers' loops.
  package enum Step: BitwiseCopyable, Sendable, Equatable {
    /// Bytes of the packet's `texts`.
    case bytes(start: Int, count: Int)
    /// A text that is filled in. `render` writes its length before it, in two bytes.
    ///
    /// - Parameter number: which of several topic filters it is, from 0.
    case text(MQTTField, number: Int)
    /// A text that is filled in and is the rest of the packet, so that no length stands before it.
    case rest(MQTTField)
    /// The packet identifier.
    case identifier
  }

  /// The first byte.
  package private(set) var header: UInt8
  /// The parts of what follows the fixed header, in order.
  package private(set) var steps: [Step] = []
  /// The bytes that `Step.bytes` names.
  package private(set) var texts: [UInt8] = []

  init(header: UInt8) { self.header = header }

  /// A PUBLISH of QoS 1 or 2 with DUP set, to be sent again (3.3.1.1); any other packet as it is.
  package var duplicate: MQTTPacket {
    var packet = self
    if MQTTPublishFacts(header: header)?.qos != .atMostOnce,
      header >> 4 == MQTTPacketKind.publish.rawValue
    {
      packet.header |= 0b1000
    }
    return packet
  }

  // MARK: Putting together

  mutating func append(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    if case .bytes(let start, let count)? = steps.last {
      steps[steps.count - 1] = .bytes(start: start, count: count + bytes.count)
    } else {
      steps.append(.bytes(start: texts.count, count: bytes.count))
    }
    texts += bytes
  }

  mutating func append(
    _ content: MQTTContent, _ field: MQTTField, number: Int = 0, _ version: MQTTVersion
  ) throws(MQTTMalformation) {
    switch content {
    case .filled: steps.append(field == .payload ? .rest(field) : .text(field, number: number))
    case .bytes(let bytes):
      if field != .payload {
        if let fault = MQTTText.fault(in: bytes, as: field.form, version) { throw fault }
        append(MQTTPacket.big(UInt16(bytes.count)))
      }
      append(bytes)
    }
  }

  mutating func appendIdentifier() { steps.append(.identifier) }

  mutating func append(properties: [UInt8]) {
    append(MQTTPacket.variable(properties.count) + properties)
  }

  /// Returns the packet. Throws where it is too long even if all texts to fill in are empty.
  func checked() throws(MQTTMalformation) -> MQTTPacket {
    if count(filled: 0) == nil { throw .packetTooLarge }
    return self
  }

  /// The bytes of a number, the highest first.
  static func big(_ value: UInt16) -> [UInt8] {
    [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)]
  }

  static func big(_ value: UInt32) -> [UInt8] {
    big(UInt16(value >> 16)) + big(UInt16(truncatingIfNeeded: value))
  }

  /// The bytes of a variable byte integer. A number that is too large is written as `MQTTLength.largest`.
  static func variable(_ value: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = min(max(0, value), MQTTLength.largest)
    repeat {
      bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
      rest >>= 7
    } while rest > 0
    return bytes
  }

  // MARK: Lengths

  /// How many bytes the whole packet has where the texts that are filled in have `filled` bytes together;
  /// nil where it is too long.
  package func count(filled: Int) -> Int? {
    let remaining = steps.reduce(filled) { total, step in
      switch step {
      case .bytes(_, let count): total + count
      case .text, .identifier: total + 2
      case .rest: total
      }
    }
    return MQTTLength.packet(remaining: remaining)
  }

  /// How many bytes a buffer for `render` needs where the texts that are filled in have at most `filled`
  /// bytes together.
  package func room(filled: Int) -> Int {
    let before = MQTTPacket.mostBeforeBody
    return (count(filled: filled) ?? Int(MQTTLength.largestPacket)) + before
  }

  // MARK: Writing

  /// The most bytes of a fixed header: the first byte, and four of the remaining length.
  private static var mostBeforeBody: Int { 5 }

  /// Writes a packet into `buffer`, and returns the packet's place in it; nil where there is no room, or
  /// where a text is longer than two bytes can say.
  ///
  /// The packet rarely begins at the buffer's start. How many bytes the remaining length takes is
  /// known only at the end, and the fixed header is then written right before the rest.
  ///
  /// - Parameter fill: writes a text to the start of the room that it is given, and returns its length;
  ///   nil where there is not enough room. It must write valid UTF-8 for a string: nothing here checks
  ///   that.
  package static func render(
    header: UInt8, _ steps: UnsafeBufferPointer<Step>, texts: UnsafeRawBufferPointer,
    identifier: UInt16, into buffer: UnsafeMutableRawBufferPointer,
    fill: (MQTTField, _ number: Int, UnsafeMutableRawBufferPointer) -> Int?
  ) -> Range<Int>? {
    let body = mostBeforeBody
    guard buffer.count >= body else { return nil }
    var end = body
    // By index, since in an unoptimised build an iterator allocates.
    for index in 0..<steps.count {
      switch unsafe steps[index] {
      case .bytes(let start, let count):
        guard buffer.count - end >= count else { return nil }
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[end..<end + count])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: texts[start..<start + count]))
        end += count
      case .identifier:
        guard unsafe put(identifier, at: end, in: buffer) else { return nil }
        end += 2
      case .text(let field, let number):
        guard buffer.count - end >= 2 else { return nil }
        let most = min(buffer.count - end - 2, MQTTLength.longestText)
        let room = unsafe UnsafeMutableRawBufferPointer(
          rebasing: buffer[end + 2..<end + 2 + most])
        guard let count = unsafe fill(field, number, room), 0...most ~= count else { return nil }
        _ = unsafe put(UInt16(count), at: end, in: buffer)
        end += 2 + count
      case .rest(let field):
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[end...])
        guard let count = unsafe fill(field, 0, room), 0...room.count ~= count else { return nil }
        end += count
      }
    }
    guard let width = MQTTLength.count(of: end - body) else { return nil }
    let start = body - width - 1
    unsafe buffer[start] = header
    unsafe put(remaining: end - body, at: start + 1, in: buffer)
    return start..<end
  }

  /// The whole packet; nil where `render` returns nil.
  ///
  /// - Parameter fill: returns the bytes of a text. It is called twice for each text.
  package func bytes(
    identifier: UInt16 = 0, fill: (MQTTField, _ number: Int) -> [UInt8] = { _, _ in [] }
  ) -> [UInt8]? {
    let filled = steps.reduce(0) { total, step in
      switch step {
      case .bytes, .identifier: total
      case .text(let field, let number): total + fill(field, number).count
      case .rest(let field): total + fill(field, 0).count
      }
    }
    var buffer = [UInt8](repeating: 0, count: room(filled: filled))
    let place = unsafe buffer.withUnsafeMutableBytes { buffer in
      unsafe steps.withUnsafeBufferPointer { steps in
        unsafe texts.withUnsafeBytes { texts in
          unsafe Self.render(
            header: header, steps, texts: texts, identifier: identifier, into: buffer
          ) { field, number, room -> Int? in
            let bytes = fill(field, number)
            guard bytes.count <= room.count else { return nil }
            unsafe room.copyBytes(from: bytes)
            return bytes.count
          }
        }
      }
    }
    return place.map { Array(buffer[$0]) }
  }

  private static func put(
    _ value: UInt16, at place: Int, in buffer: UnsafeMutableRawBufferPointer
  ) -> Bool {
    guard buffer.count - place >= 2 else { return false }
    unsafe buffer[place] = UInt8(value >> 8)
    unsafe buffer[place + 1] = UInt8(truncatingIfNeeded: value)
    return true
  }

  /// Writes a remaining length. The caller has left room for it.
  private static func put(
    remaining: Int, at place: Int, in buffer: UnsafeMutableRawBufferPointer
  ) {
    var place = place
    var rest = remaining
    repeat {
      unsafe buffer[place] = UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0)
      rest >>= 7
      place += 1
    } while rest > 0
  }
}
