import GoldenFiles
import Protocols
import Testing

/// Frames that chance makes: valid ones come back as they were made, and no damage stops a reader.
@Suite struct WebSocketDrawnTests {
  private struct Stream {
    var bytes: [UInt8] = []
    var lines: [String] = []
    var data: [UInt8] = []
    var pings: [UInt8] = []

    init(_ role: WebSocketReader.Role, _ chance: inout Chance) {
      for _ in 0...chance.below(5) { addMessage(role, &chance) }
      if chance.happens(50) {
        let reason = Self.text(chance.below(20), &chance)
        let code = chance.pick([1000, 1011, 3000, 4999])
        add(.close, [UInt8(code >> 8), UInt8(code & 255)] + reason, true, role, &chance)
        lines += ["close \(code)"] + (reason.isEmpty ? [] : ["reason"]) + ["closed"]
        data += reason
      }
    }

    private mutating func addMessage(_ role: WebSocketReader.Role, _ chance: inout Chance) {
      if chance.happens(30) { addPing(role, &chance) }
      let isText = chance.happens(50)
      let count = chance.pick([0, 3, 30, 200, 400])
      let payload =
        isText
        ? Self.text(count, &chance)
        : (0..<count).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
      data += payload
      lines.append(isText ? "text" : "binary")
      var rest = payload[...]
      var isFirst = true
      var isJoinable = false
      while true {
        let piece = rest.prefix(chance.happens(50) ? rest.count : chance.below(rest.count + 1))
        rest = rest.dropFirst(piece.count)
        let isFinal = rest.isEmpty && chance.happens(70)
        add(
          isFirst ? (isText ? .text : .binary) : .continuation, Array(piece), isFinal, role, &chance
        )
        isFirst = false
        if !piece.isEmpty, !isJoinable { lines.append("data") }
        isJoinable = isJoinable || !piece.isEmpty
        if isFinal { break }
        if chance.happens(20) {
          addPing(role, &chance)
          isJoinable = false
        }
      }
      lines.append("end")
    }

    private mutating func addPing(_ role: WebSocketReader.Role, _ chance: inout Chance) {
      let payload = Self.text(chance.below(20), &chance)
      let isPing = chance.happens(50)
      add(isPing ? .ping : .pong, payload, true, role, &chance)
      lines.append("\(isPing ? "ping" : "pong") \(payload.count)")
      lines += (payload.isEmpty ? [] : ["payload"]) + ["control end"]
      pings += payload
    }

    private mutating func add(
      _ opcode: WebSocketFrame.Opcode, _ payload: [UInt8], _ isFinal: Bool,
      _ role: WebSocketReader.Role, _ chance: inout Chance
    ) {
      let key: UInt32? = role == .server ? UInt32(truncatingIfNeeded: chance.next()) : nil
      var frame = [UInt8](repeating: 0, count: payload.count + WebSocketFrame.mostHeader)
      let used = unsafe frame.withUnsafeMutableBytes { frame in
        unsafe payload.withUnsafeBytes {
          unsafe WebSocketFrame.write(opcode, $0, isFinal: isFinal, key: key, into: frame)
        }
      }
      bytes += frame.prefix(used)
    }

    static func text(_ count: Int, _ chance: inout Chance) -> [UInt8] {
      var text = ""
      for _ in 0..<count { text += chance.pick(["a", "b", "\u{e9}", "\u{20ac}", "\u{1f600}"]) }
      return Array(text.utf8)
    }
  }

  @Test(arguments: [WebSocketReader.Role.client, .server])
  func `what was written is read again, however it is cut`(_ role: WebSocketReader.Role) {
    for seed in 0..<400 as Range<UInt64> {
      var chance = Chance(seed)
      let stream = Stream(role, &chance)
      for cuts in [[], chance.cuts(of: stream.bytes.count)] {
        let trace = WebSocketTrace(role, stream.bytes, cuts: cuts)
        #expect(trace.lines == stream.lines, "seed \(seed)")
        func bytes(_ isPing: Bool) -> [UInt8] {
          zip(trace.lines, trace.pieces).filter { ($0.0 == "payload") == isPing }.flatMap(\.1)
        }
        #expect(bytes(false) == stream.data, "seed \(seed)")
        #expect(bytes(true) == stream.pings, "seed \(seed)")
      }
    }
  }

  @Test(arguments: [WebSocketReader.Role.client, .server])
  func `what is damaged is told the same way, however it is cut`(_ role: WebSocketReader.Role) {
    var malformed = 0
    for seed in 0..<1500 as Range<UInt64> {
      var chance = Chance(seed)
      var bytes = Stream(role, &chance).bytes
      for _ in 0...chance.below(3) where !bytes.isEmpty {
        let place =
          chance.happens(50) ? chance.below(min(8, bytes.count)) : chance.below(bytes.count)
        switch chance.below(3) {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: chance.next())
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8(truncatingIfNeeded: chance.next()), at: place)
        }
      }
      let most = chance.pick([UInt32.max, 500, 100])
      let whole = WebSocketTrace(role, bytes, mostMessage: most)
      let cut = WebSocketTrace(
        role, bytes, cuts: chance.cuts(of: bytes.count), mostMessage: most)
      #expect(whole == cut, "seed \(seed)")
      if whole.lines.last?.hasPrefix("malformed") == true { malformed += 1 }
    }
    #expect(malformed > 500)
  }

  @Test(arguments: [WebSocketReader.Role.client, .server])
  func `nothing at all stops a reader`(_ role: WebSocketReader.Role) {
    for seed in 0..<2000 as Range<UInt64> {
      var chance = Chance(seed)
      let bytes = (0..<chance.below(60)).map { place -> UInt8 in
        // Mostly frames that begin well.
        if place == 0 { return chance.pick([0x81, 0x82, 0x01, 0x88, 0x89, 0xFF]) }
        if place == 1 { return (role == .server ? 0x80 : 0) | UInt8(chance.below(128)) }
        return UInt8(truncatingIfNeeded: chance.next())
      }
      let whole = WebSocketTrace(role, bytes)
      #expect(whole == WebSocketTrace(role, bytes, cuts: Array(0..<bytes.count)), "seed \(seed)")
    }
  }
}
