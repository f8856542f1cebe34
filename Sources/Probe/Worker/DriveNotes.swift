import Linux
import Messages
import WorkerLog

/// The worker's side of its drive log: counts what is driven in the current tick, and writes the
/// tick down when it is over.
struct DriveNotes {
  private let log: DriveLog
  private var phase: Int?
  /// The phase still has to be written down.
  private var isNewPhase = false
  private var start = Instant(nanoseconds: 0)
  /// The tick that is counted now, and the one that was written last; since the phase began.
  private var tick: UInt64 = 0
  private var lastTick: UInt64 = 0
  private var arrivals: UInt32 = 0
  /// By pattern; as many as `MessagePattern.most`.
  private var messages = InlineArray<8, UInt32>(repeating: 0)
  private var isPending = false
  /// Of one tick: more than one with everything in it takes.
  private var entries = InlineArray<256, UInt8>(repeating: 0)
  private var length = 0

  init(_ log: DriveLog) {
    precondition(messages.count == MessagePattern.most)
    self.log = log
  }

  /// Ticks count from `start` on. A search begins the same phase again and again: it has one start.
  mutating func begin(phase: Int, at start: Instant) {
    guard phase != self.phase else { return }
    flush()
    (self.phase, self.start, isNewPhase) = (phase, start, true)
    (tick, lastTick) = (0, 0)
  }

  @inline(__always)
  mutating func countArrival(at now: Instant) {
    turn(to: now)
    arrivals &+= 1
  }

  @inline(__always)
  mutating func countMessage(_ pattern: Int, at now: Instant) {
    turn(to: now)
    messages[pattern] &+= 1
  }

  @inline(__always)
  private mutating func turn(to now: Instant) {
    let tick = now < start ? 0 : now.nanoseconds(since: start) / DriveEntry.tick
    if tick > self.tick {
      flush()
      // A full log makes the tick before take what belongs to this one: late, but not lost.
      if !isPending { self.tick = tick }
    }
    isPending = true
  }

  /// Writes the current tick down if the worker is not going to add to it.
  @inline(__always)
  mutating func flush(before wake: Instant?) {
    guard isPending else { return }
    let end = start.advanced(byNanoseconds: (tick + 1) * DriveEntry.tick)
    if wake.map({ $0 >= end }) ?? true { flush() }
  }

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
