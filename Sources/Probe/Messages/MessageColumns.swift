import SystemPackage

/// What the client keeps of the message under way on each connection: numbers, never bytes.
///
/// Of no size where a plan has no messages.
struct MessageColumns: ~Copyable {
  let patterns: Int
  private let isPushed: Bool
  private let patternsOfRows: Column<UInt8>
  /// The connection's number among all of this worker's.
  private let numbers: Column<UInt32>
  /// Messages begun on the connection so far.
  private let counts: Column<UInt32>
  /// Bytes of the message that were handed to the kernel, and of the answer that have come.
  private let written: Column<UInt32>
  private let answerProgress: Column<UInt32>
  /// For each pattern in turn: the round of the connection's next message; see `RoundCursor`.
  private let rounds: Column<UInt32>
  /// Bytes of the message that the server is in the middle of pushing.
  private let pushed: Column<UInt32>
  /// Cues of the conversation that are done, and answers that have come whole.
  private let cues: Column<UInt32>
  private let answers: Column<UInt32>

  /// What the server still owes, the oldest first. Not touched where nothing is overdue.
  private let debts: Column<Debt>
  private let debtCounts: Column<UInt8>

  /// A message that was sent whole and not answered in time, when the next one was begun: servers
  /// answer in order, so what comes is its answer before it is that of a later one.
  struct Debt: BitwiseCopyable {
    /// Nanoseconds, as of the message.
    var due: UInt64
    var began: UInt64
    var sequence: UInt32
    var pattern: UInt8
  }

  /// What a row remembers; the answer to an older one, should it come, is taken for a later one's.
  static var mostDebts: UInt32 { 4 }

  /// What `answerProgress` is once an answer whose length nobody knew has come.
  static var whole: UInt32 { .max }

  init(rows: Int, patterns: Int, pushed: Bool, conversations: Bool) throws(Errno) {
    let kept = patterns > 0 ? rows : 0
    let patternsOfRows = try Column<UInt8>(count: kept)
    let numbers = try Column<UInt32>(count: kept)
    let counts = try Column<UInt32>(count: kept)
    let written = try Column<UInt32>(count: kept)
    let answerProgress = try Column<UInt32>(count: kept)
    let rounds = try Column<UInt32>(count: rows * patterns)
    let progressOfPushed = try Column<UInt32>(count: pushed ? rows : 0)
    let debts = try Column<Debt>(count: kept * Int(Self.mostDebts))
    let debtCounts = try Column<UInt8>(count: kept)
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

  @inline(__always)
  func begin(_ row: UInt32, number: UInt64) {
    if patterns > 0 {
      numbers[row] = UInt32(truncatingIfNeeded: number)
      counts[row] = 0
    }
    if isPushed { pushed[row] = 0 }
  }

  /// - Parameter owing: whether what has come of an answer is that of a debt.
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
  /// - Parameter isFirst: whether there are no debts.
  @inline(__always)
  func owe(_ row: UInt32, due: UInt64, began: UInt64, isFirst: Bool) {
    if isFirst { debtCounts[row] = 0 }
    if debtCount(of: row) == Int(Self.mostDebts) {
      removeOldestDebt(of: row)
      debtCounts[row] |= Self.forgotten
    }
    debts[row * Self.mostDebts + UInt32(debtCount(of: row))] = Debt(
      due: due, began: began, sequence: sequence(of: row), pattern: patternsOfRows[row])
    debtCounts[row] += 1
  }

  /// Asked for of rows that owe only.
  func debtCount(of row: UInt32) -> Int { Int(debtCounts[row] & ~Self.forgotten) }

  /// Whether it owed more than are remembered: what comes may answer one that is not.
  func hasForgottenDebts(_ row: UInt32) -> Bool { debtCounts[row] & Self.forgotten != 0 }

  /// A mark in the counts of debts.
  private static var forgotten: UInt8 { 0x80 }

  func debt(_ place: Int, of row: UInt32) -> Debt { debts[row * Self.mostDebts + UInt32(place)] }

  /// Removes the oldest debt, with the count of what has come of its answer.
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

  /// A cue is done.
  func countCue(of row: UInt32) { cues[row] += 1 }

  /// An answer has come whole; `answerProgress` is of the next one.
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
