import GoldenFiles
import Protocols
import Testing

/// Streams that chance makes: valid ones come back as they were made, and no damage stops a reader.
@Suite struct HTTPDrawnTests {
  /// Messages one behind the other, and what has to be told of them.
  private struct Stream {
    var bytes: [UInt8] = []
    var told: [String] = []

    init(_ role: HTTPReader.Role, _ chance: inout Chance) {
      for _ in 0...chance.below(4) { append(role, &chance) }
    }

    private mutating func append(_ role: HTTPReader.Role, _ chance: inout Chance) {
      if role == .server {
        let method = chance.pick(HTTPMethod.allCases.filter { $0 != .connect && $0 != .other })
        let target = "/" + Self.text(chance.below(30), &chance)
        add("\(method.text) \(target) HTTP/1.1\r\nHost: a.b:80\r\n")
        told += ["method \(method)", "target \(target)"]
      } else {
        if chance.happens(20) {
          add("HTTP/1.1 103 \r\nA: b\r\n\r\n")
          told += ["status 103", "head open"]
        }
        let status = chance.pick([200, 201, 404, 500])
        add("HTTP/1.1 \(status) \(Self.text(chance.below(9), &chance))\r\n")
        told.append("status \(status)")
      }
      addFields(&chance)
      let body = Self.text(chance.below(200), &chance)
      switch role == .server ? chance.below(3) : chance.below(2) {
      case 0: add("Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      case 1: addChunks(body, &chance)
      default:
        add("\r\n")
        told += ["head open", "end"]
        return
      }
      told += ["head open body"] + (body.isEmpty ? [] : ["body \(body)"]) + ["end"]
    }

    private mutating func addFields(_ chance: inout Chance) {
      for _ in 0..<chance.below(6) {
        let name = chance.pick(["X-", "Content-", "Transfer-", "H", "Sec-WebSocket-", "Up"])
        let gap = chance.pick(["", " ", "\t  "])
        add("\(name)\(Self.text(3, &chance)):\(gap)\(Self.text(chance.below(40), &chance))\r\n")
      }
    }

    private mutating func addChunks(_ body: String, _ chance: inout Chance) {
      add("Transfer-Encoding: chunked\r\n\r\n")
      var rest = Array(body.utf8)[...]
      while !rest.isEmpty {
        let count = 1 + chance.below(rest.count)
        let extensions = chance.happens(30) ? ";a=\"\(Self.text(9, &chance))\"" : ""
        add("\(String(count, radix: 16, uppercase: chance.happens(50)))\(extensions)\r\n")
        bytes += rest.prefix(count)
        add("\r\n")
        rest = rest.dropFirst(count)
      }
      add("0\r\n")
      addFields(&chance)
      add("\r\n")
    }

    private mutating func add(_ text: String) { bytes += Array(text.utf8) }

    static func text(_ count: Int, _ chance: inout Chance) -> String {
      let letters = Array("abcxyzABC0123456789-.%&")
      return String((0..<count).map { _ in chance.pick(letters) })
    }
  }

  @Test(arguments: [HTTPReader.Role.client, .server])
  func `what was written is read again, however it is cut`(_ role: HTTPReader.Role) {
    for seed in 0..<400 as Range<UInt64> {
      var chance = Chance(seed)
      let stream = Stream(role, &chance)
      #expect(HTTPTrace(role, stream.bytes).lines == stream.told, "seed \(seed)")
      let cut = HTTPTrace(role, stream.bytes, cuts: chance.cuts(of: stream.bytes.count))
      #expect(cut.lines == stream.told, "seed \(seed)")
    }
  }

  @Test(arguments: [HTTPReader.Role.client, .server])
  func `what is damaged is told the same way, however it is cut`(_ role: HTTPReader.Role) {
    var malformed = 0
    for seed in 0..<1500 as Range<UInt64> {
      var chance = Chance(seed)
      var bytes = Stream(role, &chance).bytes
      for _ in 0...chance.below(3) {
        let place = chance.below(bytes.count)
        switch chance.below(4) {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: chance.next())
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(chance.pick(Array("\r\n :,;0\u{0}".utf8)), at: place)
        default: bytes.insert(contentsOf: bytes[place...].prefix(chance.below(40)), at: place)
        }
        if bytes.isEmpty { bytes = [0] }
      }
      let closes = chance.happens(50)
      let method = chance.pick(HTTPMethod.allCases)
      let whole = HTTPTrace(role, bytes, closes: closes, method: method)
      let cut = HTTPTrace(
        role, bytes, cuts: chance.cuts(of: bytes.count), closes: closes, method: method)
      #expect(whole == cut, "seed \(seed)")
      if whole.lines.last?.hasPrefix("malformed") == true { malformed += 1 }
    }
    #expect(malformed > 500)
  }

  @Test(arguments: [HTTPReader.Role.client, .server])
  func `nothing at all stops a reader`(_ role: HTTPReader.Role) {
    for seed in 0..<500 as Range<UInt64> {
      var chance = Chance(seed)
      let words = [
        "HTTP/1.1 200 OK\r\n", "GET / HTTP/1.1\r\n", "\r\n", "Host: a\r\n", "Content-Length: ",
        "Transfer-Encoding: ", "chunked", ", ", "9", "\r", "\n", ":", "7fffffffffffffff", "x",
      ]
      let bytes = (0..<chance.below(40)).flatMap { _ in
        chance.happens(10)
          ? [UInt8(truncatingIfNeeded: chance.next())] : Array(chance.pick(words).utf8)
      }
      let whole = HTTPTrace(role, bytes, closes: true)
      #expect(whole == HTTPTrace(role, bytes, cuts: Array(0..<bytes.count), closes: true))
    }
  }
}
