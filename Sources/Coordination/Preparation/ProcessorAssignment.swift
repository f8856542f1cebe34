import Host

/// Which processors the workers of each end may run on.
///
/// Where messages are due at set instants and every worker can have a processor of its own, the two ends get
/// different processors. If they shared them, the kernel would wake a server on the processor of the client that
/// has just sent to it (`wake_affine` in kernel/sched/fair.c). The server may then wait for milliseconds, until
/// the client's turn is over. Where only answers set the pace, no message is due at a set instant, and the kernel
/// chooses the processors.
struct ProcessorAssignment: Equatable {
  /// Numbers of processors; empty where any will do.
  let servers: [Int]
  let clients: [Int]
  /// Whether a client may stay awake until a message is due: no other worker needs its processor.
  let mayWaitAwake: Bool

  /// - Parameter paced: whether messages are due at set instants.
  init(servers: Int, clients: Int, on processors: Processors, paced: Bool) {
    mayWaitAwake = paced && servers + clients <= processors.usable
    guard mayWaitAwake, servers > 0 else {
      (self.servers, self.clients) = ([], [])
      return
    }
    // Shares out all processors in proportion to each end's number of workers, and not just one per worker: with
    // some to spare, the kernel can move workers out of other programs' way.
    let allowed = processors.allowed
    let part = allowed.count * servers / (servers + clients)
    let count = min(max(part, servers), allowed.count - clients)
    self.servers = Array(allowed[..<count])
    self.clients = Array(allowed[count...])
  }
}
