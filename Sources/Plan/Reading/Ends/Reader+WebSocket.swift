import Messages
import Protocols

// Reads the WebSockets of a plan, and their messages.

extension Reader {
  private static let webSocketKeys = [
    "path", "host", "headers", "subprotocols", "ping", "binary",
  ]
  /// Headers that `headers` may not have: the first follows from `subprotocols`, the second would
  /// promise extensions, and the runner has none.
  private static let ownFields = ["sec-websocket-protocol", "sec-websocket-extensions"]

  mutating func webSocketSettings(_ item: Item) -> WebSocketSettings? {
    guard let fields = fields(item, in: "websocket", known: Self.webSocketKeys) else { return nil }
    let errors = errorCount
    var settings = WebSocketSettings()
    if let path = fields["path"] { settings.path = openingPath(path.item) ?? "/" }
    settings.host = fields["host"].flatMap { host($0.item) }
    if let headers = fields["headers"] { settings.headers = openingHeaders(headers.item) }
    if let names = fields["subprotocols"] { settings.subprotocols = subprotocols(names.item) }
    settings.ping = fields["ping"].flatMap { value($0.item, "a duration", Self.ping) }
    if let binary = fields["binary"] { settings.isBinary = truth(binary.item) ?? false }
    return errorCount == errors ? settings : nil
  }

  /// The path of the request for the upgrade, which each connection fills in.
  private mutating func openingPath(_ item: Item) -> String? {
    guard let text = text(item, "a path"), let samples = samples(text, at: item.place) else {
      return nil
    }
    let isPossible = samples.allSatisfy { sample in
      self.isPossible(
        at: item.place,
        { () throws(HTTPWriter.Invalid) in _ = try HTTPWriter.request(target: sample, host: "") })
    }
    return isPossible ? text : nil
  }

  /// Headers of the request for the upgrade, which each connection fills in.
  private mutating func openingHeaders(_ item: Item) -> [HTTPRequest.Header] {
    guard case .map(let written) = item.value else { return headers(item) }
    for field in written where Self.ownFields.contains(field.key.lowercased()) {
      let isProtocol = field.key.lowercased() == Self.ownFields[0]
      report(
        field.place,
        isProtocol
          ? "\(field.key) follows from 'subprotocols'"
          : "no extension of WebSockets is known here",
        hint: isProtocol ? "write subprotocols: [chat]" : "leave it out")
    }
    let headers = headers(item)
    for (header, field) in zip(headers, written) where headers.count == written.count {
      do throws(HTTPWriter.Invalid) {
        _ = try WebSocketHandshake.request(
          target: "/", host: "", fields: [.init(header.name, header.value)])
      } catch {
        report(field.place, error.words)
      }
    }
    return headers
  }

  private mutating func subprotocols(_ item: Item) -> [String] {
    var items = [item]
    if case .list(let several) = item.value {
      if several.isEmpty { report(item.place, "subprotocols is an empty list") }
      items = several
    }
    var names: [String] = []
    for item in items {
      guard
        let name = value(
          item, "the name of a subprotocol",
          { text throws(Problem) in
            // A subprotocol is a token (RFC 6455, 4.1), as the name of a header is.
            let isToken =
              (try? HTTPWriter.request(target: "/", host: "", fields: [.init(text, "")])) != nil
            guard isToken else {
              throw Problem("\(quoted(text)) is no name of a subprotocol: it is one word")
            }
            return text
          })
      else { continue }
      if names.contains(name) { report(item.place, "\(quoted(name)) stands twice in the list") }
      names.append(name)
    }
    return names
  }

  private static func ping(_ text: String) throws(Problem) -> Duration {
    let interval = try Units.positiveDuration(text)
    guard interval >= WebSocketSettings.leastPing else {
      throw Problem("pings are at least 100ms apart", hint: "for example ping: 30s")
    }
    return interval
  }

  private enum Truth: String, CaseIterable {
    case `true`, `false`
  }

  mutating func truth(_ item: Item) -> Bool? {
    word(item, as: Truth.self).map { $0 == .true }
  }

  // MARK: Messages

  /// The pattern of a WebSocket message; nil, with an error, where something in it is wrong.
  ///
  /// - Parameters:
  ///   - content: the field of the message that gives its content, such as `send`.
  ///   - fields: all fields of the message.
  mutating func webSocketPattern(
    _ message: Item.Field, _ content: Item.Field, _ fields: [String: Item.Field],
    pace: MessagePattern.Pace?, timeout: Duration?, reply: ServerReply?,
    settings: WebSocketSettings
  ) -> MessagePattern? {
    guard content.key != "conversation" else {
      report(
        content.place,
        "a conversation is played byte by byte as it was recorded, and the plan's protocol is websocket",
        hint: "write send, bytes or file, or protocol: raw")
      return nil
    }
    let isBinary = settings.isBinary || content.key == "bytes"
    let template = template(content)
    if !isBinary, content.key == "file", let bytes = template?.fixed,
      String(validating: bytes, as: UTF8.self) == nil
    {
      report(
        content.item.place, "the file is no UTF-8, and a message of text must be",
        hint: "write protocol: {websocket: {binary: true}}")
      return nil
    }
    let expectation = messageExpectation(
      fields["expect"], of: message, reply: reply, in: "websocket")
    guard let pace, let template, let expectation, let timeout else { return nil }
    var pattern = MessagePattern(
      name: message.key, pace: pace, template: template, expectation: expectation,
      timeout: timeout.nanoseconds)
    pattern.isBinary = isBinary
    return pattern
  }

  /// What must come back for a message. The answer is one whole message, so `expect` may not say where
  /// it ends.
  ///
  /// - Parameter spoken: the protocol's name in plans.
  mutating func messageExpectation(
    _ field: Item.Field?, of message: Item.Field, reply: ServerReply?, in spoken: String
  ) -> MessagePattern.Expectation? {
    if case .map(let written)? = field?.item.value,
      let frame = written.first(where: { $0.key == "until" || $0.key == "length" })
    {
      report(
        frame.place,
        "expect has '\(frame.key)', and an answer of \(spoken) ends where its message does",
        hint: "leave it out")
      return nil
    }
    let expectation = expectation(field, of: message, reply: reply)
    guard case .matches(let pattern)? = expectation else { return expectation }
    return .framed(.message, .matches(pattern))
  }
}
