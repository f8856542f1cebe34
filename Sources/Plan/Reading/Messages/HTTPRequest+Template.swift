import Messages

extension HTTPRequest {
  /// The bytes of a request, with its placeholders. A body has its length before it, whatever its
  /// placeholders come to.
  func template(
    _ settings: HTTPSettings, host: String, _ data: DataTables
  ) throws(TemplateText.Failure) -> MessageTemplate {
    func plain(_ text: String) -> MessageTemplate { MessageTemplate(bytes: Array(text.utf8)) }
    var templates = [
      plain("\(method) "), try TemplateText.parse(path, data),
      plain(" HTTP/1.1\r\nHost: \(host)\r\n"),
    ]
    let own = Set(headers.map { $0.name.lowercased() })
    let common = settings.headers.filter { !own.contains($0.name.lowercased()) }
    for header in common + headers {
      templates += [
        plain("\(header.name): "), try TemplateText.parse(header.value, data), plain("\r\n"),
      ]
    }
    guard let body else {
      return try Self.checked(MessageTemplate(joining: templates + [plain("\r\n")]))
    }
    let sent = try TemplateText.parse(body, data)
    if let fixed = sent.fixed {
      let rest = [plain("Content-Length: \(fixed.count)\r\n\r\n"), sent]
      return try Self.checked(MessageTemplate(joining: templates + rest))
    }
    let length = MessageTemplate(parts: [.lengthOfLast(sent.parts.count)])
    let head = MessageTemplate(joining: templates + [plain("Content-Length: "), length])
    // Not joined with the head: the length is that of the body's own parts.
    return try Self.checked(
      MessageTemplate(parts: head.parts + plain("\r\n\r\n").parts + sent.parts))
  }

  private static func checked(
    _ template: MessageTemplate
  ) throws(TemplateText.Failure) -> MessageTemplate {
    guard template.longest <= MessageTemplate.mostBytes else {
      throw TemplateText.Failure(part: "", problem: Problem("a message has no more than 1 MiB"))
    }
    return template
  }
}
