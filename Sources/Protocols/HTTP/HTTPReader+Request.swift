/// What a server needs to know of the request that it reads. At the `end` event the reader has forgotten
/// the request, so a server that needs these values then keeps a copy of the reader from before.
extension HTTPReader {
  /// The method of the request; known from its `method` event on.
  package var method: HTTPMethod { HTTPMethod(rawValue: methodOrBodyRule) ?? .other }

  /// Whether the request has a body, which may be empty; known from the `head` event until the `end`
  /// event.
  package var hasBody: Bool { head.contains(.hasBody) }

  /// Whether another request may follow this one on the connection; known like `hasBody`.
  package var keepsOpen: Bool { head.contains(.keepsOpen) }

  /// Whether the request is of HTTP/1.0; known like `hasBody`.
  package var isVersion10: Bool { head.contains(.isVersion10) }

  /// How many bytes the body has; nil where it comes in chunks, so that only its end will tell. Right
  /// only at the `head` event, since the number then counts down.
  package var bodyLength: UInt64? {
    guard head.contains(.hasBody) else { return 0 }
    return head.contains(.hasLength) ? bytesLeft : nil
  }

  /// Whether the reader passes over whatever follows: the connection has closed, its last message has
  /// ended, or a message was malformed.
  package var isClosed: Bool { state == .closed }
}
