import Linux
import Messages
import WorkerLog

/// Counts the connections and messages that the worker begins in the current tick of
/// `DriveEntry.tick` nanoseconds, and writes the counts to the drive log when the tick is over.
struct DriveNotes {
  private let log: DriveLog
  /// The phase's place in the plan; nil before the first.
  private var phase: Int?
  /// Whether the log has no entry of the phase yet.
  private var isNewPhase = false
  /// When the phase began.
  private var start = Instant(nanoseconds: 0)
  /// The number of the tick whose counts are below; tick 0 begins at `start`.
  private var tick: UInt64 = 0
  /// The number of the tick that was written last.
  private var lastTick: UInt64 = 0
  /// Connections begun in `tick`.
  private var arrivals: UInt32 = 0
  /// Messages begun in `tick`, by pattern; room for `MessagePattern.most` patterns.
  private var messages = InlineArray<64, UInt32>(repeating: 0)
  /// Whether there are counts that are not written yet.
  private var isPending = false
  /// The first `length` bytes are the entries of one tick. There is room for the longest: a new
  /// phase, arrivals, and messages of every pattern, 7 bytes each as only the first has ticks.
  private var entries = InlineArray<512, UInt8>(repeating: 0)
  private var length = 0

  init(_ log: DriveLog) {
    precondition(messages.count == MessagePattern.most)
    self.log = log
  }

  /// Numbers ticks from `start` on. Does nothing where the phase is the current one: a search
  /// begins its phase anew with each step, and only the first start counts.
  mutating func begin(phase: Int, at start: Instant) {
    guard phase != self.phase else { return }
    flush()
    (self.phase, self.start, isNewPhase) = (phase, start, true)
    (tick, lastTick) = (0, 0)
  }

  @inline(__always)
  mutating func countArrival(at now: Instant) {
    goToTick(of: now)
    arrivals &+= 1
  }

  @inline(__always)
  mutating func countMessage(_ pattern: Int, at now: Instant) {
    goToTick(of: now)
    messages[pattern] &+= 1
  }

  /// Prepares to count something at `now`. If `now` lies in a later tick, writes `tick` down first.
  @inline(__always)
  private mutating func goToTick(of now: Instant) {
    let tick = now < start ? 0 : now.nanoseconds(since: start) / DriveEntry.tick
    if tick > self.tick {
      flush()
      // The log may have had no room. Then the earlier tick takes the counts of this one, too: they
      // are recorded too early, but not lost.
      if !isPending { self.tick = tick }
    }
    isPending = true
  }

  /// Writes the current tick down if it will be over when the worker wakes.
  ///
  /// - Parameter wake: when the worker wakes; nil when only an event will wake it.
  @inline(__always)
  mutating func flush(before wake: Instant?) {
    guard isPending else { return }
    let end = start.advanced(byNanoseconds: (tick + 1) * DriveEntry.tick)
    if wake.map({ $0 >= end }) ?? true { flush() }
  }

  /// Writes the current tick down. Does nothing while the log has no room: a later call writes it.
  mutating func flush() {
    guard isPending, log.room >= entries.count else { return }
    length = 0
    if isNewPhase {
      append(DriveEntry(.phase(phase ?? 0), ticks: 0))
      isNewPhase = false
    }
    var ticks = tick - lastTick
    if arrivals > 0 {
      append(DriveEntry(.arrivals, ticks: ticks, count: UInt64(arrivals)))
      (arrivals, ticks) = (0, 0)
    }
    for pattern in messages.indices where messages[pattern] > 0 {
      append(
        DriveEntry(.messages(pattern: pattern), ticks: ticks, count: UInt64(messages[pattern])))
      (messages[pattern], ticks) = (0, 0)
    }
    lastTick = tick
    isPending = false
    log.append(entries.span.extracting(first: length))
  }

  private mutating func append(_ entry: DriveEntry) { entry.write { append(byte: $0) } }

  private mutating func append(byte: UInt8) {
    entries[length] = byte
    length += 1
  }
}
