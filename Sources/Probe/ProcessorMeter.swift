import Linux

/// Puts the processor time that a worker has used on its board: often enough for a sample a
/// second, rarely enough to cost nothing.
struct ProcessorMeter {
  private static let interval: UInt64 = 250_000_000
  private var next = Instant(nanoseconds: 0)

  mutating func publish<System: Kernel & ~Copyable>(
    _ kernel: inout System, to board: Scoreboard, at now: Instant
  ) {
    guard now >= next else { return }
    publishNow(&kernel, to: board, at: now)
  }

  mutating func publishNow<System: Kernel & ~Copyable>(
    _ kernel: inout System, to board: Scoreboard, at now: Instant
  ) {
    next = now.advanced(byNanoseconds: Self.interval)
    let time = kernel.processorTime()
    board[.userTime] = time.user
    board[.systemTime] = time.system
  }
}
