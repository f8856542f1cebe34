/// Makes whole requests and responses. It allocates, so messages that a worker's loop sends often are made
/// once, before the loop.
package enum HTTPWriter {
  package struct Field: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Why a message cannot be written.
  package enum Invalid: Error, Equatable {
    case method(String)
    case target(String)
    case host(String)
    case fieldName(String)
    /// The name of the field whose value has a control character, or white space around it.
    case fieldValue(String)
    /// The name of a header that the writer adds itself, from the other arguments.
    case fieldOfOurs(String)
    case status(UInt16)
    case reason(String)
    /// A body was given for a response of this status code, which has none.
    case bodyOf(UInt16)

    package var words: String {
      switch self {
      case .method(let text):
        "\"\(text)\" is no method: it takes letters, digits and !#$%&'*+-.^_`|~"
      case .target(let text):
        "\"\(text)\" is no target: it begins with / and has no space and no #"
      case .host(let text): "\"\(text)\" is no host with an optional port"
      case .fieldName(let text):
        "\"\(text)\" is no name of a header: it takes letters, digits and !#$%&'*+-.^_`|~"
      case .fieldValue(let name):
        "the value of \(name) has a control character, or white space around it"
      case .fieldOfOurs(let name): "\(name) is written where it is due, and not given"
      case .status(let code): "\(code) is no status code from 100 to 599"
      case .reason(let text): "the reason phrase \"\(text)\" has a control character"
      case .bodyOf(let code): "a response of status \(code) has no body"
      }
    }
  }

  /// A request of HTTP/1.1.
  ///
  /// - Parameters:
  ///   - method: a token, such as "GET"; upper and lower case differ.
  ///   - target: a path with an optional query, or an absolute URI. For OPTIONS also "*", and for CONNECT a
  ///     host with its port.
  ///   - host: the value of `Host`: with a port, unless that is the scheme's default; empty where the target
  ///     has no host.
  ///   - body: nil for a request without a body and without a Content-Length.
  package static func request(
    method: String = "GET", target: String, host: String, fields: [Field] = [],
    body: [UInt8]? = nil
  ) throws(Invalid) -> [UInt8] {
    guard !method.isEmpty, method.utf8.allSatisfy(HTTPByte.isTokenByte) else {
      throw .method(method)
    }
    guard isTarget(target, method: method) else { throw .target(target) }
    guard host.utf8.allSatisfy(HTTPByte.isHostByte) else { throw .host(host) }
    try check(fields, reserved: ["host", "content-length", "transfer-encoding"])
    var all = [Field("Host", host)] + fields
    if let body { all.append(Field("Content-Length", "\(body.count)")) }
    return message("\(method) \(target) HTTP/1.1", all, body ?? [])
  }

  /// A response of HTTP/1.1.
  ///
  /// - Parameters:
  ///   - reason: the reason phrase; empty for the usual one of the status code.
  ///   - body: must be empty for 1xx, 204 and 304.
  ///   - answersHead: whether the response is to HEAD: then it has the body's Content-Length without the
  ///     body.
  package static func response(
    status: UInt16, reason: String = "", fields: [Field] = [], body: [UInt8] = [],
    answersHead: Bool = false
  ) throws(Invalid) -> [UInt8] {
    guard (100..<600).contains(status) else { throw .status(status) }
    guard reason.utf8.allSatisfy(HTTPByte.isText) else { throw .reason(reason) }
    try check(fields, reserved: ["content-length", "transfer-encoding"])
    let hasNoBody = status < 200 || status == 204 || status == 304
    guard !hasNoBody || body.isEmpty else { throw .bodyOf(status) }
    let length = hasNoBody ? [] : [Field("Content-Length", "\(body.count)")]
    let phrase = reason.isEmpty ? self.reason(of: status) : reason
    return message("HTTP/1.1 \(status) \(phrase)", fields + length, answersHead ? [] : body)
  }

  private static func message(_ line: String, _ fields: [Field], _ body: [UInt8]) -> [UInt8] {
    var text = line + "\r\n"
    for field in fields { text += "\(field.name): \(field.value)\r\n" }
    text += "\r\n"
    return Array(text.utf8) + body
  }

  private static func isTarget(_ target: String, method: String) -> Bool {
    let bytes = target.utf8
    guard let first = bytes.first else { return false }
    if method == "CONNECT" { return bytes.allSatisfy(HTTPByte.isHostByte) }
    guard bytes.allSatisfy(HTTPByte.isTargetByte) else { return false }
    if first == UInt8(ascii: "/") { return true }
    if first == UInt8(ascii: "*") { return bytes.count == 1 && method == "OPTIONS" }
    guard HTTPByte.isLetter(first), let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
      return false
    }
    return bytes[..<colon].allSatisfy(HTTPByte.isSchemeByte)
  }

  private static func check(_ fields: [Field], reserved: [String]) throws(Invalid) {
    for field in fields {
      guard !field.name.isEmpty, field.name.utf8.allSatisfy(HTTPByte.isTokenByte) else {
        throw .fieldName(field.name)
      }
      if reserved.contains(field.name.lowercased()) { throw .fieldOfOurs(field.name) }
      let value = field.value.utf8
      let edges = [value.first, value.last].compactMap { $0 }
      guard value.allSatisfy(HTTPByte.isText), !edges.contains(where: HTTPByte.isSpace) else {
        throw .fieldValue(field.name)
      }
    }
  }

  /// The reason phrases of common status codes (RFC 9110, 15; for 429 and 431 RFC 6585); empty for other
  /// codes.
  private static func reason(of status: UInt16) -> String {
    switch status {
    case 100: "Continue"
    case 101: "Switching Protocols"
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 411: "Length Required"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 417: "Expectation Failed"
    case 426: "Upgrade Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 505: "HTTP Version Not Supported"
    default: ""
    }
  }
}
