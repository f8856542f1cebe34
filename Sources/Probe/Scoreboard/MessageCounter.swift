/// What became of the messages of one pattern, counted since the worker started.
package enum MessageCounter: Int, CaseIterable, Sendable {
  /// Begun: offered to the kernel. Each has one of the outcomes below or is still under way; `unsent`
  /// is no outcome.
  case sent
  /// Answered rightly and in time. Where no answer is expected: handed to the kernel whole.
  case received
  /// Answered with other bytes than expected. Not `missing` any more.
  case wrong
  /// The connection ended before the whole answer had come.
  case short
  /// Answered rightly after the timeout. Not `missing` any more.
  case late
  /// Not answered within the timeout, which runs from when the message was due; in a conversation from
  /// the last step or answer, and beyond the time that the answer took in the recording. Or answered
  /// with bytes that may belong to a forgotten message (`RowMarks.forgetful`).
  case missing
  /// Due and not begun, on a connection that is held or by the pattern's rate. These are not among
  /// `sent`.
  case unsent

  static let count = 7
}
