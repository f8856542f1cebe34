/// A search for an expression in bytes that come piece by piece.
///
/// The state has one bit for each position of the expression that takes a byte (Glushkov's
/// construction). So the state's size does not depend on how many bytes have come, and the search looks at
/// each byte once. The workers' loops keep states and tables in memory of their own.
package struct ByteSearch: Sendable {
  /// How large a state is, and where each table begins in `tables`.
  package struct Layout: BitwiseCopyable, Sendable {
    /// Words of 64 bits that a state takes.
    package fileprivate(set) var words: Int
    fileprivate var positions: Int
    /// What is found before the first byte.
    package fileprivate(set) var atStart: Finding
    /// What is found after any byte, by an empty match there.
    fileprivate var anywhere: Finding

    fileprivate var follows: Int { 2 * words }
    fileprivate var takers: Int { follows + positions * words }
    fileprivate var lasts: Int { takers + 256 * words }
    fileprivate var lastsBeforeEnd: Int { lasts + words }
    fileprivate var size: Int { lastsBeforeEnd + words }
  }

  /// What the bytes so far amount to.
  package struct Finding: BitwiseCopyable, Sendable, Equatable {
    /// There is a match, whatever comes next.
    package var isFound = false
    /// There is a match if no further byte comes: the expression has a `$` there.
    package var isFoundAtEnd = false

    package init(isFound: Bool = false, isFoundAtEnd: Bool = false) {
      self.isFound = isFound
      self.isFoundAtEnd = isFoundAtEnd
    }
  }

  package private(set) var layout: Layout
  /// Sets of positions, as bits, in this order:
  /// - the state to begin with;
  /// - the positions at which a match may begin later on;
  /// - for each position, those that may follow it;
  /// - for each byte, those that take it;
  /// - those that a match ends with;
  /// - those that a match ends with if no further byte comes.
  package private(set) var tables: [UInt64]

  init(_ machine: ByteMachine) {
    let positions = machine.byteSteps
    let words = max(1, (positions.count + 63) / 64)
    layout = Layout(
      words: words, positions: positions.count, atStart: Finding(), anywhere: Finding())
    tables = [UInt64](repeating: 0, count: layout.size)
    var numbers: [Int: Int] = [:]
    for (number, step) in positions.enumerated() { numbers[step] = number }
    func set(_ number: Int, at offset: Int) { tables[offset + number / 64] |= 1 << (number % 64) }
    func record(_ reached: ByteMachine.Reached, at offset: Int) -> Finding {
      for step in reached.byteSteps { set(numbers[step]!, at: offset) }
      return Finding(isFound: reached.isFound, isFoundAtEnd: reached.isFoundAtEnd)
    }
    layout.atStart = record(machine.reached(from: 0, isStart: true), at: 0)
    layout.anywhere = record(machine.reached(from: 0, isStart: false), at: words)
    for (number, step) in positions.enumerated() {
      let finding = record(
        machine.reached(from: step + 1, isStart: false), at: layout.follows + number * words)
      if finding.isFound { set(number, at: layout.lasts) }
      if finding.isFoundAtEnd { set(number, at: layout.lastsBeforeEnd) }
      for byte in UInt8.min...UInt8.max where machine.takes(byte, at: step) {
        set(number, at: layout.takers + Int(byte) * words)
      }
    }
  }

  /// A search for exactly these bytes.
  ///
  /// - Parameter text: at most `mostText` bytes.
  package init(text: [UInt8]) {
    precondition(text.count <= Self.mostText)
    self.init(ByteMachine(text: text))
  }

  /// The longest text, in bytes.
  package static let mostText = 1000

  // MARK: Searching

  /// Sets the state to that of a search that has seen no byte.
  package static func begin(
    _ layout: Layout, _ tables: UnsafePointer<UInt64>, _ state: UnsafeMutablePointer<UInt64>
  ) {
    for word in 0..<layout.words { unsafe state[word] = tables[word] }
  }

  /// Takes one more byte.
  ///
  /// - Parameter next: scratch room for one more state.
  @inline(__always)
  package static func advance(
    _ layout: Layout, _ tables: UnsafePointer<UInt64>, _ state: UnsafeMutablePointer<UInt64>,
    _ next: UnsafeMutablePointer<UInt64>, _ byte: UInt8
  ) -> Finding {
    let words = layout.words
    let takers = unsafe tables + layout.takers + Int(byte) * words
    var finding = layout.anywhere
    for word in 0..<words { unsafe next[word] = tables[words + word] }
    for word in 0..<words {
      var hits = unsafe state[word] & takers[word]
      if unsafe hits & tables[layout.lasts + word] != 0 { finding.isFound = true }
      if unsafe hits & tables[layout.lastsBeforeEnd + word] != 0 { finding.isFoundAtEnd = true }
      while hits != 0 {
        let place = word * 64 + hits.trailingZeroBitCount
        hits &= hits - 1
        let follow = unsafe tables + layout.follows + place * words
        for other in 0..<words { unsafe next[other] |= follow[other] }
      }
    }
    for word in 0..<words { unsafe state[word] = next[word] }
    return finding
  }
}
