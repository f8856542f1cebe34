import Host

/// Which processors the workers of each end may run on.
///
/// Where messages have instants and every worker can have a processor, the two ends are kept apart.
/// Else the kernel wakes a server on the processor of the client that has just sent to it
/// (`wake_affine` in kernel/sched/fair.c), where it may wait for milliseconds, until the client's
/// turn is over. Where only answers set the pace nobody waits for an instant, and the kernel places
/// the ends.
struct ProcessorAssignment: Equatable {
  /// Empty where any will do.
  let servers: [Int]
  let clients: [Int]
  /// Whether a client may wait awake for a message's instant: it takes a processor from nobody.
  let isRoomy: Bool

  /// - Parameter paced: whether messages have instants to be sent at.
  init(servers: Int, clients: Int, on processors: Processors, paced: Bool) {
    isRoomy = paced && servers + clients <= processors.usable
    guard isRoomy, servers > 0 else {
      (self.servers, self.clients) = ([], [])
      return
    }
    // To each end its part; what is left over lets the kernel move workers out of others' way.
    let allowed = processors.allowed
    let part = allowed.count * servers / (servers + clients)
    let count = min(max(part, servers), allowed.count - clients)
    self.servers = Array(allowed[..<count])
    self.clients = Array(allowed[count...])
  }
}
