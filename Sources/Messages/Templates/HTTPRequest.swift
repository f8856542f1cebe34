/// A request as a plan writes it. Path, values of headers and body may have placeholders.
package struct HTTPRequest: Sendable, Equatable {
  package struct Header: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package var method: String
  package var path: String
  /// The request's own headers, without those of the plan's `protocol`.
  package var headers: [Header]
  /// Nil for a request without a body, which differs from one whose body is empty.
  package var body: String?

  package init(method: String, path: String, headers: [Header], body: String?) {
    self.method = method
    self.path = path
    self.headers = headers
    self.body = body
  }
}
