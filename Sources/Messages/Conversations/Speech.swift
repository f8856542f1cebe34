/// All that one side says in a conversation, before anything is put into it.
struct Speech: Equatable {
  /// All bytes of the recording, also those in whose place anything may come.
  private(set) var bytes: [UInt8] = []
  /// For each cue or answer the ranges of `bytes` that it consists of. Between each range and the next one, anything
  /// may come.
  private(set) var items: [[Range<Int>]] = []

  /// The items that go on with what the one before began: a pause has cut what was said at once, or on its way.
  private(set) var continued: Set<Int> = []

  /// Whether the range is in one text, and not at the beginning of one that comes behind anything.
  func isOneText(_ range: Range<Int>) -> Bool {
    items.overlapping(range, by: Self.extent).contains { item in
      guard let start = item.first?.lowerBound, start <= range.lowerBound else { return false }
      return item.contains { text in
        text.lowerBound <= range.lowerBound && range.upperBound <= text.upperBound
          && (text.lowerBound < range.lowerBound || text.lowerBound == start)
      }
    }
  }

  /// Whether anything may come in the range, or right before or behind it.
  func mayBeAnything(in range: Range<Int>) -> Bool {
    items.overlapping(range, by: Self.extent).contains { item in
      zip(item, item.dropFirst()).contains { before, behind in
        behind.lowerBound >= range.lowerBound && before.upperBound <= range.upperBound
      }
    }
  }

  private static func extent(_ item: [Range<Int>]) -> Range<Int> {
    (item.first?.lowerBound ?? 0)..<(item.last?.upperBound ?? 0)
  }

  /// Begins the next cue or answer.
  ///
  /// - Parameter continuing: whether it goes on with what the one before began. Then both have one text each.
  mutating func begin(continuing: Bool = false) {
    if continuing { continued.insert(items.count) }
    items.append([bytes.count..<bytes.count])
  }

  /// Adds to the last cue or answer.
  ///
  /// - Parameter anything: ranges of `more` in whose place anything may come.
  mutating func extend(_ more: [UInt8], anything: [Range<Int>] = []) {
    let start = bytes.count
    var ranges = items[items.count - 1]
    for range in anything {
      ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound..<start + range.lowerBound
      ranges.append(start + range.upperBound..<start + range.upperBound)
    }
    bytes += more
    ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound..<bytes.count
    items[items.count - 1] = ranges
  }
}

extension Array {
  /// The items whose ranges, which are in order and have no bytes in common, overlap with a range.
  func overlapping(_ range: Range<Int>, by key: (Element) -> Range<Int>) -> ArraySlice<Element> {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if key(self[middle]).upperBound <= range.lowerBound {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return self[low...].prefix { key($0).lowerBound < range.upperBound }
  }
}
