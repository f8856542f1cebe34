import Messages
import SystemPackage

/// What is looked for in answers, and how far the search in each connection's answer has come.
///
/// Takes no memory where no pattern searches its answers; else 16 bytes per row, and 8 more for each 64
/// places of the longest expression. Each byte that the expression takes, with its repetitions written out,
/// is a place.
struct AnswerSearches: ~Copyable {
  /// How the answers of one pattern are searched.
  struct SearchRule: BitwiseCopyable {
    /// Nil where any bytes will do.
    fileprivate var layout: ByteSearch.Layout?
    /// Where the search's tables begin in `AnswerSearches.tables`.
    fileprivate var tables = 0
    /// Where the delimiter's table begins there: for each byte, one bit for each place of the
    /// delimiter that has this byte.
    fileprivate var delimiter = 0
    /// Bytes of the delimiter; 0 where there is none.
    fileprivate var delimiterCount = 0
  }

  struct Progress: BitwiseCopyable {
    /// One bit for each place of the delimiter at which the bytes so far may end.
    fileprivate var delimiter: UInt64 = 0
    /// Bit n: whether the search would have matched n bytes ago, had the answer ended there.
    fileprivate var matchesAtEnd: UInt64 = 0
  }

  /// How far an answer has come, as `MessageColumns.answerProgress` notes it.
  enum Stage {
    /// Bytes have come, and what is looked for is not among them.
    static var begun: UInt32 { 1 }
    /// Nothing more is looked for but the delimiter.
    static var found: UInt32 { 2 }
  }

  struct Heard {
    /// How many of the bytes heard belong to the answer.
    var used: Int
    var stage: UInt32
    var end = End.open
  }

  enum End {
    case open, right, wrong
  }

  /// Words of 64 bits that each row has in `states`.
  private let words: Int
  /// By pattern.
  private let rules: Column<SearchRule>
  /// The tables of all rules, one behind the other.
  private let tables: Scratch<UInt64>
  private let progress: Column<Progress>
  /// By row: the state of the search in its answer; see `ByteSearch`.
  private let states: Column<UInt64>
  /// Room for one more state, which `ByteSearch.advance` needs.
  private let spareState: Scratch<UInt64>
  /// How many bytes were looked at since the worker started; for tests.
  private(set) var looks = 0

  init(_ patterns: [MessagePattern], rows: Int) throws(Errno) {
    var rules: [SearchRule] = []
    var all: [UInt64] = []
    var words = 0
    for pattern in patterns {
      let (search, delimiter) = pattern.expectation.search
      var rule = SearchRule()
      if let search {
        words = max(words, search.layout.words)
        rule.layout = search.layout
        rule.tables = all.count
        all += search.tables
      }
      if !delimiter.isEmpty {
        rule.delimiter = all.count
        rule.delimiterCount = delimiter.count
        var places = [UInt64](repeating: 0, count: 256)
        for (place, byte) in delimiter.enumerated() { places[Int(byte)] |= 1 << UInt64(place) }
        all += places
      }
      rules.append(rule)
    }
    let isNeeded = !all.isEmpty
    let kept = try Column<SearchRule>(count: rules.count)
    let tables = try Scratch<UInt64>(count: max(1, all.count))
    let progress = try Column<Progress>(count: isNeeded ? rows : 0)
    let states = try Column<UInt64>(count: rows * words)
    let spareState = try Scratch<UInt64>(count: max(1, words))
    for (index, rule) in rules.enumerated() { kept[UInt32(index)] = rule }
    _ = unsafe tables.buffer.update(from: all)
    self.words = words
    self.rules = kept
    self.tables = tables
    self.progress = progress
    self.states = states
    self.spareState = spareState
  }

  /// Takes bytes of an answer, up to its end if that is among them.
  ///
  /// - Parameter stage: how far the answer had come; 0 for one that begins here.
  mutating func hear(
    _ pattern: Int, on row: UInt32, _ heard: UnsafeRawBufferPointer, stage: UInt32
  ) -> Heard {
    let rule = rules[UInt32(pattern)]
    // Neither buffer is empty: both have room for at least one word.
    let base = unsafe tables.buffer.baseAddress!
    let spare = unsafe spareState.buffer.baseAddress!
    let state = unsafe states.pointer(at: row * UInt32(words))
    var progress = progress[row]
    var isFound = stage == Stage.found
    var last = ByteSearch.Finding()
    if stage == 0 {
      progress = Progress()
      if let layout = rule.layout {
        unsafe ByteSearch.begin(layout, base + rule.tables, state)
        isFound = layout.atStart.isFound
        progress.matchesAtEnd = layout.atStart.isFoundAtEnd ? 1 : 0
      } else {
        isFound = true
      }
    }
    // The bit that is set in `Progress.delimiter` once the whole delimiter has come; 0 without one.
    let wholeDelimiter: UInt64 =
      rule.delimiterCount > 0 ? 1 << UInt64(rule.delimiterCount - 1) : 0
    for index in 0..<heard.count {
      let byte = unsafe heard[index]
      if !isFound, let layout = rule.layout {
        last = unsafe ByteSearch.advance(layout, base + rule.tables, state, spare, byte)
        progress.matchesAtEnd = progress.matchesAtEnd << 1 | (last.isFoundAtEnd ? 1 : 0)
        isFound = last.isFound
      }
      guard wholeDelimiter != 0 else {
        // Nobody knows where the answer ends: all bytes that are here belong to it.
        if isFound { break }
        continue
      }
      progress.delimiter =
        unsafe (progress.delimiter << 1 | 1) & base[rule.delimiter + Int(byte)]
      guard progress.delimiter & wholeDelimiter == 0 else {
        // A `$` matches before the delimiter as well as behind it.
        looks += index + 1
        let isRight =
          isFound || progress.matchesAtEnd & (1 | 1 << UInt64(rule.delimiterCount)) != 0
        return Heard(used: index + 1, stage: 0, end: isRight ? .right : .wrong)
      }
    }
    looks += heard.count
    if wholeDelimiter == 0, isFound || last.isFoundAtEnd {
      return Heard(used: heard.count, stage: 0, end: .right)
    }
    self.progress[row] = progress
    return Heard(used: heard.count, stage: isFound ? Stage.found : Stage.begun)
  }
}

extension MessagePattern.Expectation {
  /// What is searched for, and the delimiter at the end of answers; empty where they have none.
  fileprivate var search: (ByteSearch?, delimiter: [UInt8]) {
    switch self {
    case .matches(let pattern): (pattern.search, [])
    case .until(let delimiter, .matches(let pattern)?): (pattern.search, delimiter)
    case .until(let delimiter, .text(let text)?): (ByteSearch(text: text), delimiter)
    case .until(let delimiter, nil): (nil, delimiter)
    case .echo, .none, .bytes, .text: (nil, [])
    }
  }
}
