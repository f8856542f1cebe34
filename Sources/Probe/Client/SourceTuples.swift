import SystemPackage

/// The tuples of source address, source port and endpoint that one worker may use: which of them
/// its connections have, and which it has found to be unusable.
struct SourceTuples: ~Copyable {
  private var walk: SourceWalk
  /// Tuples that connections of this worker have.
  private let taken: TupleMarks
  /// Tuples that could not be used when they were tried: somebody else or TIME_WAIT held them, or
  /// source and endpoint are the same.
  private let foreign: TupleMarks

  init(_ walk: SourceWalk) throws(Errno) {
    // Locals first: a throw must find either all in place or none.
    let taken = try TupleMarks(count: walk.count)
    let foreign = try TupleMarks(count: walk.count)
    self.walk = walk
    self.taken = taken
    self.foreign = foreign
  }

  /// How many tuples this worker may use.
  var count: UInt64 { walk.count }

  /// The next tuple on the walk that no connection of this worker has; nil when all have been
  /// tried.
  ///
  /// - Parameter untried: how many tuples are still to be looked at; the caller begins with `count`.
  mutating func next(_ untried: inout UInt64) -> SourceWalk.Step? {
    while untried > 0 {
      untried -= 1
      let position = walk.next()
      if !taken.has(position) { return walk.step(at: position) }
    }
    return nil
  }

  func take(_ position: UInt32) { taken.insert(position) }

  func giveBack(_ position: UInt32) { taken.remove(position) }

  /// Notes that a tuple could not be used; true the first time.
  func noteForeign(_ position: UInt32) -> Bool {
    guard !foreign.has(position) else { return false }
    foreign.insert(position)
    return true
  }

  func step(at position: UInt32) -> SourceWalk.Step { walk.step(at: position) }

  /// The place of a tuple's source among the sources.
  func source(at position: UInt32) -> Int { walk.source(at: position) }
}
