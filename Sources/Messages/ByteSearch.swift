/// A search for an expression in bytes that come piece by piece.
///
/// Its state has one bit for each place of the expression that takes a byte (Glushkov's
/// construction), so it is of one size however much has come, and a byte is looked at once. The
/// loops keep states and tables in memory of their own.
package struct ByteSearch: Sendable {
  /// The parts of the tables, apart from what is in them.
  package struct Form: BitwiseCopyable, Sendable {
    /// Words of 64 bits that a state takes.
    package fileprivate(set) var words: Int
    fileprivate var places: Int
    /// What is found before the first byte, and wherever a match may begin later on.
    package fileprivate(set) var atStart: Finding
    fileprivate var anywhere: Finding

    fileprivate var follows: Int { 2 * words }
    fileprivate var takers: Int { follows + places * words }
    fileprivate var lasts: Int { takers + 256 * words }
    fileprivate var lastsBeforeEnd: Int { lasts + words }
    fileprivate var size: Int { lastsBeforeEnd + words }
  }

  /// What the bytes so far amount to.
  package struct Finding: BitwiseCopyable, Sendable, Equatable {
    /// There is a match, whatever comes.
    package var isFound = false
    /// There is one if nothing comes: the expression has a `$` there.
    package var isFoundAtEnd = false

    package init(isFound: Bool = false, isFoundAtEnd: Bool = false) {
      self.isFound = isFound
      self.isFoundAtEnd = isFoundAtEnd
    }
  }

  package private(set) var form: Form
  /// The state to begin with, the places where a match may begin later on, the places after each
  /// place, the places that take each byte, and those that a match ends with: always, and at the
  /// end.
  package private(set) var tables: [UInt64]

  init(_ machine: ByteMachine) {
    let places = machine.byteSteps
    let words = max(1, (places.count + 63) / 64)
    form = Form(words: words, places: places.count, atStart: Finding(), anywhere: Finding())
    tables = [UInt64](repeating: 0, count: form.size)
    var numbers: [Int: Int] = [:]
    for (number, step) in places.enumerated() { numbers[step] = number }
    func set(_ number: Int, at offset: Int) { tables[offset + number / 64] |= 1 << (number % 64) }
    func note(_ reached: ByteMachine.Reached, at offset: Int) -> Finding {
      for step in reached.byteSteps { set(numbers[step]!, at: offset) }
      return Finding(isFound: reached.isFound, isFoundAtEnd: reached.isFoundAtEnd)
    }
    form.atStart = note(machine.reached(from: 0, isStart: true), at: 0)
    form.anywhere = note(machine.reached(from: 0, isStart: false), at: words)
    for (number, step) in places.enumerated() {
      let finding = note(
        machine.reached(from: step + 1, isStart: false), at: form.follows + number * words)
      if finding.isFound { set(number, at: form.lasts) }
      if finding.isFoundAtEnd { set(number, at: form.lastsBeforeEnd) }
      for byte in UInt8.min...UInt8.max where machine.takes(byte, at: step) {
        set(number, at: form.takers + Int(byte) * words)
      }
    }
  }

  /// A search for these very bytes.
  ///
  /// - Parameter text: at most `mostText` bytes.
  package init(text: [UInt8]) {
    precondition(text.count <= Self.mostText)
    self.init(ByteMachine(text: text))
  }

  package static let mostText = 1000

  // MARK: Searching

  /// Makes a state that of a search that has seen nothing.
  package static func begin(
    _ form: Form, _ tables: UnsafePointer<UInt64>, _ state: UnsafeMutablePointer<UInt64>
  ) {
    for word in 0..<form.words { unsafe state[word] = tables[word] }
  }

  /// Takes one more byte.
  ///
  /// - Parameter next: room for a state, whatever is in it.
  @inline(__always)
  package static func advance(
    _ form: Form, _ tables: UnsafePointer<UInt64>, _ state: UnsafeMutablePointer<UInt64>,
    _ next: UnsafeMutablePointer<UInt64>, _ byte: UInt8
  ) -> Finding {
    let words = form.words
    let takers = unsafe tables + form.takers + Int(byte) * words
    var finding = form.anywhere
    for word in 0..<words { unsafe next[word] = tables[words + word] }
    for word in 0..<words {
      var hits = unsafe state[word] & takers[word]
      if unsafe hits & tables[form.lasts + word] != 0 { finding.isFound = true }
      if unsafe hits & tables[form.lastsBeforeEnd + word] != 0 { finding.isFoundAtEnd = true }
      while hits != 0 {
        let place = word * 64 + hits.trailingZeroBitCount
        hits &= hits - 1
        let follow = unsafe tables + form.follows + place * words
        for other in 0..<words { unsafe next[other] |= follow[other] }
      }
    }
    for word in 0..<words { unsafe state[word] = next[word] }
    return finding
  }
}
