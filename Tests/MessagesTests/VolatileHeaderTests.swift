import Messages
import Testing

/// Which bytes of recorded HTTP responses may be anything.
@Suite struct VolatileHeaderTests {
  private static let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

  /// The conversation with its volatile values in angle brackets. A step that begins with `>` is the client's.
  private func marked(_ steps: [String]) -> [String] {
    let conversation = RecordedConversation(
      client: "",
      steps: steps.map { text in
        let bytes = Array(text.utf8.dropFirst())
        return .init(text.first == ">" ? .send(bytes) : .receive(bytes), after: 1)
      })
    return conversation.withVolatileHeaders.steps.map { step in
      guard case .receive(let bytes, let anything) = step.action else { return ">" }
      var text = ""
      for (index, byte) in bytes.enumerated() {
        for range in anything {
          if range.upperBound == index, range.lowerBound < index { text += "]" }
          if range.lowerBound == index { text += range.isEmpty ? "[]" : "[" }
        }
        text += byte < 32 ? (byte == 10 ? "/" : "") : String(UnicodeScalar(byte))
      }
      return "\(step.after)<\(text)"
    }
  }

  @Test func `values of such headers, whatever their case and white space`() {
    let response =
      "HTTP/1.1 200 OK\r\nDATE:\t now \r\nServer: Date: x\r\netag:\r\nSet-Cookie: a=b\r\n"
      + "Set-Cookie: c\r\nX-Date: 1\r\nContent-Length: 9\r\n\r\nDate: x\r\n"
    #expect(
      marked([">" + Self.request, "<" + response])
        == [
          ">",
          "1<HTTP/1.1 200 OK/DATE: [now ]/Server: Date: x/etag:[]/Set-Cookie: [a=b]/Set-Cookie: [c]"
            + "/X-Date: 1/Content-Length: 9//Date: x/",
        ])
  }

  @Test func `responses to HEAD, interim ones, chunked ones and those after them`() {
    let requests = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + Self.request + Self.request
    let responses = [
      "HTTP/1.1 200 OK\r\nDate: 1\r\nContent-Length: 99\r\n\r\n",
      "HTTP/1.1 103 Early Hints\r\nDate: 2\r\n\r\n",
      "HTTP/1.1 200 OK\r\nDate: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nDate: 4\r\n\r\n",
    ]
    let found = marked([">" + requests] + responses.map { "<" + $0 })
    #expect(found.dropFirst().map { $0.matches(of: /Date: \[\d\]/).count } == [1, 1, 1, 1])
  }

  @Test(arguments: [
    "+OK\r\nDate: x\r\n\r\n", "HTTP/2 200\r\nDate: x\r\n\r\n", "\u{16}\u{3}\u{1}", "",
  ])
  func `nothing in other protocols`(said: String) {
    let conversation = RecordedConversation(
      client: "", steps: [.init(.receive(Array(said.utf8)), after: 0)])
    #expect(conversation.withVolatileHeaders == conversation)
  }

  @Test func `nothing behind bytes that are no HTTP`() {
    let response = "HTTP/1.1 204 No Content\r\nDate: 1\r\n\r\n"
    let found = marked([">" + Self.request, "<" + response + "?" + response])
    #expect(found[1].matches(of: /\[/).count == 1)
  }

  @Test func `a value is whole in one step, wherever it was split`() throws {
    let response = "HTTP/1.1 204 No Content\r\nDate: now\r\nAge: 1\r\n\r\n"
    for place in 1..<response.utf8.count {
      let pieces = [
        "<" + String(response.utf8.prefix(place))!, "<" + String(response.utf8.dropFirst(place))!,
      ]
      let found = marked([">" + Self.request] + pieces).dropFirst()
      #expect(
        found.map { String($0.dropFirst(2)) }.joined()
          == "HTTP/1.1 204 No Content/Date: [now]/Age: [1]//", "\(place): \(found)")
    }
    // All of the first step's bytes may come to the second one, and with them its time.
    let three = marked([
      ">" + Self.request, "<HTTP/1.1 204 No Content\r\nDate: n", "<o", "<w\r\n\r\n",
    ])
    #expect(three == [">", "1<HTTP/1.1 204 No Content/Date: ", "2<[now]//"])
  }

  @Test func `a value in which the client speaks ends there`() {
    let found = marked([
      ">" + Self.request, "<HTTP/1.1 204 No Content\r\nDate: n", ">x", "<ow\r\n\r\n",
    ])
    #expect(found == [">", "1<HTTP/1.1 204 No Content/Date: n", ">", "1<[ow]//"])
  }

  @Test func `a value that never ends is not kept`() {
    let conversation = RecordedConversation(
      client: "",
      steps: [.init(.receive(Array("HTTP/1.1 200 OK\r\nAge: 1\r\nDate: no".utf8)), after: 0)])
    let (kept, _) = conversation.withVolatileHeaders.redacted(
      by: [], clientEnded: false, serverEnded: false, most: 1000)
    #expect(
      kept.steps.map(\.action) == [
        .receive(Array("HTTP/1.1 200 OK\r\nAge: 1\r\nDate: ".utf8), anything: [22..<23])
      ])
  }

  // MARK: Redaction

  private func redacted(
    _ text: String, _ anything: Range<Int>, by expression: String, ended: Bool = true
  ) throws -> RecordedConversation.Action {
    let conversation = RecordedConversation(
      client: "", steps: [.init(.receive(Array(text.utf8), anything: [anything]), after: 0)])
    let (kept, _) = conversation.redacted(
      by: [try Redaction(expression)], clientEnded: ended, serverEnded: ended, most: 1000)
    return kept.steps[0].action
  }

  @Test(arguments: [
    ("now", "id=<REDACTED>;"), ("o", "id=<nREDACTEDw>;"), ("d=n", "iREDACTED<ow>;"),
    ("i", "REDACTEDd=<now>;"), ("w;", "id=noREDACTED"), (";", "id=nowREDACTED"),
    ("id=now;", "REDACTED"), ("x", "id=<now>;"),
  ])
  func `a secret in what may be anything is taken out, and the rest may be anything`(
    expression: String, expected: String
  ) throws {
    guard case .receive(let bytes, let anything) = try redacted("id=now;", 3..<6, by: expression)
    else { return }
    var text = String(decoding: bytes, as: UTF8.self)
    for range in anything {
      text.insert(">", at: text.index(text.startIndex, offsetBy: range.upperBound))
      text.insert("<", at: text.index(text.startIndex, offsetBy: range.lowerBound))
    }
    #expect(text == expected)
  }

  @Test func `where more could be a secret, what may be anything is not left without an end`()
    throws
  {
    #expect(
      try redacted("id=now;", 3..<6, by: "w;x", ended: false) == .receive(Array("id=".utf8)))
  }
}
