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

  /// The longest delimiter, in bytes. `AnswerSearches` keeps a bit for each place of the delimiter in
  /// words of 64 bits, so that no more than 63 would fit; 32 are enough for any that is in use.
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
  /// What the number leaves out of the whole answer's length, in bytes: 4 for a number of 4 bytes that
  /// counts what follows it. Negative where it counts more than the answer.
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

/// What a response must be, so that it is a right answer.
package struct HTTPAnswer: Sendable, Equatable {
  package static let success: [ClosedRange<UInt16>] = [200...299]
  /// Final status codes: one of 1xx comes before the answer.
  package static let possible: ClosedRange<UInt16> = 200...599

  /// The method that is answered: it decides whether a body comes.
  package var method: HTTPMethod
  /// The status codes of right answers.
  package var statuses: [ClosedRange<UInt16>]

  package init(method: HTTPMethod, statuses: [ClosedRange<UInt16>] = Self.success) {
    self.method = method
    self.statuses = statuses
  }
}
