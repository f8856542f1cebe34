/// What a server needs to know of the request that it reads.
extension HTTPReader {
  /// The method of the request; known from its `method` event to its end.
  package var method: HTTPMethod { HTTPMethod(rawValue: kind) ?? .other }

  /// Whether the request has a body, if an empty one; known from its `head` event to its end.
  package var hasBody: Bool { head.contains(.hasBody) }

  /// Whether the connection can take another request behind this one; known like `hasBody`.
  package var keepsOpen: Bool { head.contains(.keepsOpen) }

  /// Whether the request is of HTTP/1.0; known like `hasBody`.
  package var isVersion10: Bool { head.contains(.isVersion10) }

  /// The bytes of the body, asked at the `head` event; nil where only its end will tell.
  package var bodyLength: UInt64? {
    guard head.contains(.hasBody) else { return 0 }
    return head.contains(.hasLength) ? remaining : nil
  }

  /// Whether whatever follows is passed over: the connection has closed, or its last message has ended.
  package var isClosed: Bool { state == .closed }
}
