package import Protocols

/// How an answer says where it ends.
package enum AnswerFrame: Sendable, Equatable {
  /// With these bytes.
  case delimiter([UInt8])
  /// By a number near its beginning.
  case length(LengthField)
  /// By the rules of HTTP/1.1.
  case http(HTTPAnswer)
  /// It is one message of the plan's protocol.
  case message

  /// The longest delimiter, in bytes. After a delimiter `AnswerSearches` looks up whether the content would have
  /// matched right before it, in a word with one bit per byte heard. So 63 bytes would be the most; 32 are
  /// enough for any delimiter that is in use.
  package static let longestDelimiter = 32
}

/// A number in the first bytes of an answer, from which its length follows.
package struct LengthField: Sendable, Equatable, BitwiseCopyable {
  package enum Order: String, Sendable, CaseIterable, BitwiseCopyable {
    /// The highest byte first, as in most protocols.
    case big
    case little
  }

  package static let sizes = 1...8
  /// The last place at which the number may begin.
  package static let furthest = 1024
  /// How far the length of an answer may differ from the number.
  package static let plusRange = -(1 << 20)...(1 << 20)

  /// Where the number begins, in bytes from the answer's first.
  package var at: Int
  /// Bytes of the number.
  package var size: Int
  package var order: Order
  /// The length of the whole answer minus the number, in bytes: 4 for a number of 4 bytes at the start that counts
  /// only what follows it. Negative where the number counts more than the answer.
  package var plus: Int

  package init(at: Int, size: Int, order: Order, plus: Int) {
    self.at = at
    self.size = size
    self.order = order
    self.plus = plus
  }

  /// Bytes up to the end of the number. No answer is shorter.
  package var head: Int { at + size }
}

/// Which responses of HTTP are right answers.
package struct HTTPAnswer: Sendable, Equatable {
  package static let success: [ClosedRange<UInt16>] = [200...299]
  /// The status codes that an answer can have. A response with 1xx is not the answer: it comes before it.
  package static let possible: ClosedRange<UInt16> = 200...599

  /// The method of the request: it decides whether the response has a body.
  package var method: HTTPMethod
  /// The status codes of right answers.
  package var statuses: [ClosedRange<UInt16>]

  package init(method: HTTPMethod, statuses: [ClosedRange<UInt16>] = Self.success) {
    self.method = method
    self.statuses = statuses
  }
}
