package import Linux
import Messages
import Synchronization
package import SystemPackage

/// The memory that one worker shares with the coordinator. They have no other channel, but for two
/// event counters by which they wake each other, and a pipe for what `serve --verbose` shows.
///
/// The coordinator alone writes the order, and how much of the drive log it has taken. The worker
/// alone writes all else, but for `Counter.limited`, which the coordinator sets back to 0. Every
/// number is an atomic of 64 bits (histograms and sources: 32 bits). All but `limited` have a
/// single writer, so reading takes no lock, and the worker's `add` is a plain load and store.
@safe
package struct Scoreboard: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  private let bytes: Int
  /// How many source addresses have a count of their own.
  package let sources: Int

  /// `MessagePattern.most`, as a constant to the compiler (`Offset`).
  private static let mostPatterns = 64

  /// Where the parts begin, in bytes. Cells that the coordinator alone writes never share a cache line with the
  /// worker's. All offsets are constants to the compiler: with `allCases.count` in them, reading one would take a lazy
  /// initialization.
  private enum Offset {
    static let counters = 0
    static let order = 512
    static let version = order + 40
    static let failures = 1024
    static let latencies = failures + FailureTable.capacity * FailureTable.stride
    static let messages =
      latencies + Latency.count * LatencyBuckets.count * MemoryLayout<UInt32>.stride
    static let unasked = messages + Scoreboard.mostPatterns * MessageCounter.count * 8
    static let refusals = unasked + 8 + Scoreboard.mostSaid
    static let wrongs = refusals + RefusalTable.stride
    static let drive =
      wrongs + Scoreboard.mostPatterns * Scoreboard.mostWrongAnswers * (8 + Scoreboard.mostSaid)
    static let sources = drive + DriveLog.stride
  }

  /// - Parameter sources: how many source addresses have their connections counted one by one.
  package init(sources: Int) throws(Errno) {
    precondition(
      Latency.count == Latency.allCases.count
        && MessageCounter.count == MessageCounter.allCases.count
        && Self.mostPatterns == MessagePattern.most)
    self.sources = sources
    // The memory ends where a page ends (`Memory.map`). So it begins with a cache line if its length is one of whole
    // lines.
    let line = 64
    bytes = (Offset.sources + sources * MemoryLayout<UInt32>.stride + line - 1) / line * line
    unsafe base = try Memory.map(bytes: bytes, shared: true)
  }

  /// Gives the memory back. This is no `deinit`, because the coordinator and the worker each hold the value.
  package func unmap() {
    unsafe Memory.unmap(base, bytes: bytes)
  }

  // MARK: Counters

  package subscript(counter: Counter) -> UInt64 {
    @inline(__always) get { load(Offset.counters + counter.rawValue * 8) }
    @inline(__always) nonmutating set { store(newValue, Offset.counters + counter.rawValue * 8) }
  }

  /// Whether a limit has stopped this worker's growth in a phase; `failures` then says which limit.
  ///
  /// - Parameter phase: its place in the plan, from 0.
  package func isLimited(in phase: Int) -> Bool { self[.limited] == UInt64(phase) + 1 }

  /// The worker's side: notes that a limit has stopped its growth. False when that was noted
  /// before.
  func noteLimit(in phase: Int) -> Bool {
    if isLimited(in: phase) { return false }
    self[.limited] = UInt64(phase) + 1
    return true
  }

  @inline(__always)
  func add(_ counter: Counter, _ amount: UInt64 = 1) {
    self[counter] &+= amount
  }

  @inline(__always)
  func subtract(_ counter: Counter) {
    self[counter] &-= 1
  }

  // MARK: Messages

  /// What became of the messages of the pattern at this place in the plan.
  package subscript(pattern: Int, counter: MessageCounter) -> UInt64 {
    @inline(__always) get { load(messageCell(pattern, counter)) }
    @inline(__always) nonmutating set { store(newValue, messageCell(pattern, counter)) }
  }

  @inline(__always)
  func add(_ pattern: Int, _ counter: MessageCounter) {
    self[pattern, counter] &+= 1
  }

  @inline(__always)
  func subtract(_ pattern: Int, _ counter: MessageCounter) {
    self[pattern, counter] &-= 1
  }

  private func messageCell(_ pattern: Int, _ counter: MessageCounter) -> Int {
    Offset.messages + (pattern * MessageCounter.count + counter.rawValue) * 8
  }

  // MARK: What peers say

  /// The most bytes that are kept of a wrong answer, or of what a peer says unasked; a multiple of 8.
  package static let mostSaid = 1024
  /// How many wrong answers to messages of one pattern are kept.
  static let mostWrongAnswers = 3

  /// Keeps what a peer says unasked, if nothing was kept before in the phase: servers that turn a connection away
  /// often say why.
  func keepUnasked(_ bytes: UnsafeRawBufferPointer) {
    guard load(Offset.unasked) == 0 else { return }
    unsafe keep(bytes, at: Offset.unasked)
  }

  /// Keeps a wrong answer to a message of the pattern at this place in the plan, if fewer than
  /// `mostWrongAnswers` were kept in the phase, and none that begins alike.
  ///
  /// - Parameter bytes: the bytes of the read that showed the answer to be wrong.
  @inline(never)
  func keepWrongAnswer(_ pattern: Int, _ bytes: UnsafeRawBufferPointer) {
    for index in 0..<Self.mostWrongAnswers {
      let place = Self.placeOfWrongAnswer(pattern, index)
      let count = Int(load(place))
      if count == 0 { return unsafe keep(bytes, at: place) }
      let kept = unsafe UnsafeRawBufferPointer(start: base + place + 8, count: count)
      if unsafe Self.beginAlike(kept, bytes.prefix(Self.mostSaid)) { return }
    }
  }

  /// Whether two answers have the same first line. The lines behind it often have dates and numbers that differ each
  /// time.
  package static func beginAlike(
    _ one: some Sequence<UInt8>, _ other: some Sequence<UInt8>
  ) -> Bool {
    let lineEnd = UInt8(ascii: "\n")
    var (one, other) = (one.makeIterator(), other.makeIterator())
    while true {
      let byte = one.next() ?? lineEnd
      if byte != other.next() ?? lineEnd { return false }
      if byte == lineEnd { return true }
    }
  }

  private static func placeOfWrongAnswer(_ pattern: Int, _ index: Int) -> Int {
    Offset.wrongs + (pattern * mostWrongAnswers + index) * (8 + mostSaid)
  }

  /// Writes a cell with the length; the bytes follow it.
  private func keep(_ bytes: UnsafeRawBufferPointer, at place: Int) {
    guard let first = bytes.baseAddress else { return }
    let count = min(bytes.count, Self.mostSaid)
    unsafe (base + place + 8).copyMemory(from: first, byteCount: count)
    // The length is written last, as it makes the bytes visible.
    unsafe cell(place).pointee.store(UInt64(count), ordering: .releasing)
  }

  /// Forgets what peers have said, as a phase begins: it does not explain what happens in this one. `refusals` are not
  /// forgotten, since they carry their phase.
  ///
  /// - Parameter patterns: how many the plan has. The places of others are not touched, so that they take no memory.
  func forgetSaid(patterns: Int) {
    unsafe cell(Offset.unasked).pointee.store(0, ordering: .releasing)
    for pattern in 0..<patterns {
      for index in 0..<Self.mostWrongAnswers
      where load(Self.placeOfWrongAnswer(pattern, index)) != 0 {
        unsafe cell(Self.placeOfWrongAnswer(pattern, index)).pointee.store(0, ordering: .releasing)
      }
    }
  }

  /// The first bytes that a peer said unasked in the phase; empty when none did.
  package var unasked: [UInt8] { kept(at: Offset.unasked) }

  /// The first wrong answers in the phase to messages of the pattern at this place in the plan, no two of which
  /// begin alike.
  package func wrongAnswers(_ pattern: Int) -> [[UInt8]] {
    (0..<Self.mostWrongAnswers).map { kept(at: Self.placeOfWrongAnswer(pattern, $0)) }.filter {
      !$0.isEmpty
    }
  }

  private func kept(at place: Int) -> [UInt8] {
    let count = unsafe cell(place).pointee.load(ordering: .acquiring)
    return unsafe Array(UnsafeRawBufferPointer(start: base + place + 8, count: Int(count)))
  }

  // MARK: Orders

  /// An order, and what belongs to it.
  package struct Command: Equatable, Sendable {
    package var order: Order
    /// The phase's place in the plan, from 0.
    package var phase: Int
    package var start: Instant
    /// For a `seek` task, how many connections all workers together are to hold; for a `storm`, how many connections
    /// this worker cuts; nil for other tasks.
    package var goal: Int?
    /// Counts the orders to one worker, so that an order given twice differs from the first.
    package var number: UInt64

    package init(
      order: Order, phase: Int, start: Instant, goal: Int? = nil, number: UInt64 = 0
    ) {
      self.order = order
      self.phase = phase
      self.start = start
      self.goal = goal
      self.number = number
    }
  }

  /// The coordinator's side: writes an order. The version is odd while the fields may belong to two orders (a
  /// seqlock): a worker that is awake for another reason may read meanwhile.
  package func post(_ command: Command) {
    let version = load(Offset.version)
    store(version &+ 1, Offset.version)
    atomicMemoryFence(ordering: .releasing)
    store(command.order.rawValue, Offset.order)
    store(UInt64(command.phase), Offset.order + 8)
    store(command.start.nanoseconds, Offset.order + 16)
    store(command.goal.map { UInt64($0) + 1 } ?? 0, Offset.order + 24)
    store(command.number, Offset.order + 32)
    unsafe cell(Offset.version).pointee.store(version &+ 2, ordering: .releasing)
  }

  /// The worker's side: reads the order. Nil while the coordinator is writing one: it wakes the worker
  /// when it has done so.
  func command() -> Command? {
    let version = unsafe cell(Offset.version).pointee.load(ordering: .acquiring)
    let goal = load(Offset.order + 24)
    let command = Command(
      order: Order(rawValue: load(Offset.order)) ?? .wait, phase: Int(load(Offset.order + 8)),
      start: Instant(nanoseconds: load(Offset.order + 16)),
      goal: goal == 0 ? nil : Int(goal - 1), number: load(Offset.order + 32))
    atomicMemoryFence(ordering: .acquiring)
    return version % 2 == 0 && version == load(Offset.version) ? command : nil
  }

  // MARK: Failures

  package var failures: FailureTable {
    unsafe FailureTable(base: base + Offset.failures)
  }

  /// Why layers on top of TCP were refused.
  package var refusals: RefusalTable {
    unsafe RefusalTable(base: base + Offset.refusals)
  }

  /// Where an attempt's failure is counted.
  struct CountedFailure: BitwiseCopyable {
    /// Its row in the `FailureTable`.
    var row: UInt16
    /// The row of what was said with it in the `RefusalTable`; nil where nothing was.
    var refusal: UInt8?
  }

  /// Notes that the connection of this failure is tried again.
  func markRetried(_ failure: CountedFailure) {
    failures.markRetried(failure.row)
    if let refusal = failure.refusal { refusals.markRetried(refusal) }
  }

  /// The connection of this failure was to be tried again, and the failure has cost it after all.
  func unmarkRetried(_ failure: CountedFailure) {
    failures.unmarkRetried(failure.row)
    if let refusal = failure.refusal { refusals.unmarkRetried(refusal) }
  }

  // MARK: What was driven

  package var driveLog: DriveLog {
    unsafe DriveLog(base: base + Offset.drive)
  }

  // MARK: Distributions

  package enum Latency: Int, CaseIterable, Sendable {
    /// Time until a connection is established, layers on top of TCP included, from the instant at which it was due.
    case connect
    /// As `connect`, from the call of connect(2).
    case connectUncorrected
    /// Time to the whole answer from the instant at which the message was due.
    case roundTrip
    /// Time to the whole answer from the instant at which the message was begun.
    case roundTripUncorrected
    /// How long after they were due connections, messages and delayed steps of conversations were begun.
    case drift
    /// Time that a handshake of TLS takes, from the instant at which TCP's is seen to be over.
    case secure

    static let count = 6
  }

  @inline(__always)
  func record(_ latency: Latency, nanoseconds: UInt64) {
    unsafe increment(bucket(latency, LatencyBuckets.index(of: nanoseconds)), by: 1)
  }

  /// For tests of long runs.
  func setCount(of latency: Latency, nanoseconds: UInt64, to count: UInt32) {
    unsafe bucket(latency, LatencyBuckets.index(of: nanoseconds)).pointee
      .store(count, ordering: .relaxed)
  }

  /// Adds to `totals` how many latencies each bucket has counted since the worker started.
  package func addCounts(of latency: Latency, to totals: inout [UInt64]) {
    for index in 0..<LatencyBuckets.count {
      totals[index] += UInt64(unsafe bucket(latency, index).pointee.load(ordering: .relaxed))
    }
  }

  // MARK: Sources

  /// - Parameter source: the source's place among the sources.
  @inline(__always)
  func addToSource(_ source: Int, _ change: Int32) {
    guard source < sources else { return }
    unsafe increment(sourceCell(source), by: UInt32(bitPattern: change))
  }

  /// Established connections that this client worker holds from a source address.
  package func held(bySource source: Int) -> UInt32 {
    unsafe sourceCell(source).pointee.load(ordering: .relaxed)
  }

  // MARK: Cells

  private func load(_ offset: Int) -> UInt64 {
    unsafe cell(offset).pointee.load(ordering: .relaxed)
  }

  private func store(_ value: UInt64, _ offset: Int) {
    unsafe cell(offset).pointee.store(value, ordering: .relaxed)
  }

  private func cell(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  private func bucket(_ latency: Latency, _ index: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
    let place = latency.rawValue * LatencyBuckets.count + index
    return unsafe (base + Offset.latencies).assumingMemoryBound(to: Atomic<UInt32>.self) + place
  }

  private func sourceCell(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe (base + Offset.sources).assumingMemoryBound(to: Atomic<UInt32>.self) + index
  }

  private func increment(_ cell: UnsafeMutablePointer<Atomic<UInt32>>, by amount: UInt32) {
    let value = unsafe cell.pointee.load(ordering: .relaxed)
    unsafe cell.pointee.store(value &+ amount, ordering: .relaxed)
  }
}
