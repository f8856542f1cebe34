import Messages
import Protocols

// Reads the protocol of a plan, its HTTP requests, and the responses that they expect.

/// What the reading of a request needs from the rest of the plan.
struct RequestContext {
  var settings: HTTPSettings
  /// The value of `Host`.
  var host: String
}

/// What the reading of a message needs from the plan's protocol.
enum SpokenContext {
  case raw
  case http(RequestContext)
  case webSocket(WebSocketSettings)
  case mqtt(MQTTSettings)

  init(_ spoken: PlanProtocol, host: String) {
    switch spoken {
    case .raw: self = .raw
    case .http(let settings):
      self = .http(RequestContext(settings: settings, host: settings.host ?? host))
    case .webSocket(let settings): self = .webSocket(settings)
    case .mqtt(let settings): self = .mqtt(settings)
    }
  }

  /// The protocol's name in plans.
  var name: String {
    switch self {
    case .raw: "raw"
    case .http: "http"
    case .webSocket: "websocket"
    case .mqtt: "mqtt"
    }
  }

  /// The one key that says what a message of the protocol is, and an example; nil where there are several.
  var content: (key: String, example: String)? {
    switch self {
    case .raw, .webSocket: nil
    case .http: ("request", "write request: {method: GET, path: /}")
    case .mqtt: ("publish", Reader.publishExample)
    }
  }
}

extension Reader {
  static let protocolExample =
    "write protocol: raw, http, websocket, mqtt, {http: {host: shop.example}}, {websocket: {path: /chat}}"
    + " or {mqtt: {client-id: \"c-{connection}\"}}"

  mutating func `protocol`(_ item: Item) -> PlanProtocol? {
    guard case .map(let written) = item.value else {
      return word(item, as: PlainProtocol.self).map { plain in
        switch plain {
        case .raw: .raw
        case .http: .http(HTTPSettings())
        case .websocket: .webSocket(WebSocketSettings())
        case .mqtt: .mqtt(MQTTSettings())
        }
      }
    }
    let known = ["http", "websocket", "mqtt"]
    guard let fields = fields(item, in: "protocol", known: known) else { return nil }
    let chosen = known.compactMap { fields[$0] }.sorted { $0.place < $1.place }
    guard let first = chosen.first else {
      if written.isEmpty { report(item.place, "protocol is empty", hint: Self.protocolExample) }
      return nil
    }
    if chosen.count > 1 {
      report(
        chosen[1].place, "protocol has both '\(first.key)' and '\(chosen[1].key)'",
        hint: "keep one of them")
      return nil
    }
    switch first.key {
    case "http": return httpSettings(first.item).map { .http($0) }
    case "websocket": return webSocketSettings(first.item).map { .webSocket($0) }
    default: return mqttSettings(first.item).map { .mqtt($0) }
    }
  }

  private enum PlainProtocol: String, CaseIterable {
    case raw, http, websocket, mqtt
  }

  private mutating func httpSettings(_ item: Item) -> HTTPSettings? {
    guard let fields = fields(item, in: "http", known: ["host", "headers"]) else { return nil }
    let errors = errorCount
    let host = fields["host"].flatMap { self.host($0.item) }
    let headers = fields["headers"].map { self.headers($0.item) } ?? []
    return errorCount == errors ? HTTPSettings(host: host, headers: headers) : nil
  }

  /// The value of `Host`: a host with an optional port.
  mutating func host(_ item: Item) -> String? {
    value(item, "a host") { text throws(Problem) in
      try Self.isPossible { () throws(HTTPWriter.Invalid) in
        _ = try HTTPWriter.request(target: "/", host: text)
      }
      return text
    }
  }

  mutating func headers(_ item: Item) -> [HTTPRequest.Header] {
    guard case .map(let fields) = item.value else {
      if case .broken = item.value { return [] }
      report(
        item.place, "headers needs a mapping of names, found \(item.foundWords)",
        hint: "for example headers: {Accept: text/html}")
      return []
    }
    return fields.compactMap { field in
      var value = ""
      if case .scalar("") = field.item.value {
      } else {
        guard let text = text(field.item, "a text") else { return nil }
        value = text
      }
      guard let samples = samples(value, at: field.item.place) else { return nil }
      let isPossible = samples.allSatisfy { sample in
        self.isPossible(
          at: field.place,
          { () throws(HTTPWriter.Invalid) in
            _ = try HTTPWriter.request(target: "/", host: "", fields: [.init(field.key, sample)])
          })
      }
      guard isPossible else { return nil }
      return HTTPRequest.Header(name: field.key, value: value)
    }
  }

  // MARK: Requests

  /// A request, and the template that sends it; nil, with an error, where it is wrong.
  mutating func request(
    _ field: Item.Field, _ context: RequestContext
  ) -> (HTTPRequest, MessageTemplate)? {
    let known = ["method", "path", "headers", "body"]
    guard let fields = fields(field.item, in: "request", known: known) else { return nil }
    let errors = errorCount
    let body = fields["body"].flatMap { field -> String? in
      if case .scalar("") = field.item.value { return "" }
      return text(field.item, "a text")
    }
    let method = fields["method"].flatMap { text($0.item, "a method") }
    let path = fields["path"].flatMap { text($0.item, "a path") }
    let headers = fields["headers"].map { self.headers($0.item) } ?? []
    let request = HTTPRequest(
      method: method ?? (body == nil ? "GET" : "POST"), path: path ?? "/", headers: headers,
      body: body)
    let place = (fields["path"] ?? fields["method"])?.item.place ?? field.place
    let methodPlace = fields["method"]?.item.place ?? field.place
    guard errorCount == errors, let samples = samples(request.path, at: place) else { return nil }
    // After a server has granted CONNECT, the connection speaks HTTP no longer.
    if request.method == "CONNECT" {
      report(methodPlace, "CONNECT makes a tunnel, and no other request can follow")
      return nil
    }
    let isPossible = isPossible(
      at: methodPlace,
      { () throws(HTTPWriter.Invalid) in
        _ = try HTTPWriter.request(method: request.method, target: "/", host: "")
      })
    guard isPossible else { return nil }
    let isWholePossible = samples.allSatisfy { sample in
      self.isPossible(
        at: place,
        { () throws(HTTPWriter.Invalid) in
          _ = try HTTPWriter.request(method: request.method, target: sample, host: context.host)
        })
    }
    guard isWholePossible else { return nil }
    do {
      return (request, try request.template(context.settings, host: context.host, data))
    } catch {
      report(find(error.part, from: field.place), error.problem)
      return nil
    }
  }

  /// Texts that stand for all that the text may become (`MessageTemplate.samples`); nil, with an error, where a
  /// placeholder is wrong.
  mutating func samples(_ text: String, at place: Place) -> [String]? {
    do {
      return try TemplateText.parse(text, data).samples.map { String(decoding: $0, as: UTF8.self) }
    } catch {
      report(find(error.part, from: place), error.problem)
      return nil
    }
  }

  /// Throws what keeps `write` from writing a request; nothing where it can.
  static func isPossible(
    _ write: () throws(HTTPWriter.Invalid) -> Void
  ) throws(Problem) {
    do throws(HTTPWriter.Invalid) {
      try write()
    } catch {
      throw Problem(error.words)
    }
  }

  mutating func isPossible(
    at place: Place, _ write: () throws(HTTPWriter.Invalid) -> Void
  ) -> Bool {
    do throws(Problem) {
      try Self.isPossible(write)
      return true
    } catch {
      report(place, error)
      return false
    }
  }

  // MARK: Answers

  /// The response that a request expects: by default any with a status from 200 to 299.
  mutating func response(_ item: Item?, to request: HTTPRequest) -> MessagePattern.Expectation? {
    let method =
      HTTPMethod.allCases.first { "\($0.text)" == request.method && $0 != .other } ?? .other
    var answer = HTTPAnswer(method: method)
    guard let item else { return .framed(.http(answer), nil) }
    let known = ["status", "text", "matches"]
    guard let fields = fields(item, in: "expect", known: known) else { return nil }
    let errors = errorCount
    if let status = fields["status"] { answer.statuses = statuses(status.item) }
    let content = content(
      known.dropFirst().compactMap { fields[$0] }.sorted { $0.place < $1.place })
    return errorCount == errors ? .framed(.http(answer), content) : nil
  }

  private mutating func statuses(_ item: Item) -> [ClosedRange<UInt16>] {
    if case .list(let items) = item.value {
      if items.isEmpty { report(item.place, "status is an empty list") }
      return items.compactMap { value($0, "a status code", Self.statuses) }
    }
    return value(item, "a status code or a list of them", Self.statuses).map { [$0] } ?? []
  }

  /// `200` or `200..299`.
  private static func statuses(_ text: String) throws(Problem) -> ClosedRange<UInt16> {
    let dots = text.firstRange(of: "..")
    let first = dots.map { text[..<$0.lowerBound] } ?? text[...]
    let last = dots.map { text[$0.upperBound...] } ?? first
    guard let first = UInt16(first), let last = UInt16(last), first <= last,
      HTTPAnswer.possible.contains(first), HTTPAnswer.possible.contains(last)
    else {
      throw Problem(
        "\(quoted(text)) is no status code from 200 to 599", hint: "write 200 or 200..299")
    }
    return first...last
  }
}

extension HTTPAnswer {
  /// The value of `status` in a plan.
  static func yaml(_ statuses: [ClosedRange<UInt16>]) -> String {
    let texts = statuses.map {
      $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)..\($0.upperBound)"
    }
    return texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
  }
}
