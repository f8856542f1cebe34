import Linux
import Messages
import WorkerLog

/// Counts what the worker drives in the current tick, and writes the tick to the drive log when it
/// is over.
struct DriveNotes {
  private let log: DriveLog
  private var phase: Int?
  /// Whether the log has no entry of the phase yet.
  private var isNewPhase = false
  private var start = Instant(nanoseconds: 0)
  /// The number of the tick that is counted now, from 0 at the phase's `start`.
  private var tick: UInt64 = 0
  /// The number of the tick that was written last.
  private var lastTick: UInt64 = 0
  private var arrivals: UInt32 = 0
  /// Messages by pattern; as many patterns as `MessagePattern.most`.
  private var messages = InlineArray<8, UInt32>(repeating: 0)
  /// Whether something was counted in `tick` and is not written yet.
  private var isPending = false
  /// The bytes of one tick, `length` of them: more room than a tick with everything in it takes.
  private var entries = InlineArray<256, UInt8>(repeating: 0)
  private var length = 0

  init(_ log: DriveLog) {
    precondition(messages.count == MessagePattern.most)
    self.log = log
  }

  /// Numbers ticks from `start` on. A search begins its phase again and again: only the first start
  /// counts.
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

  @inline(__always)
  private mutating func goToTick(of now: Instant) {
    let tick = now < start ? 0 : now.nanoseconds(since: start) / DriveEntry.tick
    if tick > self.tick {
      flush()
      // While the log is full, the earlier tick takes what belongs to this one: early, but not
      // lost.
      if !isPending { self.tick = tick }
    }
    isPending = true
  }

  /// Writes the current tick down if it is over before the worker wakes; `wake` is nil when only an
  /// event will wake it.
  @inline(__always)
  mutating func flush(before wake: Instant?) {
    guard isPending else { return }
    let end = start.advanced(byNanoseconds: (tick + 1) * DriveEntry.tick)
    if wake.map({ $0 >= end }) ?? true { flush() }
  }

  /// Writes the current tick down; leaves it for later while the log has no room.
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
