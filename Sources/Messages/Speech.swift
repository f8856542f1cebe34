/// All that one side says in a conversation, before anything is put into it.
struct Speech: Equatable {
  /// All bytes of the recording, also those in whose place anything may come.
  private(set) var bytes: [UInt8] = []
  /// For each cue or answer the ranges of `bytes` that it consists of. Between each range and the next one, anything
  /// may come.
  private(set) var items: [[Range<Int>]] = []

  /// Begins the next cue or answer.
  mutating func begin() { items.append([bytes.count..<bytes.count]) }

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
