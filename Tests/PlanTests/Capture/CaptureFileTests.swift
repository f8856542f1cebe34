import Messages
import Testing

@testable import Plan

@Suite struct CaptureFileTests {
  private func file(_ actions: [RecordedConversation.Action], after: [UInt64] = []) -> CaptureFile {
    let steps = actions.enumerated().map { index, action in
      RecordedConversation.Step(action, after: index < after.count ? after[index] : 0)
    }
    return CaptureFile(
      captured: "2026-11-22T21:30:00.000Z", forward: "127.0.0.1:6379",
      connections: [
        .init(RecordedConversation(client: "[::1]:5", steps: steps), isTruncated: false)
      ])
  }

  private func text(_ file: CaptureFile) -> String { String(decoding: file.yaml, as: UTF8.self) }

  @Test func `the file reads as documented`() {
    var file = file(
      [
        .send(Array("SET a 1\r\n".utf8)), .receive(Array("+OK\r\n".utf8)), .send([0, 1, 2, 0xFF]),
        .close(byClient: true), .close(byClient: false),
      ], after: [400_000, 90_999, 3_000_000, 1_250_000, 2_000_000_000])
    file.connections.append(
      .init(RecordedConversation(client: "127.0.0.1:50312", steps: []), isTruncated: true))
    #expect(
      text(file) == #"""
        conversation: 1
        captured: 2026-11-22T21:30:00.000Z
        forward: 127.0.0.1:6379
        connections:
          - client: "[::1]:5"
            steps:
              - {send: "SET a 1\r\n", after: 400us}
              - {receive: "+OK\r\n", after: 90us}
              - {send: {base64: "AAEC/w=="}, after: 3ms}
              - {close: client, after: 1.25ms}
              - {close: server, after: 2s}

        """#)
  }

  private static let volatile: [RecordedConversation.Action] = [
    .receive(Array("Date: now\r\n".utf8), anything: [6..<9]),
    .receive([1, 2, 3, 4, 5], anything: [0..<1, 2..<2, 3..<4]),
  ]

  @Test func `what may be anything makes it version 2`() throws {
    let file = file(Self.volatile)
    #expect(
      text(file).contains(
        #"""
              - {receive: ["Date: ", {any: "now"}, "\r\n"]}
              - {receive: [{any: {base64: "AQ=="}}, {base64: "Ag=="}, {any: ""}, {base64: "Aw=="}, \#
        {any: {base64: "BA=="}}, {base64: "BQ=="}]}

        """#))
    #expect(text(file).hasPrefix("conversation: 2\n"))
    #expect(file.volatileValues == 4)
    let wanted = try ConversationPattern(file: "f", file.connections.map(\.conversation))
    #expect(try planPlaying(file.yaml).patterns[0].conversation?.scripts == wanted.scripts)
  }

  /// Wherever the file becomes full, no part that may be anything is left without an end.
  @Test(arguments: 0..<30) func `what does not fit is cut before what may be anything`(
    count: Int
  ) throws {
    var steps = [
      RecordedConversation.Step(.send([UInt8](repeating: 97, count: 1_048_300)), after: 0)
    ]
    let text = Array(String(repeating: "x", count: count).utf8)
    steps.append(
      .init(
        .receive(text + Array("Date: now and then\r\n".utf8), anything: [count + 6..<count + 18]),
        after: 0))
    let whole = CaptureFile(
      captured: "2026-11-22T21:30:00.000Z", forward: "127.0.0.1:6379",
      connections: [.init(RecordedConversation(client: "c", steps: steps), isTruncated: false)])
    let file = whole.playable
    #expect(file.yaml.count <= Plan.longestMessageFile)
    #expect(try planPlaying(file.yaml).patterns.count == 1)
  }

  @Test(arguments: 0..<200) func `no step is left without a byte where the file is full`(
    left: Int
  ) throws {
    let fill = RecordedConversation.Step(
      .send([UInt8](repeating: 97, count: Plan.longestMessageFile - 160 - left)), after: 0)
    let date = Array("Mon, 30 Nov 2026 21:00:00 GMT".utf8)
    let answer = date + Array("\r\n".utf8) + [UInt8](repeating: 98, count: 20_000)
    let whole = CaptureFile(
      captured: "2026-11-22T21:30:00.000Z", forward: "127.0.0.1:6379",
      connections: [
        .init(
          RecordedConversation(
            client: "c",
            steps: [fill, .init(.receive(answer, anything: [0..<date.count]), after: 0)]),
          isTruncated: false)
      ])
    #expect(try planPlaying(whole.playable.yaml).patterns.count == 1)
  }

  /// A plan refuses a file with a connection that has no steps.
  @Test func `a client that said nothing is left out`() {
    var file = file([.send([0x61])])
    file.connections.insert(
      .init(RecordedConversation(client: "silent", steps: []), isTruncated: false), at: 0)
    #expect(file.playable.connections.map(\.conversation.client) == ["[::1]:5"])
    #expect(!text(file).contains("silent"))
    file.connections.removeLast()
    #expect(text(file).hasSuffix("\nconnections: []\n"))
  }

  @Test func `a file without a conversation is one, too`() {
    let empty = CaptureFile(captured: "now", forward: "there", connections: [])
    #expect(text(empty).hasSuffix("\nconnections: []\n"))
  }

  @Test(arguments: [
    "plain", "", " blank ", "\"quoted\" \\ back", "a\tb\r\nc\n\n", "${goal} {connection} %d #x: y",
    "\u{e9}\u{1F600}\u{4e2d}", "- {a: [b]}", "'", "~", "null",
  ])
  func `what can be read is written as text, and reads as the same`(said: String) throws {
    let written = text(file([.send(Array(said.utf8))]))
    #expect(!written.contains("base64"))
    #expect(try payloads(written) == [said])
  }

  @Test(
    arguments: [
      [0], [0x1B, 0x5B], [0x7F], [0xFF], [0xC2, 0x85], [0xE2, 0x80, 0xAE], [0xEF, 0xBB, 0xBF],
      [0xE2, 0x80, 0xA8], [0xF3, 0xB0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0x61, 0], [1, 2, 3, 4],
    ] as [[UInt8]])
  func `what cannot is in base64`(bytes: [UInt8]) throws {
    let written = text(file([.receive(bytes)]))
    let encoded = try #require(try payloads(written).first)
    #expect(written.contains("{receive: {base64: \"\(encoded)\"}}"))
    #expect(encoded.count % 4 == 0)
    #expect(decoded(encoded) == bytes)
  }

  /// What the steps say, as the reader of plans reads YAML.
  private func payloads(_ text: String) throws -> [String] {
    let document = Document(text, source: SourceText(text))
    #expect(document.diagnostics.isEmpty)
    let connections = try #require(document.root?["connections"])
    guard case .list(let list) = connections.value else { return [] }
    return try list.flatMap { connection -> [String] in
      guard case .list(let steps) = try #require(connection["steps"]).value else { return [] }
      return steps.compactMap { step in
        let payload = step["send"] ?? step["receive"]
        guard case .scalar(let text) = (payload?["base64"] ?? payload)?.value else { return nil }
        return text
      }
    }
  }

  private func decoded(_ text: String) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var bits: UInt64 = 0
    var count = 0
    var bytes: [UInt8] = []
    for character in text {
      guard let value = alphabet.firstIndex(of: character) else { break }
      bits = bits << 6 | UInt64(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(count)))
      }
    }
    return bytes
  }
}

extension Item {
  fileprivate subscript(_ key: String) -> Item? {
    guard case .map(let fields) = value else { return nil }
    return fields.first { $0.key == key }?.item
  }
}
