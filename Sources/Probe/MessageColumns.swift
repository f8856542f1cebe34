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
  private let answered: Column<UInt32>
  /// For each pattern in turn: the round of the connection's next message; see `RoundCursor`.
  private let rounds: Column<UInt32>
  /// Bytes of the message that the server is in the middle of pushing.
  private let pushed: Column<UInt32>
  /// Cues of the conversation that are done, and answers that have come whole.
  private let cues: Column<UInt32>
  private let answers: Column<UInt32>

  /// What `answered` is once an answer whose length nobody knew has come.
  static var whole: UInt32 { .max }

  init(rows: Int, patterns: Int, pushed: Bool, conversations: Bool) throws(Errno) {
    let kept = patterns > 0 ? rows : 0
    let patternsOfRows = try Column<UInt8>(count: kept)
    let numbers = try Column<UInt32>(count: kept)
    let counts = try Column<UInt32>(count: kept)
    let written = try Column<UInt32>(count: kept)
    let answered = try Column<UInt32>(count: kept)
    let rounds = try Column<UInt32>(count: rows * patterns)
    let progressOfPushed = try Column<UInt32>(count: pushed ? rows : 0)
    let cues = try Column<UInt32>(count: conversations ? rows : 0)
    let answers = try Column<UInt32>(count: conversations ? rows : 0)
    self.patterns = patterns
    self.patternsOfRows = patternsOfRows
    self.numbers = numbers
    self.counts = counts
    self.written = written
    self.answered = answered
    self.rounds = rounds
    self.pushed = progressOfPushed
    self.cues = cues
    self.answers = answers
    isPushed = pushed
  }

  func begin(_ row: UInt32, number: UInt64) {
    if patterns > 0 {
      numbers[row] = UInt32(truncatingIfNeeded: number)
      counts[row] = 0
    }
    if isPushed { pushed[row] = 0 }
  }

  func beginMessage(_ row: UInt32, pattern: Int) {
    patternsOfRows[row] = UInt8(pattern)
    counts[row] &+= 1
    written[row] = 0
    answered[row] = 0
  }

  func beginConversation(_ row: UInt32, pattern: Int) {
    beginMessage(row, pattern: pattern)
    cues[row] = 0
    answers[row] = 0
  }

  func pattern(of row: UInt32) -> Int { Int(patternsOfRows[row]) }
  func number(of row: UInt32) -> UInt32 { numbers[row] }
  /// The number of the message under way, from 0.
  func sequence(of row: UInt32) -> UInt32 { counts[row] &- 1 }

  func written(of row: UInt32) -> Int { Int(written[row]) }
  func setWritten(of row: UInt32, to count: Int) { written[row] = UInt32(count) }
  func answered(of row: UInt32) -> UInt32 { answered[row] }
  func setAnswered(of row: UInt32, to count: UInt32) { answered[row] = count }
  func cue(of row: UInt32) -> UInt32 { cues[row] }
  func answer(of row: UInt32) -> UInt32 { answers[row] }

  /// A cue is done.
  func countCue(of row: UInt32) { cues[row] += 1 }

  /// An answer has come whole; `answered` is of the next one.
  func countAnswer(of row: UInt32) {
    answers[row] += 1
    answered[row] = 0
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
