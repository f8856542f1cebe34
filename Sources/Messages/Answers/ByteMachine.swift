/// Finds a match of an expression, in time linear in the number of bytes. Also finds where a match may have
/// begun that only more bytes could complete (`pending`).
///
/// The machine follows all ways through the expression at once (Thompson's construction). For each way it keeps
/// the place in the bytes at which the way began. The C library instead tries place after place: on a megabyte
/// without a blank, `[^ ]+@` would take it hours.
struct ByteMachine: Sendable {
  private enum Step: Sendable, Equatable {
    /// Takes one byte of the set, and goes on with the next step.
    case byte(ByteSet)
    /// `^`: goes on with the next step only at the start of all bytes.
    case start
    /// `$`: goes on with the next step only at the end of all bytes.
    case end
    /// Goes on with both of these steps.
    case fork(Int, Int)
    /// Goes on with this step.
    case go(Int)
    /// A match ends here.
    case found
  }

  /// The most steps of a machine. This bounds what a search costs: it looks at each step at most once per byte.
  static let mostSteps = 4000

  private var steps: [Step] = []

  init(_ expression: Expression) throws(BytePattern.Invalid) {
    try add(expression)
    try append(.found)
  }

  /// A machine that finds exactly these bytes, with a step for each.
  init(text: [UInt8]) { steps = text.map { .byte(ByteSet([$0])) } + [.found] }

  private mutating func append(_ step: Step) throws(BytePattern.Invalid) {
    guard steps.count < Self.mostSteps else {
      throw BytePattern.Invalid(reason: "with its repetitions written out it is too long")
    }
    steps.append(step)
  }

  private mutating func add(_ expression: Expression) throws(BytePattern.Invalid) {
    switch expression {
    case .empty: break
    case .byte(let set): try append(.byte(set))
    case .start: try append(.start)
    case .end: try append(.end)
    case .sequence(let parts): for part in parts { try add(part) }
    case .either(let parts):
      var ends: [Int] = []
      for part in parts.dropLast() {
        let fork = steps.count
        try append(.fork(fork + 1, 0))
        try add(part)
        ends.append(steps.count)
        try append(.go(0))
        steps[fork] = .fork(fork + 1, steps.count)
      }
      if let last = parts.last { try add(last) }
      for end in ends { steps[end] = .go(steps.count) }
    case .repeated(let part, let least, let most):
      let start = steps.count
      for _ in 0..<least {
        try add(part)
        // A part without steps stays empty however often it is repeated: `least` may be large.
        if steps.count == start { return }
      }
      guard let most else {
        let fork = steps.count
        try append(.fork(fork + 1, 0))
        try add(part)
        try append(.go(fork))
        steps[fork] = .fork(fork + 1, steps.count)
        return
      }
      var forks: [Int] = []
      for _ in least..<most {
        forks.append(steps.count)
        try append(.fork(steps.count + 1, 0))
        try add(part)
      }
      for fork in forks { steps[fork] = .fork(fork + 1, steps.count) }
    }
  }

  // MARK: What follows what

  /// The indices of the steps that take a byte, in order.
  var byteSteps: [Int] {
    steps.indices.filter { if case .byte = steps[$0] { true } else { false } }
  }

  func takes(_ byte: UInt8, at step: Int) -> Bool {
    if case .byte(let set) = steps[step] { set.contains(byte) } else { false }
  }

  /// What a step leads to without taking a byte.
  struct Reached {
    var byteSteps: [Int] = []
    var isFound = false
    /// A match ends here if no further byte comes.
    var isFoundAtEnd = false
  }

  /// What the step `first` leads to.
  ///
  /// - Parameter isStart: whether no byte has come before.
  func reached(from first: Int, isStart: Bool) -> Reached {
    var reached = Reached()
    // The second round goes past each `$`, too: no byte can follow there, but a match can end.
    for isEnd in [false, true] {
      var seen = [Bool](repeating: false, count: steps.count)
      var open = [first]
      while let step = open.popLast() {
        guard !seen[step] else { continue }
        seen[step] = true
        switch steps[step] {
        case .byte: if !isEnd { reached.byteSteps.append(step) }
        case .start: if isStart { open.append(step + 1) }
        case .end: if isEnd { open.append(step + 1) }
        case .fork(let one, let other): open += [one, other]
        case .go(let next): open.append(next)
        case .found: if isEnd { reached.isFoundAtEnd = true } else { reached.isFound = true }
        }
      }
    }
    return reached
  }

  // MARK: Searching

  /// The leftmost match in these bytes; of several that begin at the same place, the longest. Empty
  /// matches do not count.
  ///
  /// - Parameters:
  ///   - range: where the match must lie. `^` and `$` stand for the start and the end of all bytes, not of
  ///     the range.
  ///   - isWhole: whether nothing comes after the bytes, so that `$` matches at their end.
  ///   - effort: is raised by the number of bytes that the search looked at.
  func match(
    in bytes: [UInt8], _ range: Range<Int>, isWhole: Bool, effort: inout Int
  ) -> Range<Int>? {
    var ways = Ways(steps.count)
    var found: Range<Int>?
    var place = range.lowerBound
    while true {
      if found == nil, place < range.upperBound {
        follow(0, from: place, at: place, of: bytes, isWhole, &ways)
      }
      // Ways are in the order of their starts, so the first match found is the leftmost. A way that began after it
      // is too late.
      for way in ways.current where way.step == steps.count - 1 && way.start < place {
        if found == nil || way.start <= found!.lowerBound { found = way.start..<place }
      }
      guard place < range.upperBound, !ways.current.isEmpty || found == nil else { return found }
      let byte = bytes[place]
      place += 1
      effort += 1
      ways.advance()
      for way in ways.previous where found == nil || way.start <= found!.lowerBound {
        guard case .byte(let set) = steps[way.step], set.contains(byte) else { continue }
        follow(way.step + 1, from: way.start, at: place, of: bytes, isWhole, &ways)
      }
    }
  }

  /// The first place at which a match may have begun that is not complete yet: more bytes could complete it, or the
  /// news that no more come. Nil where there is no such place.
  func pending(in bytes: [UInt8]) -> Int? {
    var ways = Ways(steps.count)
    for (index, byte) in bytes.enumerated() {
      follow(0, from: index, at: index, of: bytes, false, &ways)
      ways.advance()
      for way in ways.previous {
        guard case .byte(let set) = steps[way.step], set.contains(byte) else { continue }
        follow(way.step + 1, from: way.start, at: index + 1, of: bytes, false, &ways)
      }
    }
    return ways.current.first { steps[$0.step] != .found }?.start
  }

  /// Adds a way at a step, and the ways that it leads to without taking a byte.
  private func follow(
    _ step: Int, from start: Int, at place: Int, of bytes: [UInt8], _ isWhole: Bool,
    _ ways: inout Ways
  ) {
    ways.open.append(step)
    while let step = ways.open.popLast() {
      guard ways.visit(step) else { continue }
      switch steps[step] {
      case .go(let next): ways.open.append(next)
      case .fork(let one, let other):
        ways.open.append(other)
        ways.open.append(one)
      case .start: if place == 0 { ways.open.append(step + 1) }
      case .end:
        if isWhole, place == bytes.count { ways.open.append(step + 1) }
        // The way also stays at this step, so that `pending` finds it: the end may come right here.
        ways.current.append(Ways.Way(step: step, start: start))
      case .byte, .found: ways.current.append(Ways.Way(step: step, start: start))
      }
    }
  }
}

/// Where a search stands: its ways through the expression, in the order of their starts. Of several ways at one
/// step only the one that began first is kept.
private struct Ways {
  struct Way {
    var step: Int
    var start: Int
  }

  var current: [Way] = []
  /// The ways before the last byte.
  var previous: [Way] = []
  /// Steps that `follow` has still to look at.
  var open: [Int] = []
  /// For each step, the last round in which a way came to it. A round lasts from byte to byte.
  private var rounds: [Int]
  private var round = 1

  init(_ steps: Int) { rounds = [Int](repeating: 0, count: steps) }

  /// Notes that a way has come to a step; false where one has come there in this round before.
  mutating func visit(_ step: Int) -> Bool {
    guard rounds[step] != round else { return false }
    rounds[step] = round
    return true
  }

  mutating func advance() {
    swap(&current, &previous)
    current.removeAll(keepingCapacity: true)
    round += 1
  }
}
