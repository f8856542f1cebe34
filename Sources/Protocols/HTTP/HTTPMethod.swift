/// The methods of RFC 9110, 9.3, and PATCH; other ones are not told apart.
package enum HTTPMethod: UInt8, BitwiseCopyable, Sendable, CaseIterable {
  case get, head, post, put, delete, connect, options, trace, patch, other

  /// As the method stands in a request; empty for `other`.
  package var text: StaticString { Self.text(Int(rawValue)) }

  /// The text of the method with this raw value, which is also its bit in sets of `HTTPWords`.
  static func text(_ index: Int) -> StaticString {
    switch index {
    case 0: "GET"
    case 1: "HEAD"
    case 2: "POST"
    case 3: "PUT"
    case 4: "DELETE"
    case 5: "CONNECT"
    case 6: "OPTIONS"
    case 7: "TRACE"
    case 8: "PATCH"
    default: ""
    }
  }
}
