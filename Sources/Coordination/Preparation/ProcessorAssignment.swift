import Host

/// Which processors the workers of each end may run on.
///
/// Where messages are due at instants and every worker can have a processor, the two ends are kept
/// apart. Otherwise the kernel wakes a server on the processor of the client that has just sent to it
/// (`wake_affine` in kernel/sched/fair.c), where it may wait for milliseconds, until the client's
/// turn is over. Where only answers set the pace nobody waits for an instant, and the kernel places
/// the ends.
struct ProcessorAssignment: Equatable {
  /// Numbers of processors; empty where any will do.
  let servers: [Int]
  let clients: [Int]
  /// Whether a client may wait awake for a message's instant: no other worker needs its processor.
  let mayWaitAwake: Bool

  /// - Parameter paced: whether messages are due at instants.
  init(servers: Int, clients: Int, on processors: Processors, paced: Bool) {
    mayWaitAwake = paced && servers + clients <= processors.usable
    guard mayWaitAwake, servers > 0 else {
      (self.servers, self.clients) = ([], [])
      return
    }
    // Shares out all processors, by each end's number of workers: with some to spare the kernel can
    // move workers out of other programs' way.
    let allowed = processors.allowed
    let part = allowed.count * servers / (servers + clients)
    let count = min(max(part, servers), allowed.count - clients)
    self.servers = Array(allowed[..<count])
    self.clients = Array(allowed[count...])
  }
}
