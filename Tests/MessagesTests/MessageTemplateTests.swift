import Addressing
import Messages
import Testing

@Suite struct MessageTemplateTests {
  private func text(
    _ parts: [MessageTemplate.Part], connection: UInt64 = 7, sequence: UInt64 = 0,
    source: IPAddress = .v4(0x7F00_0102), port: UInt16 = 40_000, seed: UInt64 = 1
  ) -> String {
    let template = MessageTemplate(parts: parts)
    var bytes = [UInt8](repeating: 0, count: template.longest)
    let facts = MessageTemplate.Facts(
      connection: connection, sequence: sequence, source: source, port: port, worker: 3,
      seed: seed)
    let (steps, texts) = template.steps
    let count = bytes.withUnsafeMutableBytes { buffer in
      steps.withUnsafeBufferPointer { steps in
        texts.withUnsafeBytes { MessageTemplate.render(steps, texts: $0, facts, into: buffer) }
      }
    }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  @Test func `fills in what each connection has`() {
    let parts: [MessageTemplate.Part] = [
      .bytes(Array("ping ".utf8)), .connection, .bytes([0x2F]), .sequence, .bytes([0x20]),
      .source, .bytes([0x3A]), .port, .bytes([0x20]), .worker,
    ]
    #expect(text(parts) == "ping 7/0 127.0.1.2:40000 3")
    #expect(
      text(parts, connection: .max, sequence: 10, source: .v6(1), port: 1)
        == "ping 18446744073709551615/10 ::1:1 3")
  }

  @Test func `a length is that of its parts, whatever they come to`() {
    let body: [MessageTemplate.Part] = [
      .bytes(Array("é".utf8)), .connection, .sequence, .source, .port, .worker, .random(12),
    ]
    for value in [0, 9, 10, 99, 12_345, .max] as [UInt64] {
      for source in [.v4(0), .v4(0x0A64_FF09), .v4(.max), .v6(1), .v6(.max)] as [IPAddress] {
        let parts = [.length(of: body), .bytes([32])] + body
        let sent = text(
          parts, connection: value, sequence: value, source: source,
          port: UInt16(truncatingIfNeeded: value))
        let halves = sent.split(separator: " ", maxSplits: 1)
        #expect(halves[0] == "\(halves[1].utf8.count)")
        #expect(sent.utf8.count <= MessageTemplate(parts: parts).longest)
      }
    }
    #expect(text([.bytes([97]), .length(of: [])]) == "a0")
    #expect(!MessageTemplate(parts: [.length(of: [.connection]), .connection]).differsByMessage)
  }

  @Test func `data has a value for each connection, and begins anew after its last row`() {
    let column = DataColumn(
      name: "users.token", values: ["alpha", "", "gamma-ray"].map { Array($0.utf8) })
    let counted: [MessageTemplate.Part] = [.bytes([58]), .data(column)]
    let parts = [.length(of: counted)] + counted
    #expect(
      (0..<4).map { text(parts, connection: $0) } == ["6:alpha", "1:", "10:gamma-ray", "6:alpha"])
    #expect(text(parts, connection: .max) == "6:alpha")
    let template = MessageTemplate(parts: parts)
    #expect(template.longest == 7 + 1 + 9)
    #expect(template.fixed == nil)
    #expect(!template.differsByMessage)
    #expect(MessageTemplate(parts: [.data(column)]).mayBeEmpty)
    #expect(!template.mayBeEmpty)
    // What a recording keeps of a file has no rows.
    #expect(text([.data(DataColumn(name: "users.token", values: [])), .bytes([10])]) == "\n")
  }

  @Test func `templates that are joined have their bytes in one part`() {
    let joined = MessageTemplate(joining: [
      MessageTemplate(bytes: [1]), MessageTemplate(bytes: []), MessageTemplate(bytes: [2]),
      MessageTemplate(parts: [.port, .bytes([3])]), MessageTemplate(bytes: [4]),
    ])
    #expect(joined.parts == [.bytes([1, 2]), .port, .bytes([3, 4])])
    #expect(MessageTemplate(joining: []).fixed == [])
  }

  @Test func `the longest message fits`() {
    let parts: [MessageTemplate.Part] = [
      .connection, .sequence, .source, .port, .worker, .random(33), .bytes([1, 2]),
    ]
    let longest = text(
      parts, connection: .max, sequence: .max, source: .v6(.max), port: .max)
    #expect(longest.utf8.count <= MessageTemplate(parts: parts).longest)
  }

  @Test func `random text is the same for the same message, and another for any other`() {
    let first = text([.random(25)])
    #expect(first == text([.random(25)]))
    #expect(first.utf8.count == 25)
    #expect(first.utf8.allSatisfy { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 <= 0x39 })
    var seen: Set<String> = [first]
    for connection in 0..<50 as Range<UInt64> {
      for sequence in 0..<50 as Range<UInt64> where (connection, sequence) != (7, 0) {
        seen.insert(text([.random(25)], connection: connection, sequence: sequence))
      }
    }
    #expect(seen.count == 2500)
    #expect(text([.random(25)], seed: 2) != first)
  }

  @Test func `knows when every message is the same`() {
    #expect(MessageTemplate(bytes: [1, 2]).fixed == [1, 2])
    #expect(MessageTemplate(bytes: []).fixed == [])
    #expect(MessageTemplate(parts: [.sequence]).fixed == nil)
    #expect(MessageTemplate(parts: [.bytes([1]), .port]).fixed == nil)
  }
}
