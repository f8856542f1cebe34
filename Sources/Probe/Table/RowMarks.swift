/// What is true of one connection besides its `ConnectionTable.State`: a set of marks.
struct RowMarks: BitwiseCopyable, Equatable {
  var rawValue: UInt16 = 0

  /// Opened by a churn, and closed when its lifetime ends.
  static var transient: Self { Self(rawValue: 1) }
  /// To be closed as soon as the message under way is over.
  static var closesAfterMessage: Self { Self(rawValue: 2) }
  /// The answer to the message under way has not come in time.
  static var overdue: Self { Self(rawValue: 4) }
  /// The answer to the message under way was a wrong one.
  static var wrong: Self { Self(rawValue: 8) }
  /// Has asked for an answer and never got one.
  static var unanswered: Self { Self(rawValue: 16) }
  /// Has got an answer.
  static var answered: Self { Self(rawValue: 32) }
  /// The message under way is a conversation.
  static var conversing: Self { Self(rawValue: 64) }
  /// Has debts: overdue messages whose answers may still come, though newer messages have begun.
  /// See `MessageColumns.Debt`.
  static var owing: Self { Self(rawValue: 128) }
  /// The peer has sent bytes that no message had asked for.
  static var unasked: Self { Self(rawValue: 256) }
  /// Has forgotten debts whose answers may still come. So bytes that do not fit the expected answer
  /// need not be wrong.
  static var forgetful: Self { Self(rawValue: 512) }
  /// The server has announced that it closes the connection after the answer to the message under
  /// way.
  static var serverCloses: Self { Self(rawValue: 1024) }
  /// Pushed bytes did not fit the message that the server is known to push. The mark ends when that
  /// message next comes whole.
  static var astray: Self { Self(rawValue: 2048) }
  /// The message under way will have no answer: the answer to an earlier message announced that the
  /// server closes the connection after it.
  static var unanswerable: Self { Self(rawValue: 4096) }
  /// The marks that end with the message under way.
  static var ofMessage: Self { overdue | wrong | conversing | serverCloses | unanswerable }

  static func | (left: Self, right: Self) -> Self {
    Self(rawValue: left.rawValue | right.rawValue)
  }

  /// Whether at least one of these marks is set.
  func has(_ any: Self) -> Bool { rawValue & any.rawValue != 0 }

  mutating func insert(_ more: Self) { rawValue |= more.rawValue }
  mutating func remove(_ others: Self) { rawValue &= ~others.rawValue }
}
