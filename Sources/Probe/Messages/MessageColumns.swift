import SystemPackage

/// What the client keeps of the message under way on each connection: numbers, never bytes.
///
/// Takes memory only for what a plan has: messages, messages that the server pushes, conversations.
struct MessageColumns: ~Copyable {
  /// How many patterns the plan has.
  let patterns: Int
  /// Whether the server pushes messages.
  private let isPushed: Bool
  /// The pattern of the message under way.
  private let patternsOfRows: Column<UInt8>
  /// The connection's number among all that this worker has begun.
  private let numbers: Column<UInt32>
  /// Messages begun on the connection so far.
  private let counts: Column<UInt32>
  /// Bytes of the message that were handed to the kernel.
  private let written: Column<UInt32>
  /// Bytes that have come of the answer to the message under way or, while the row has debts, of the answer to the
  /// oldest debt. For an answer that is searched, an `AnswerSearches.Stage` instead. See also `whole`.
  private let answerProgress: Column<UInt32>
  /// `patterns` values per row, one per pattern: the round of the connection's next message; see `RoundCursor`.
  private let rounds: Column<UInt32>
  /// Bytes that have come of the message that the server is pushing.
  private let pushed: Column<UInt32>
  /// How many cues of the conversation the client has carried out.
  private let cues: Column<UInt32>
  /// How many texts of the conversation's answers have come whole (`ConversationBook.Answer`).
  private let answers: Column<UInt32>

  /// `mostDebts` values per row: the messages whose answers the server still owes, the oldest first. Rows that never
  /// had an overdue message do not touch theirs, so these pages take no memory.
  private let debts: Column<Debt>
  /// Means something only for rows with the mark `owing`.
  private let debtCounts: Column<UInt8>

  /// A message that was sent whole and not answered before the connection began its next one.
  /// Servers answer in order, so the answer to a debt comes before those to later messages.
  struct Debt: BitwiseCopyable {
    /// Nanoseconds: when the message was due and when it was begun.
    var due: UInt64
    var began: UInt64
    var sequence: UInt32
    var pattern: UInt8
  }

  /// The most debts that a row remembers. With one more, the oldest is forgotten. The answer to a forgotten
  /// debt may still come. It is then taken for the answer to a later message (`RowMarks.forgetful`).
  static var mostDebts: UInt32 { 4 }

  /// The `answerProgress` of an answer that has come whole, where the answer is searched or is a message of the
  /// protocol. Any other answer is whole when `answerProgress` is its length.
  static var whole: UInt32 { .max }

  init(rows: Int, patterns: Int, pushed: Bool, conversations: Bool) throws(Errno) {
    let messageRows = patterns > 0 ? rows : 0
    let patternsOfRows = try Column<UInt8>(count: messageRows)
    let numbers = try Column<UInt32>(count: messageRows)
    let counts = try Column<UInt32>(count: messageRows)
    let written = try Column<UInt32>(count: messageRows)
    let answerProgress = try Column<UInt32>(count: messageRows)
    let rounds = try Column<UInt32>(count: rows * patterns)
    let progressOfPushed = try Column<UInt32>(count: pushed ? rows : 0)
    let debts = try Column<Debt>(count: messageRows * Int(Self.mostDebts))
    let debtCounts = try Column<UInt8>(count: messageRows)
    let cues = try Column<UInt32>(count: conversations ? rows : 0)
    let answers = try Column<UInt32>(count: conversations ? rows : 0)
    self.patterns = patterns
    self.patternsOfRows = patternsOfRows
    self.numbers = numbers
    self.counts = counts
    self.written = written
    self.answerProgress = answerProgress
    self.rounds = rounds
    self.pushed = progressOfPushed
    self.debts = debts
    self.debtCounts = debtCounts
    self.cues = cues
    self.answers = answers
    isPushed = pushed
  }

  /// A connection has got the row.
  ///
  /// - Parameter number: the connection's number among all that this worker has begun.
  @inline(__always)
  func begin(_ row: UInt32, number: UInt64) {
    if patterns > 0 {
      numbers[row] = UInt32(truncatingIfNeeded: number)
      counts[row] = 0
    }
    if isPushed { pushed[row] = 0 }
  }

  /// - Parameter owing: whether the row has debts: then `answerProgress` belongs to the oldest one, and stays.
  @inline(__always)
  func beginMessage(_ row: UInt32, pattern: Int, owing: Bool = false) {
    patternsOfRows[row] = UInt8(pattern)
    counts[row] &+= 1
    written[row] = 0
    if !owing { answerProgress[row] = 0 }
  }

  // MARK: Debts

  /// Notes the message under way as a debt.
  ///
  /// - Parameter isFirst: whether the row has no debts yet.
  /// - Returns: whether the oldest debt was forgotten, as there were `mostDebts` already.
  @inline(__always)
  func owe(_ row: UInt32, due: UInt64, began: UInt64, isFirst: Bool) -> Bool {
    if isFirst { debtCounts[row] = 0 }
    let isFull = debtCount(of: row) == Int(Self.mostDebts)
    if isFull { removeOldestDebt(of: row) }
    debts[row * Self.mostDebts + UInt32(debtCount(of: row))] = Debt(
      due: due, began: began, sequence: sequence(of: row), pattern: patternsOfRows[row])
    debtCounts[row] += 1
    return isFull
  }

  /// Means something only for rows with the mark `owing`.
  func debtCount(of row: UInt32) -> Int { Int(debtCounts[row]) }

  /// - Parameter place: 0 for the oldest debt.
  func debt(_ place: Int, of row: UInt32) -> Debt { debts[row * Self.mostDebts + UInt32(place)] }

  /// Removes the oldest debt, and sets `answerProgress`, which belonged to this debt, to 0.
  @inline(__always)
  func removeOldestDebt(of row: UInt32) {
    debtCounts[row] -= 1
    answerProgress[row] = 0
    let first = row * Self.mostDebts
    for place in first..<first + UInt32(debtCount(of: row)) { debts[place] = debts[place + 1] }
  }

  @inline(__always)
  func beginConversation(_ row: UInt32, pattern: Int) {
    beginMessage(row, pattern: pattern)
    cues[row] = 0
    answers[row] = 0
  }

  /// Whether a message was begun on the connection, whatever became of it.
  func hasBegun(_ row: UInt32) -> Bool { counts[row] > 0 }
  func pattern(of row: UInt32) -> Int { Int(patternsOfRows[row]) }
  func number(of row: UInt32) -> UInt32 { numbers[row] }
  /// The number of the message under way, from 0.
  func sequence(of row: UInt32) -> UInt32 { counts[row] &- 1 }

  func written(of row: UInt32) -> Int { Int(written[row]) }
  func setWritten(of row: UInt32, to count: Int) { written[row] = UInt32(count) }
  func answerProgress(of row: UInt32) -> UInt32 { answerProgress[row] }
  func setAnswerProgress(of row: UInt32, to count: UInt32) { answerProgress[row] = count }
  func cuesDone(of row: UInt32) -> UInt32 { cues[row] }
  func answersReceived(of row: UInt32) -> UInt32 { answers[row] }

  /// Notes that the client has carried out a cue.
  func countCue(of row: UInt32) { cues[row] += 1 }

  /// Notes that a text of an answer has come whole. From here on `answerProgress` belongs to the next one.
  func countAnswer(of row: UInt32) {
    answers[row] += 1
    answerProgress[row] = 0
  }

  func pushed(of row: UInt32) -> Int { Int(pushed[row]) }
  func setPushed(of row: UInt32, to count: Int) { pushed[row] = UInt32(count) }

  func round(of row: UInt32, _ pattern: Int) -> UInt32 {
    rounds[row * UInt32(patterns) + UInt32(pattern)]
  }

  func setRound(of row: UInt32, _ pattern: Int, to round: UInt32) {
    rounds[row * UInt32(patterns) + UInt32(pattern)] = round
  }
}
