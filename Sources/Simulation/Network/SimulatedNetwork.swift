package import Addressing
package import SystemPackage

/// One host's TCP in virtual time, shared by its simulated processes.
///
/// Everything is deterministic, and chance comes from a seed. Time passes in system calls
/// (`Dials.costPerCall`), while all processes wait, and when somebody calls `advance`. With no latency a
/// handshake is over when `connect` returns, as it is on loopback.
package final class SimulatedNetwork {
  /// Why a handshake fails.
  struct Refusal {
    package let error: Errno
  }

  /// What a test or a host can set: the network's pace, its bounds, and what goes wrong in it.
  package struct Dials {
    /// Nanoseconds that a segment is under way.
    package var latency: UInt64
    /// Nanoseconds that every system call takes.
    package var costPerCall: UInt64
    /// fs.file-max.
    package var descriptors: Int
    /// fs.epoll.max_user_watches.
    package var watches: Int
    /// Sockets that fit into memory.
    package var sockets: Int
    /// How many bytes may be under way to a socket, or received there and not read. Beyond them its peer cannot
    /// send.
    package var bufferSize: Int
    /// Addresses that this host does not have.
    package var missingAddresses: Set<IPAddress>
    /// Ports that other programs have, on all addresses.
    package var takenPorts: Set<UInt16>
    /// Addresses and ports that other programs have.
    package var takenAddresses: Set<SocketAddress>
    /// Endpoints to which all SYNs are lost.
    package var silentEndpoints: Set<SocketAddress>
    /// Endpoints that answer a SYN with an error.
    package var refusals: [SocketAddress: Errno]
    /// Share of SYNs that get lost, from 0 to 1.
    package var loss: Double
    /// net.netfilter.nf_conntrack_max; nil where connections are not tracked.
    package var conntrack: Int?
    /// How late a wait ends after its deadline, in nanoseconds.
    package var timerLateness: UInt64

    package init(
      latency: UInt64 = 0, costPerCall: UInt64 = 0, descriptors: Int = .max, watches: Int = .max,
      sockets: Int = .max, bufferSize: Int = 65_536, missingAddresses: Set<IPAddress> = [],
      takenPorts: Set<UInt16> = [], takenAddresses: Set<SocketAddress> = [],
      silentEndpoints: Set<SocketAddress> = [], refusals: [SocketAddress: Errno] = [:],
      loss: Double = 0, conntrack: Int? = nil, timerLateness: UInt64 = 0
    ) {
      self.latency = latency
      self.costPerCall = costPerCall
      self.descriptors = descriptors
      self.watches = watches
      self.sockets = sockets
      self.bufferSize = bufferSize
      self.missingAddresses = missingAddresses
      self.takenPorts = takenPorts
      self.takenAddresses = takenAddresses
      self.silentEndpoints = silentEndpoints
      self.refusals = refusals
      self.loss = loss
      self.conntrack = conntrack
      self.timerLateness = timerLateness
    }
  }

  /// How often a SYN is sent again (tcp_syn_retries): first after a second, then each time after twice
  /// as long.
  static let synRetries = 6
  /// How long a tuple stays in TIME_WAIT, in nanoseconds.
  static let timeWait: UInt64 = 60_000_000_000

  package var dials: Dials
  /// Nanoseconds.
  package private(set) var now: UInt64 = 1_000_000_000
  package internal(set) var books = NetworkBooks()
  /// The instant, in nanoseconds, beyond which no wait of a process lets time pass.
  package var horizon = UInt64.max
  package private(set) var processes: [SimulatedProcess] = []
  /// Whether sockets note where each write to them ends: see `SimulatedSocket.writeBoundaries`.
  package var keepsWriteBoundaries = false
  private var agenda = EventQueue()
  private var generator: SeededGenerator

  // In use now, by all processes together.
  var descriptors = 0
  var watches = 0
  var sockets = 0
  /// SYNs that found an accept queue full, or no room for another socket.
  private(set) var overflows = 0
  /// SYNs for which connection tracking had no entry left.
  private(set) var conntrackDrops = 0
  /// Endpoints at which a SYN has found no listener, and at which none has begun to listen since.
  private(set) var withoutListener: Set<SocketAddress> = []
  private var listeners: [SocketAddress: SimulatedSocket] = [:]
  var bindings = Bindings()

  package init(_ dials: Dials = Dials(), seed: UInt64 = 0) {
    self.dials = dials
    generator = SeededGenerator(seed: seed)
  }

  func attach(_ process: SimulatedProcess) {
    processes.append(process)
  }

  // MARK: Time

  /// The next instant at which a segment arrives or a wait ends, at most `horizon`; nil for never.
  package var nextInstant: UInt64? {
    var next = agenda.nextInstant
    for process in processes where !process.isStopped {
      if let deadline = process.deadline { next = min(next ?? deadline, deadline) }
    }
    return next.map { min($0, horizon) }
  }

  /// Whether a process other than `own` has something to do before time may pass.
  package func hasWork(besides own: SimulatedProcess?) -> Bool {
    processes.contains { $0 !== own && $0.isRunnable }
  }

  /// Whether nothing will ever happen again unless somebody outside gives an order.
  var isAsleep: Bool { !hasWork(besides: nil) && nextInstant == nil }

  /// Lets time pass until an instant, and all events up to it happen.
  package func advance(to instant: UInt64) {
    while let next = agenda.nextInstant, next <= instant, let event = agenda.take() {
      now = max(now, next)
      perform(event)
    }
    now = max(now, instant)
  }

  /// Lets an event happen after `Dials.latency`; at once where that is 0.
  func transmit(_ event: NetworkEvent) {
    if dials.latency == 0 {
      perform(event)
    } else {
      agenda.put(event, at: now + dials.latency)
    }
  }

  // MARK: Handshakes

  /// Returns false when another socket listens at the address.
  func listen(_ socket: SimulatedSocket, at address: SocketAddress) -> Bool {
    guard listeners[address] == nil else { return false }
    listeners[address] = socket
    withoutListener.remove(address)
    return true
  }

  func stopListening(at address: SocketAddress) {
    listeners[address] = nil
  }

  /// How many connections wait to be accepted and stand at their clients, so that these still hold them.
  var standingUnaccepted: Int {
    listeners.values.reduce(0) { $0 + $1.queue.count(where: \.standsAtBothEnds) }
  }

  /// How many entries connection tracking has.
  var trackedTuples: Int { bindings.trackedTuples(at: now) }

  /// Tuples in TIME_WAIT.
  var timeWaits: Int { bindings.waitingTuples(at: now) }

  /// The listeners, in the order of their addresses as text.
  var listening: [(address: SocketAddress, waiting: Int, backlog: Int, drops: Int)] {
    listeners.map { ($0.key, $0.value.queue.count, $0.value.backlog, $0.value.drops) }
      .sorted { "\($0.0)" < "\($1.0)" }
  }

  private func perform(_ event: NetworkEvent) {
    switch event {
    case .syn(let client, let attempt): synArrived(from: client, attempt: attempt)
    case .synAck(let client, let child):
      guard client.state == .connecting else { return transmit(.reset(child)) }
      client.becomeEstablished(with: child)
      transmit(.acknowledgement(child))
    case .acknowledgement(let child): child.enterQueue()
    case .refusal(let client, let refusal):
      if client.state == .connecting { client.fail(refusal.error) }
    case .bytes(let socket, let bytes): socket.bytesArrived(bytes)
    case .fin(let socket): socket.finArrived()
    case .reset(let socket): socket.resetArrived()
    }
  }

  private func synArrived(from client: SimulatedSocket, attempt: Int) {
    guard client.state == .connecting, let endpoint = client.remote else { return }
    if let error = dials.refusals[endpoint] {
      return transmit(.refusal(client, Refusal(error: error)))
    }
    if let most = dials.conntrack, trackedTuples > most {
      conntrackDrops += 1
      return retry(client, attempt: attempt)
    }
    let isLost = dials.loss > 0 && generator.chance(dials.loss)
    guard !isLost, !dials.silentEndpoints.contains(endpoint) else {
      return retry(client, attempt: attempt)
    }
    guard let listener = listeners[endpoint] else {
      withoutListener.insert(endpoint)
      return transmit(.refusal(client, Refusal(error: .connectionRefused)))
    }
    // One more than the backlog fits: the kernel, too, compares with "greater than".
    guard listener.queue.count + listener.halfOpen <= listener.backlog, sockets < dials.sockets
    else {
      overflows += 1
      listener.drops += 1
      return retry(client, attempt: attempt)
    }
    transmit(.synAck(client, child: SimulatedSocket(childOf: listener, client: client)))
  }

  /// Has the client send its SYN again after a pause, or give up after the last retry.
  private func retry(_ client: SimulatedSocket, attempt: Int) {
    let pause = UInt64(1_000_000_000) << UInt64(attempt)
    agenda.put(
      attempt < Self.synRetries
        ? .syn(client, attempt: attempt + 1) : .refusal(client, Refusal(error: .timedOut)),
      at: now + pause)
  }
}
