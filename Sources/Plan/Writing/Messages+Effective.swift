import Messages
import Protocols

extension MessagePattern {
  /// The pattern as a line of a plan's `messages`.
  func yaml(_ attachments: [String: [UInt8]], _ spoken: PlanProtocol) -> String {
    let pace =
      switch pace {
      case .every(let nanoseconds): "every: \(Duration.nanoseconds(nanoseconds).yaml), "
      case .rate(let rate): "rate: \(yamlNumber(rate))/s, "
      case .unlimited: "rate: unlimited, "
      case .once: ""
      }
    // On a WebSocket, a message of `bytes` is binary. So a text message is never written as `bytes`.
    let mayBeBytes = if case .webSocket = spoken { isBinary } else { true }
    let said =
      request?.yaml ?? publication?.yaml(template, attachments)
      ?? template.yaml(attachments, mayBeBytes: mayBeBytes)
    let content =
      conversation?.yaml
      ?? "\(said), expect: \(expectation.yaml)"
    return "  \(name): {\(pace)\(content), timeout: \(Duration.nanoseconds(timeout).yaml)}"
  }
}

extension HTTPRequest {
  fileprivate var yaml: String {
    let parts =
      ["method: \(yamlScalar(method))", "path: \(yamlScalar(path))"]
      + (headers.isEmpty ? [] : ["headers: \(headers.yaml)"])
      + (body.map { ["body: \(yamlScalar($0))"] } ?? [])
    return "request: {\(parts.joined(separator: ", "))}"
  }
}

extension MessagePublication {
  fileprivate func yaml(_ payload: MessageTemplate, _ attachments: [String: [UInt8]]) -> String {
    let parts: [String?] = [
      "topic: \(yamlScalar(TemplateText.text(of: topic) ?? ""))",
      payload.yaml(attachments, mayBeBytes: true, text: "payload"),
      qos == .atMostOnce ? nil : "qos: \(qos.rawValue)",
      isRetained ? "retain: true" : nil,
    ]
    return "publish: {\(parts.compactMap(\.self).joined(separator: ", "))}"
  }
}

extension ConversationPattern {
  fileprivate var yaml: String {
    let replaced = substitutions.map { substitution in
      let old = String(decoding: substitution.old, as: UTF8.self)
      // Both texts come from a plan, so they are UTF-8.
      return "\(yamlKey(old)): \(yamlScalar(TemplateText.text(of: substitution.new) ?? ""))"
    }
    return "conversation: \(yamlScalar(file)), expect: \(expectation.rawValue), "
      + "delays: \(keepsDelays ? "recorded" : "none")"
      + (replaced.isEmpty ? "" : ", substitute: {\(replaced.joined(separator: ", "))}")
  }
}

extension MessageTemplate {
  /// Bytes of the longest text that is written out. The file of a longer text is named instead, if
  /// the text comes from one.
  private static let longestInline = 4096

  /// - Parameter key: of a text.
  fileprivate func yaml(
    _ attachments: [String: [UInt8]], mayBeBytes: Bool, text key: String = "send"
  ) -> String {
    if mayBeBytes, let fixed, fixed == TemplateText.filler(fixed.count) {
      return "bytes: \(fixed.count)B"
    }
    let text = TemplateText.text(of: self)
    if let text, text.utf8.count <= Self.longestInline, !HiddenCharacters.stand(in: text) {
      return "\(key): \(yamlScalar(text))"
    }
    let name = fixed.flatMap { bytes in
      attachments.filter { $0.value == bytes }.map(\.key).min()
    }
    if let name { return "file: \(yamlScalar(name))" }
    return "\(key): \(yamlScalar(text ?? ""))"
  }
}

extension MessagePattern.Expectation {
  fileprivate var yaml: String {
    switch self {
    case .echo: "echo"
    case .none: "none"
    case .acknowledged: "acknowledged"
    case .bytes(let count): "{bytes: \(count)B}"
    case .text(let bytes): "{text: \(yamlScalar(String(decoding: bytes, as: UTF8.self)))}"
    case .matches(let pattern): "{matches: \(yamlScalar(pattern.text))}"
    // Such an answer is one whole message: no key says where it ends, only what it has in it.
    case .framed(.message, let content): "{\(content?.part ?? "")}"
    case .framed(let frame, let content): "{\(frame.yaml)\(content.map { ", \($0.part)" } ?? "")}"
    }
  }
}

extension AnswerFrame {
  /// The frame as the first key of the mapping of `expect`.
  fileprivate var yaml: String {
    switch self {
    case .delimiter(let bytes): "until: \(yamlScalar(String(decoding: bytes, as: UTF8.self)))"
    case .length(let field):
      "length: {at: \(field.at), size: \(field.size), order: \(field.order.rawValue), plus: \(field.plus)}"
    case .http(let answer): "status: \(HTTPAnswer.yaml(answer.statuses))"
    case .message: ""
    }
  }
}

extension MessagePattern.Content {
  /// The content as a key of the mapping of `expect`.
  fileprivate var part: String {
    switch self {
    case .text(let bytes): "text: \(yamlScalar(String(decoding: bytes, as: UTF8.self)))"
    case .matches(let pattern): "matches: \(yamlScalar(pattern.text))"
    }
  }
}
