import Protocols
import Testing

/// What a reader told of bytes, with the pieces of each text joined.
struct MQTTStory: Equatable, CustomStringConvertible {
  enum Part: Equatable {
    case event(MQTTEvent)
    case text(MQTTField, [UInt8])
  }

  var parts: [Part] = []
  /// How many bytes were used up to a malformed packet's rule; nil where none was broken.
  var end: Int?
  var isBetweenPackets = true

  /// Reads bytes that come in pieces, each up to the next cut.
  init(_ bytes: [UInt8], cuts: [Int] = [], by reader: MQTTReader, _ limits: MQTTLimits) {
    var reader = reader
    var start = 0
    for cut in cuts + [bytes.count] {
      unsafe bytes[start..<cut].withUnsafeBytes { piece in
        read(piece, from: start, by: &reader, limits)
      }
      start = cut
    }
    isBetweenPackets = reader.isBetweenPackets
  }

  private mutating func read(
    _ piece: UnsafeRawBufferPointer, from start: Int, by reader: inout MQTTReader,
    _ limits: MQTTLimits
  ) {
    var place = 0
    while true {
      let step = unsafe reader.next(
        UnsafeRawBufferPointer(rebasing: piece[place...]), limits)
      #expect(0...piece.count - place ~= step.used)
      place += step.used
      switch step.event {
      case .needsMore:
        #expect(place == piece.count)
        return
      case .piece(let field, let count):
        #expect(1...step.used ~= count)
        #expect(field.isGiven)
        let bytes = unsafe Array(piece[place - count..<place])
        if case .text(field, let before)? = parts.last {
          parts[parts.count - 1] = .text(field, before + bytes)
        } else {
          parts.append(.text(field, bytes))
        }
      case .malformed(let malformation):
        #expect(reader.malformation == malformation)
        end = start + place
        parts.append(.event(step.event))
      default:
        #expect(reader.malformation == nil)
        parts.append(.event(step.event))
      }
    }
  }

  /// What a reader tells of bytes, which must be the same however they come.
  ///
  /// Cuts at every place where there are at most 200 bytes, and at 20 places else.
  static func of(
    _ bytes: [UInt8], by reader: MQTTReader, _ limits: MQTTLimits = MQTTLimits()
  ) -> MQTTStory {
    let whole = MQTTStory(bytes, by: reader, limits)
    let single = MQTTStory(bytes, cuts: Array(bytes.indices), by: reader, limits)
    #expect(single == whole, "\(bytes) byte by byte")
    let stride = max(1, bytes.count > 200 ? bytes.count / 20 : 1)
    for cut in Swift.stride(from: 0, through: bytes.count, by: stride) {
      let halves = MQTTStory(bytes, cuts: [cut], by: reader, limits)
      #expect(halves == whole, "\(bytes) cut at \(cut)")
    }
    return whole
  }

  var malformation: MQTTMalformation? {
    guard case .event(.malformed(let malformation))? = parts.last else { return nil }
    return malformation
  }

  var description: String {
    parts.map { part in
      switch part {
      case .event(let event): "\(event)"
      case .text(let field, let bytes): "\(field) \(String(decoding: bytes, as: UTF8.self))"
      }
    }.joined(separator: "\n")
  }
}

/// "10 0C 'MQTT' 04": bytes in hexadecimal, and text.
func mqtt(_ text: String) -> [UInt8] {
  var bytes: [UInt8] = []
  for (index, part) in text.split(separator: "'", omittingEmptySubsequences: false).enumerated() {
    if index % 2 == 1 {
      bytes += Array(part.utf8)
    } else {
      bytes += part.split(separator: " ").map { UInt8($0, radix: 16)! }
    }
  }
  return bytes
}

/// A packet with its remaining length, which is written in full where it is short.
func mqttPacket(_ header: UInt8, _ body: [UInt8]) -> [UInt8] {
  [header] + mqttInteger(body.count) + body
}

func mqttInteger(_ value: Int) -> [UInt8] {
  value < 128
    ? [UInt8(value)] : [UInt8(value % 128) | 128] + mqttInteger(value / 128)
}

func mqttText(_ bytes: [UInt8]) -> [UInt8] {
  [UInt8(bytes.count / 256), UInt8(bytes.count % 256)] + bytes
}

func mqttText(_ text: String) -> [UInt8] { mqttText(Array(text.utf8)) }

extension MQTTReader {
  /// A client that has been taken.
  static func connected(_ version: MQTTVersion) -> MQTTReader {
    after(MQTTReply.connack().bytes(version)!, MQTTReader(client: version))
  }

  /// A server that has taken a client.
  static func serving(_ version: MQTTVersion) -> MQTTReader {
    let connect = MQTTConnect(version, clientIdentifier: .bytes([]))
    return after(try! connect.packet().bytes()!, .server)
  }

  private static func after(_ bytes: [UInt8], _ reader: MQTTReader) -> MQTTReader {
    var reader = reader
    var place = 0
    unsafe bytes.withUnsafeBytes { bytes in
      while true {
        let step = unsafe reader.next(UnsafeRawBufferPointer(rebasing: bytes[place...]))
        place += step.used
        if step.event == .needsMore { return }
      }
    }
    return reader
  }
}

extension MQTTStory.Part {
  static func text(_ field: MQTTField, _ text: String) -> Self { .text(field, Array(text.utf8)) }
}
