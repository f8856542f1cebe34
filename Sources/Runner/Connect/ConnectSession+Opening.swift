import Addressing
import Coordination
import Host
import Linux
import Probe
import Recording
import SystemPackage
import WorkerLog

/// How connections are opened.
extension ConnectSession {
  /// The most connections to begin before looking at events again.
  private static var burst: Int { 64 }

  /// Takes an order to open this many connections; `advanceOpening` carries it out.
  mutating func open(_ count: Int) {
    orderCount += 1
    opening = OpenOrder(
      number: orderCount, total: count, rate: options.rate, start: .now(),
      before: kernel.readings().values)
  }

  /// Begins the connections that are due. Once no more are to be begun and no handshake is under
  /// way, reports how the order went.
  mutating func advanceOpening() {
    var remaining = Self.burst
    while remaining > 0, let due = opening?.due, due <= .now() {
      remaining -= 1
      opening?.begun += 1
      beginOne()
    }
    if let done = opening, done.isOver {
      opening = nil
      report(done)
    }
  }

  /// Begins one connection: tries one pair of source and port after another until one is free.
  private mutating func beginOne() {
    var socket: FileDescriptor?
    // A failure at a source that none of this session's own connections has. It is reported if
    // every source turns out to be taken.
    var takenFailure: (call: FailedCall, error: Errno, source: SocketAddress?)?
    var ownSources: Set<SocketAddress>?
    for _ in 0..<route.tupleCount {
      let source = route.nextSource()
      var call = FailedCall.socket
      do throws(Errno) {
        if socket == nil { socket = try preparedSocket() }
        let descriptor = socket!
        if let source {
          call = .bind
          try Socket.bind(descriptor, to: source)
        }
        call = .connect
        try Socket.connect(descriptor, to: route.endpoint)
      } catch {
        // Where `connect` fails, the socket is bound, and it cannot be bound again. So the next
        // source gets a new one.
        if call == .connect, let descriptor = socket {
          Socket.close(descriptor)
          socket = nil
        }
        if let source, call.isTaken(error) {
          ownSources = ownSources ?? Set(table.connections.compactMap(\.source))
          if ownSources?.contains(source) == true { continue }
          // A failed bind is preferred, since it proves that somebody else has the port. A failed
          // connect may be due to TIME_WAIT only.
          if takenFailure == nil || (takenFailure?.call == .connect && call == .bind) {
            takenFailure = (call, error, source)
          }
          continue
        }
        if let descriptor = socket { Socket.close(descriptor) }
        return countFailure(call, error, source: source)
      }
      return register(socket!, source: source)
    }
    if let descriptor = socket { Socket.close(descriptor) }
    if let takenFailure {
      countFailure(takenFailure.call, takenFailure.error, source: takenFailure.source)
    } else {
      countFailure(.connect, .addressNotAvailable, source: nil)
    }
    // Every pair of source and port is in use, so the connections left would fail as well.
    opening?.isStopped = true
  }

  private func preparedSocket() throws(Errno) -> FileDescriptor {
    let socket = try Socket.open(v6: route.endpoint.ip.isV6)
    do throws(Errno) {
      try Socket.reuseAddress(socket)
      // So no TIME_WAIT stays behind, even when this process is killed.
      try Socket.resetOnClose(socket, true)
    } catch {
      Socket.close(socket)
      throw error
    }
    return socket
  }

  private mutating func register(_ socket: FileDescriptor, source: SocketAddress?) {
    let connection = table.insert(socket, orderNumber: orderCount, source: source, began: .now())
    do throws(Errno) {
      try Epoll.control(epoll, .add, socket, connection.wanted, token: connection.token)
      opening?.connecting += 1
      handshakes.append(connection.token)
    } catch {
      table.remove(connection)
      Socket.close(socket)
      countFailure(.epollControl, error, source: source)
    }
  }

  mutating func finishHandshake(_ connection: PeerConnection) {
    opening?.connecting -= 1
    if let error = Socket.handshakeError(connection.descriptor) {
      abandon(connection, .connect, error)
      return
    }
    table.establish(connection)
    opening?.noteEstablished()
    watch(connection.descriptor)
  }

  /// Gives up the handshakes whose time is over.
  mutating func expireHandshakes() {
    var finishedCount = 0
    let now = Instant.now()
    for token in handshakes {
      if let connection = table.connection(of: token), connection.state == .connecting {
        guard connection.began.advanced(by: options.timeout) <= now else { break }
        opening?.connecting -= 1
        abandon(connection, .connectTimeout, nil)
      }
      finishedCount += 1
    }
    handshakes.removeFirst(finishedCount)
  }

  private mutating func abandon(
    _ connection: PeerConnection, _ call: FailedCall, _ error: Errno?
  ) {
    table.remove(connection)
    Socket.close(connection.descriptor)
    countFailure(call, error, source: connection.source)
  }

  /// Counts a connection that could not be opened, and stops the order where more would fail as
  /// well.
  private mutating func countFailure(
    _ call: FailedCall, _ error: Errno?, source: SocketAddress?
  ) {
    table.failed += 1
    note(call, error, source: source)
    opening?.noteFailure(isHopeless: call == .socket || call == .epollControl)
  }

  /// Records a failure that keeps the current order to open connections from its goal.
  mutating func note(_ call: FailedCall, _ error: Errno?, source: SocketAddress?) {
    opening?.failures.add(
      call, error, at: Instant.now().seconds(since: started), established: table.open,
      source: source, endpoint: route.endpoint)
  }

  // MARK: Telling

  /// Says how many of an order's connections stand, and which limits kept it from more.
  private mutating func report(_ done: OpenOrder) {
    let took = Format.duration(seconds: Instant.now().seconds(since: done.start))
    let isShort = done.standing < done.total
    let share = isShort ? "\(Format.count(done.standing)) of " : ""
    let (word, verb) =
      done.total == 1 && !isShort ? ("connection", "stands") : ("connections", "stand")
    var text = "\(share)\(Format.count(done.total)) \(word) to \(route.endpoint) \(verb)"
    text += descriptors(ofOrder: done.number) + ", in \(took)\n"
    if done.begun < done.total {
      text += "\(Format.count(done.total - done.begun)) were not tried any more\n"
    }
    let finder = LimitFinder(
      host: host, demand: demand(done), prediction: [], before: done.before,
      after: kernel.readings().values)
    let phase = PhaseRecord(
      name: "connect", kind: .ramp, title: "connect", planLine: 0, goal: done.total,
      established: done.standing)
    if isShort {
      fellShort = true
      for failure in done.failures.records {
        for limit in finder.limits(
          of: phase, failures: [failure], memoryGuard: nil, workerDied: false)
        {
          text += limit.told
        }
      }
    }
    screen.warn(text)
  }

  /// The lowest and the highest descriptor of the order's connections that stand, in words.
  private func descriptors(ofOrder number: Int) -> String {
    let numbers = table.connections.filter { $0.orderNumber == number }.map(\.descriptor.rawValue)
    guard let first = numbers.first, let last = numbers.last else { return "" }
    return first == last ? ", descriptor \(first)" : ", descriptors \(first) to \(last)"
  }

  /// What the order asked of this host, with the connections of earlier orders that stand.
  private func demand(_ done: OpenOrder) -> Demand {
    var demand = Demand(
      goal: table.open - done.standing + done.total, clientWorkers: .count(1), serverWorkers: nil,
      bothEndsHere: route.isHere, sources: route.sources.count,
      portsPerSource: route.ports?.count ?? host.localPorts?.count ?? 1, endpoints: 1)
    demand.clientOverhead = ConnectSession.ownDescriptors
    return demand
  }

  /// The most descriptors that this process holds besides its connections: standard input, output
  /// and error, epoll, the signals, and the files that `KernelSeries` keeps open.
  static var ownDescriptors: Int { 32 }
}
