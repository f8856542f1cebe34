import Messages

extension HTTPRequest {
  /// The request as it is sent, with its placeholders. `Content-Length` is that of the body whose
  /// placeholders are filled in.
  func template(
    _ settings: HTTPSettings, host: String, _ data: DataTables
  ) throws(TemplateText.Failure) -> MessageTemplate {
    func plain(_ text: String) -> MessageTemplate { MessageTemplate(bytes: Array(text.utf8)) }
    var templates = [
      plain("\(method) "), try TemplateText.parse(path, data),
      plain(" HTTP/1.1\r\nHost: \(host)\r\n"),
    ]
    let ownNames = Set(headers.map { $0.name.lowercased() })
    let common = settings.headers.filter { !ownNames.contains($0.name.lowercased()) }
    for header in common + headers {
      templates += [
        plain("\(header.name): "), try TemplateText.parse(header.value, data), plain("\r\n"),
      ]
    }
    guard let body else {
      return try Self.checked(MessageTemplate(joining: templates + [plain("\r\n")]))
    }
    let content = try TemplateText.parse(body, data)
    if let fixed = content.fixed {
      let rest = [plain("Content-Length: \(fixed.count)\r\n\r\n"), content]
      return try Self.checked(MessageTemplate(joining: templates + rest))
    }
    let length = MessageTemplate(parts: [.length(of: content.parts)])
    let rest = [plain("Content-Length: "), length, plain("\r\n\r\n"), content]
    return try Self.checked(MessageTemplate(joining: templates + rest))
  }

  /// The template, unless its messages may be longer than any message of a plan.
  private static func checked(
    _ template: MessageTemplate
  ) throws(TemplateText.Failure) -> MessageTemplate {
    guard template.longest <= MessageTemplate.mostBytes else {
      throw TemplateText.Failure(part: "", problem: Problem("a message has no more than 1 MiB"))
    }
    return template
  }
}
