import Linux
import SystemPackage

/// The connections that are to come back: each was cut or lost, and waits for its next attempt.
///
/// A timing wheel in fixed memory: a wait ends at a tick of the wheel, and each tick has a list. Adding and
/// taking out cost the same however many wait. What is due moves, list by list, to the end of one queue, so the
/// order is that of the instants also where a busy worker comes to them late.
struct Returns: ~Copyable {
  struct Entry: BitwiseCopyable {
    /// The tick at which the wait ends, as an instant.
    fileprivate(set) var dueNanoseconds: UInt64 = 0
    /// The connection's number among all that the worker has begun: it is the same as before.
    var number: UInt32 = 0
    fileprivate var next = Returns.none
    /// The last attempt's failure; nil where none has failed.
    var failure: Scoreboard.CountedFailure?
    /// 1 for the first attempt after the connection was lost.
    var attempt: UInt8 = 0

    var due: Instant { Instant(nanoseconds: dueNanoseconds) }
  }

  /// Not private: the compiler of Swift 6.3 breaks down over columns of a private type.
  struct List: BitwiseCopyable {
    /// Place of the first entry plus one; 0 for an empty list, as memory is zeros at first.
    var first: UInt32 = 0
    var last: UInt32 = 0
  }

  fileprivate static let none = UInt32.max
  /// Ticks that the wheel has lists for: a multiple of 64.
  private static let ticks: UInt64 = 16_384
  private static let shortestTick: UInt64 = 1_000_000

  private let entries: Column<Entry>
  private let wheel: Column<List>
  /// One bit for each list that is not empty.
  private let occupied: Column<UInt64>
  private let capacity: UInt32
  /// Nanoseconds.
  private let tick: UInt64
  /// All ticks up to this one are over: their lists are empty.
  private var hand: UInt64 = 0
  private var queue = List()
  private var free = Self.none
  private var firstUnused: UInt32 = 0
  private var chance: UInt64

  /// Entries that wait, or are due.
  private(set) var count: UInt32 = 0
  /// How what is lost now comes back; nil where it does not.
  private(set) var backoff: Backoff?
  /// Whether a connection that is lost now counts as if it had not been lost, if it comes back in the phase. Else its
  /// loss counts for good, and the attempts to make it good do not count.
  private(set) var forgivesLosses = false
  /// Since when that holds.
  private(set) var openedAt = Instant(nanoseconds: 0)

  /// - Parameters:
  ///   - capacity: the most connections that wait at once; 0 where none comes back in any phase.
  ///   - longest: the longest wait of any backoff, in nanoseconds.
  init(capacity: Int, longest: UInt64, seed: UInt64) throws(Errno) {
    let entries = try Column<Entry>(count: capacity)
    let wheel = try Column<List>(count: capacity > 0 ? Int(Self.ticks) : 0)
    let occupied = try Column<UInt64>(count: capacity > 0 ? Int(Self.ticks / 64) : 0)
    self.entries = entries
    self.wheel = wheel
    self.occupied = occupied
    self.capacity = UInt32(capacity)
    tick = max(Self.shortestTick, longest / (Self.ticks - 2) + 1)
    chance = seed
  }

  /// Whether what is lost now comes back.
  @inline(__always)
  var isOpen: Bool { backoff != nil }

  /// From now on what is lost comes back after this backoff. Those that wait keep their instants.
  mutating func open(_ backoff: Backoff, forgivesLosses: Bool, at now: Instant) {
    self.backoff = backoff
    openedAt = now
    self.forgivesLosses = forgivesLosses
  }

  /// From now on until the next `open` what is lost is lost for good, whether or not it comes back.
  mutating func stopForgiving() { forgivesLosses = false }

  /// From now on nothing comes back. Those that wait go on waiting, for the next phase, or are taken out one by
  /// one (`removeAny`).
  mutating func close() { backoff = nil }

  /// Has a connection come back after its backoff. Does nothing where none comes back, and where as many wait as
  /// can.
  ///
  /// - Parameters:
  ///   - attempt: 1 for the first attempt since it was lost.
  ///   - failure: of the attempt before.
  mutating func add(
    number: UInt32, attempt: UInt8, failure: Scoreboard.CountedFailure?, at now: Instant
  ) -> Bool {
    guard let backoff, count < capacity else { return false }
    advance(to: now)
    let longest = backoff.longestWait(before: attempt)
    let wait = backoff.isJittered ? random(upTo: longest) : longest
    let end = now.advanced(byNanoseconds: wait).nanoseconds
    // The wheel has a list for every tick that a backoff may lie ahead.
    let at = min((end + tick - 1) / tick, hand + Self.ticks - 1)
    let place = takeFree()
    entries[place] = Entry(
      dueNanoseconds: at * tick, number: number, failure: failure, attempt: attempt)
    count += 1
    guard at > hand else {
      queue = appending(place, to: queue)
      return true
    }
    let list = UInt32(at % Self.ticks)
    wheel[list] = appending(place, to: wheel[list])
    occupied[list / 64] |= 1 << UInt64(list % 64)
    return true
  }

  /// When the next attempt is due, which may be past; nil where none waits.
  mutating func nextDue(at now: Instant) -> Instant? {
    guard count > 0 else { return nil }
    advance(to: now)
    if queue.first != 0 { return entries[queue.first - 1].due }
    return nextOccupied().map { Instant(nanoseconds: $0 * tick) }
  }

  /// Takes out the entry that is due first; nil where none is due.
  mutating func removeDue(at now: Instant) -> Entry? {
    guard count > 0 else { return nil }
    advance(to: now)
    return removeFirst()
  }

  /// Takes out an entry, due or not; nil where none is left.
  mutating func removeAny() -> Entry? {
    guard count > 0 else { return nil }
    if queue.first == 0, let at = nextOccupied() { move(UInt32(at % Self.ticks)) }
    return removeFirst()
  }

  /// Hands over the failures of all that wait, each once: they are remembered no more.
  func forgetFailures(_ body: (Scoreboard.CountedFailure) -> Void) {
    for place in 0..<firstUnused {
      guard let failure = entries[place].failure else { continue }
      entries[place].failure = nil
      body(failure)
    }
  }

  /// A number below `bound` from the worker's seed.
  mutating func random(below bound: Int) -> Int { Int(random(upTo: UInt64(max(1, bound)) - 1)) }

  // MARK: The wheel

  /// Moves what has become due to the queue.
  private mutating func advance(to now: Instant) {
    let reached = now.nanoseconds / tick
    guard reached > hand else { return }
    while let at = nextOccupied(), at <= reached {
      move(UInt32(at % Self.ticks))
      hand = at
    }
    hand = reached
  }

  /// The first tick after `hand` whose list is not empty.
  // Inlined, as a method that changes nothing and is called copies the whole value.
  @inline(__always)
  private func nextOccupied() -> UInt64? {
    let words = UInt32(Self.ticks / 64)
    let start = UInt32((hand + 1) % Self.ticks)
    for step in 0...words {
      let word = (start / 64 + step) % words
      var bits = occupied[word]
      // The first word is looked at twice: from `start` on, and at the end up to it.
      if step == 0 { bits &= ~0 << UInt64(start % 64) }
      if step == words { bits &= ~(~0 << UInt64(start % 64)) }
      guard bits != 0 else { continue }
      let list = UInt64(word) * 64 + UInt64(bits.trailingZeroBitCount)
      return hand + 1 + (list + Self.ticks - UInt64(start)) % Self.ticks
    }
    return nil
  }

  /// Moves a whole list to the end of the queue.
  private mutating func move(_ list: UInt32) {
    let moved = wheel[list]
    wheel[list] = List()
    occupied[list / 64] &= ~(1 << UInt64(list % 64))
    if queue.first == 0 {
      queue = moved
    } else {
      entries[queue.last - 1].next = moved.first - 1
      queue.last = moved.last
    }
  }

  private mutating func removeFirst() -> Entry? {
    guard queue.first != 0 else { return nil }
    let place = queue.first - 1
    let entry = entries[place]
    entries[place].failure = nil
    queue.first = entry.next == Self.none ? 0 : entry.next + 1
    entries[place].next = free
    free = place
    count -= 1
    return entry
  }

  @inline(__always)
  private func appending(_ place: UInt32, to list: List) -> List {
    if list.first != 0 { entries[list.last - 1].next = place }
    return List(first: list.first == 0 ? place + 1 : list.first, last: place + 1)
  }

  private mutating func takeFree() -> UInt32 {
    guard free != Self.none else {
      firstUnused += 1
      return firstUnused - 1
    }
    let place = free
    free = entries[place].next
    return place
  }

  /// SplitMix64, scaled to 0...`most`.
  private mutating func random(upTo most: UInt64) -> UInt64 {
    chance &+= 0x9E37_79B9_7F4A_7C15
    var mixed = chance
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    mixed ^= mixed >> 31
    return most == .max ? mixed : mixed.multipliedFullWidth(by: most + 1).high
  }
}
