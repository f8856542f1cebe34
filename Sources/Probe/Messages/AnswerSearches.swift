import Messages
import Protocols
import SystemPackage

/// What is looked for in answers, and how far the search in each connection's answer has come.
///
/// Takes no memory where no pattern has answers that are searched or that say where they end. Else a row takes:
/// - 16 bytes;
/// - 24 more where answers are responses of HTTP;
/// - 8 more for each 64 positions of the longest expression. Each byte that the expression takes, with its
///   repetitions written out, is a position (`ByteSearch`).
struct AnswerSearches: ~Copyable {
  /// How the answers of one pattern are searched.
  struct SearchRule: BitwiseCopyable {
    /// Nil where any bytes will do.
    fileprivate var layout: ByteSearch.Layout?
    /// Where the search's tables begin in `AnswerSearches.tables`.
    fileprivate var tables = 0
    fileprivate var framing: AnswerFraming
  }

  /// How far the answer on a row has come.
  struct Progress: BitwiseCopyable {
    /// The `progress` of `AnswerFraming.advance`.
    fileprivate var frame: UInt64 = 0
    /// Bit n says whether the search would have matched if the answer had ended n bytes ago.
    fileprivate var matchesAtEnd: UInt64 = 0
  }

  /// How far an answer has come, as `MessageColumns.answerProgress` notes it; 0 while no byte has come.
  enum Stage {
    /// Bytes have come, and what is looked for is not among them.
    static var begun: UInt32 { 1 }
    /// What is looked for has come, or nothing is looked for. Only the answer's end is still to come.
    static var found: UInt32 { 2 }
  }

  /// What `hear` has found in the bytes that it was given.
  struct Heard {
    /// How many of the bytes heard belong to the answer.
    var used: Int
    /// The `Stage` of the answer; 0 once the answer has ended.
    var stage: UInt32
    var end = End.open
    /// Whether the server has said that it closes the connection after this answer.
    var isLast = false
    /// Whether these bytes have shown by their status that the answer is wrong, or bytes before them had.
    var refusal = Refusal.none

    /// Whether these are the bytes that have shown the answer to be wrong.
    @inline(__always)
    var showsWrong: Bool {
      switch refusal {
      case .now: true
      case .before: false
      case .none: end == .wrong || end == .endless
      }
    }
  }

  /// When an answer has shown by its status that it is wrong. It is counted at its end, and what it says is best kept
  /// from where it says so.
  enum Refusal: UInt8, BitwiseCopyable { case none, now, before }

  enum End {
    case open, right, wrong
    /// The answer is wrong, and where it ends is not known.
    case endless
  }

  /// Words of 64 bits that each row has in `states`.
  private let words: Int
  /// Whether some answers are responses of HTTP, which may end where the connection does.
  let mayEndAtClose: Bool
  /// By pattern.
  private let rules: Column<SearchRule>
  /// The tables of all framings and searches, one behind the other.
  private let tables: Scratch<UInt64>
  /// By row.
  private let progress: Column<Progress>
  /// By row: the reader of the response. Has no rows where no pattern's answers are responses of HTTP.
  private let readers: Column<HTTPReader>
  /// By row: the state of the search in its answer; see `ByteSearch`.
  private let states: Column<UInt64>
  /// Room for one more state, in which `ByteSearch.advance` makes the next one.
  private let spareState: Scratch<UInt64>
  /// How many bytes of answers the worker has looked at since it started; for tests.
  private(set) var looks = 0

  init(_ patterns: [MessagePattern], rows: Int) throws(Errno) {
    var rules: [SearchRule] = []
    var allTables: [UInt64] = []
    var words = 0
    var isNeeded = false
    for pattern in patterns {
      let (search, frame) = pattern.expectation.search
      var rule = SearchRule(framing: AnswerFraming(frame, tables: &allTables))
      isNeeded = isNeeded || search != nil || frame != nil
      if let search {
        words = max(words, search.layout.words)
        rule.layout = search.layout
        rule.tables = allTables.count
        allTables += search.tables
      }
      rules.append(rule)
    }
    let ruleColumn = try Column<SearchRule>(count: rules.count)
    let tables = try Scratch<UInt64>(count: max(1, allTables.count))
    let progress = try Column<Progress>(count: isNeeded ? rows : 0)
    let mayEndAtClose = rules.contains { $0.framing.kind == .http }
    let readers = try Column<HTTPReader>(count: mayEndAtClose ? rows : 0)
    let states = try Column<UInt64>(count: rows * words)
    let spareState = try Scratch<UInt64>(count: max(1, words))
    for (index, rule) in rules.enumerated() { ruleColumn[UInt32(index)] = rule }
    _ = unsafe tables.buffer.update(from: allTables)
    self.words = words
    self.mayEndAtClose = mayEndAtClose
    self.rules = ruleColumn
    self.tables = tables
    self.progress = progress
    self.readers = readers
    self.states = states
    self.spareState = spareState
  }

  /// Takes bytes of an answer, up to its end if that is among them.
  ///
  /// - Parameters:
  ///   - stage: how far the answer had come; 0 for one that begins here.
  ///   - endsMessage: whether a message of the protocol ends with these bytes.
  mutating func hear(
    _ pattern: Int, on row: UInt32, _ heard: UnsafeRawBufferPointer, stage: UInt32,
    endsMessage: Bool
  ) -> Heard {
    let rule = rules[UInt32(pattern)]
    // Neither buffer is empty: both have room for at least one word.
    let base = unsafe tables.buffer.baseAddress!
    let spare = unsafe spareState.buffer.baseAddress!
    let state = unsafe states.pointer(at: row * UInt32(words))
    var progress = progress[row]
    var reader = rule.framing.kind == .http ? readers[row] : HTTPReader(.client)
    var isFound = stage == Stage.found
    if stage == 0 {
      progress = Progress()
      reader = HTTPReader(.client)
      if let layout = rule.layout {
        unsafe ByteSearch.begin(layout, base + rule.tables, state)
        isFound = layout.atStart.isFound
        progress.matchesAtEnd = layout.atStart.isFoundAtEnd ? 1 : 0
      } else {
        isFound = true
      }
    }
    let wasRefused = rule.framing.isRefused(progress.frame)
    var used = 0
    while true {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: heard[used...])
      let step = unsafe rule.framing.advance(
        &progress.frame, &reader, rest, tables: base, endsMessage: endsMessage)
      if let layout = rule.layout {
        var index = step.content.lowerBound
        while !isFound, index < step.content.upperBound {
          let finding = unsafe ByteSearch.advance(
            layout, base + rule.tables, state, spare, rest[index])
          progress.matchesAtEnd = progress.matchesAtEnd << 1 | (finding.isFoundAtEnd ? 1 : 0)
          isFound = finding.isFound
          index += 1
        }
      }
      used += step.used
      looks += step.used
      let refusal: Refusal =
        wasRefused ? .before : rule.framing.isRefused(progress.frame) ? .now : .none
      switch step.end {
      case .goesOn: continue
      case .notYet:
        if rule.framing.kind == .open, isFound || progress.matchesAtEnd & 1 != 0 {
          return Heard(used: used, stage: 0, end: .right)
        }
        self.progress[row] = progress
        if rule.framing.kind == .http { readers[row] = reader }
        return Heard(used: used, stage: isFound ? Stage.found : Stage.begun, refusal: refusal)
      case .here, .refused, .unknown:
        return Heard(
          used: used, stage: 0,
          end: Self.end(step.end, rule, isFound: isFound, matchesAtEnd: progress.matchesAtEnd),
          isLast: step.isLast, refusal: refusal)
      }
    }
  }

  /// How an answer has ended, as its framing and the search in it say.
  private static func end(
    _ end: AnswerFraming.End, _ rule: SearchRule, isFound: Bool, matchesAtEnd: UInt64
  ) -> End {
    switch end {
    case .notYet, .goesOn: .open
    case .here: isFound || matchesAtEnd & rule.framing.placesOfEnd != 0 ? .right : .wrong
    case .refused: .wrong
    case .unknown: .endless
    }
  }

  /// What has become of an answer now that the peer has closed: `open` where it is cut off.
  ///
  /// - Parameter stage: how far the answer had come, not 0.
  @inline(never)
  mutating func close(_ pattern: Int, on row: UInt32, stage: UInt32) -> End {
    let rule = rules[UInt32(pattern)]
    guard rule.framing.kind == .http else { return .open }
    var reader = readers[row]
    let end = rule.framing.close(progress[row].frame, &reader)
    guard end != .unknown else { return .open }
    return Self.end(
      end, rule, isFound: stage == Stage.found, matchesAtEnd: progress[row].matchesAtEnd)
  }
}

extension MessagePattern.Expectation {
  /// What is searched for in the answer, nil for nothing; and how the answer says where it ends, nil where it does
  /// not.
  fileprivate var search: (ByteSearch?, AnswerFrame?) {
    switch self {
    case .matches(let pattern): (pattern.search, nil)
    case .framed(let frame, .matches(let pattern)?): (pattern.search, frame)
    case .framed(let frame, .text(let text)?): (ByteSearch(text: text), frame)
    case .framed(let frame, nil): (nil, frame)
    case .echo, .none, .acknowledged, .bytes, .text: (nil, nil)
    }
  }
}
