import Linux
import Recording
import Testing

@testable import Host

/// Why a handshake has no answer, from what was seen on the way. Here the listener's queues; drops, resets
/// and refusals have files of their own.
@Suite struct PathDiagnosisTests {
  static let endpoint = "127.0.0.1:9000"

  func found(
    _ failure: FailureRecord = .failed("connect-timeout", nil), after: [Series.Key: Double] = [:],
    host: HostDescription = .box, demand: Demand = .million,
    _ see: (inout PathFindings) -> Void = { _ in }
  ) -> Diagnosed {
    var path = PathFindings()
    see(&path)
    // Every counter is there, and what is not said to have risen did not.
    var counters: [Series.Key: Double] = [
      .listenOverflows: 0, .listenDrops: 0, .requestQueueFull: 0,
    ]
    counters.merge(after) { $1 }
    return diagnose(failure, before: [:], after: counters, host: host, demand: demand, path: path)
  }

  static let elsewhere = Demand(
    goal: 1000, clientWorkers: .auto, serverWorkers: nil, bothEndsHere: false, sources: 4,
    portsPerSource: 1000, endpoints: 1)
  static let foreign = Demand(
    goal: 1000, clientWorkers: .auto, serverWorkers: nil, bothEndsHere: true, sources: 4,
    portsPerSource: 1000, endpoints: 1)

  static func listener(
    _ waiting: Int, of backlog: Int, drops: Int?
  ) -> [String: PathFindings.Listener] {
    [endpoint: PathFindings.Listener(mostWaiting: waiting, backlog: backlog, drops: drops)]
  }

  @Test func `another listener's overflow does not decide`() {
    let dropped = found(after: [.listenOverflows: 300, .listenDrops: 300]) {
      $0.listeners = Self.listener(0, of: 4096, drops: 0)
    }
    #expect(dropped.resource == .packetsDropped)
    #expect(dropped.knob != "net.core.somaxconn")
    #expect(value("dropped by this listener", in: dropped) == "0 packets")
  }

  @Test func `a listener that NAT leads past is no witness`() {
    let refused = FailureRecord.failed("connect", "ECONNREFUSED")
    for failure in [.failed("connect-timeout", nil), refused] {
      for listener in [Self.listener(0, of: 4096, drops: 0), [:]] {
        let past = found(failure, demand: Self.foreign) {
          $0.listeners = listener
          if listener.isEmpty { $0.withoutListener = [Self.endpoint] }
          $0.neverReached = [Self.endpoint]
        }
        #expect(past.resource == .unclassified)
        #expect(value("led elsewhere", in: past) != nil)
        #expect(value("rules that may lead elsewhere", in: past) == "nft list ruleset")
        #expect(value("somebody listens there", in: past) == nil)
      }
    }
    let dropped = found(demand: Self.foreign) {
      $0.listeners = Self.listener(0, of: 4096, drops: 0)
      $0.neverReached = [Self.endpoint]
      $0.dropsByReason = ["NETFILTER_DROP": 30]
      $0.unanswered = .init(handshakes: 9, sources: 1)
    }
    #expect(dropped.resource == .packetsDropped)
  }

  @Test func `the listener's own overflow does`() {
    let full = found(after: [.listenOverflows: 300, .listenDrops: 300]) {
      $0.listeners = Self.listener(4097, of: 4096, drops: 300)
    }
    #expect(full.resource == .acceptQueue)
    #expect(full.knob == "net.core.somaxconn")
    let theirs = found(after: [.listenOverflows: 9], demand: Self.foreign) {
      $0.listeners = Self.listener(6, of: 5, drops: 9)
    }
    #expect(theirs.resource == .acceptQueue)
    #expect(theirs.now == 5)
    #expect(value("waiting to be accepted", in: theirs) == "6, backlog 5")
  }

  @Test func `one in a namespace that can be asked is told as one of this host`() {
    let full = found(demand: Self.elsewhere) {
      $0.listeners = Self.listener(6, of: 5, drops: 9)
    }
    #expect(full.resource == .acceptQueue)
  }

  @Test func `ListenDrops without an overflow is a full SYN queue or a want of memory`() {
    let without = HostDescription.box { $0.sendsCookies = false }
    for path in [[:], Self.listener(0, of: 4096, drops: 40)] {
      // As many unfinished as the backlog: the kernel counts it.
      let ofBacklog = found(after: [.listenDrops: 40, .requestQueueFull: 40], host: without) {
        $0.listeners = path
      }
      #expect(value("SYN queue", in: ofBacklog)?.contains("backlog (4,096)") == true)
      #expect(value("or", in: ofBacklog) == nil)
      // Near `tcp_max_syn_backlog`: it does not.
      let ofSetting = found(after: [.listenDrops: 40], host: without) { $0.listeners = path }
      #expect(value("or", in: ofSetting) == "sysctl -w net.ipv4.tcp_max_syn_backlog=69000")
      for queue in [ofBacklog, ofSetting] {
        #expect(queue.resource == .packetsDropped)
        #expect(queue.fix == "sysctl -w net.ipv4.tcp_syncookies=1")
      }
      let memory = found(
        after: [.listenDrops: 40], host: .box { $0.sendsCookies = true }
      ) { $0.listeners = path }
      #expect(memory.resource == .unclassified)
    }
  }

  @Test func `a server that does not accept is not told to have a longer queue`() throws {
    func phantoms(
      _ count: Int, _ listener: PathFindings.Listener, stillAccepts: Bool = false
    ) throws -> Diagnosed? {
      var path = PathFindings()
      path.stillAccepts = stillAccepts
      // One had a connection waiting, once.
      path.listeners = [
        "127.0.0.1:1": PathFindings.Listener(
          mostWaiting: 9999, atLastLook: 0, backlog: 4096, drops: 0),
        Self.endpoint: listener,
      ]
      return diagnosePhantoms(
        count, at: ["127.0.0.1:1", Self.endpoint], before: [:], after: [:], host: .box,
        demand: Self.foreign, path: path)
    }
    for waiting in [500, 4097] {
      let listener = PathFindings.Listener(mostWaiting: waiting, backlog: 4096, drops: 0)
      let idle = try #require(try phantoms(waiting, listener))
      #expect(idle.resource == .acceptQueue)
      #expect(idle.knob == nil && idle.now == nil)
      #expect(value("endpoint", in: idle) == Self.endpoint)
      #expect(value("the queue", in: idle) == "does not move: the server does not accept")
    }
    let slow = try #require(
      try phantoms(
        5000, PathFindings.Listener(mostWaiting: 3000, backlog: 4096, drops: 0), stillAccepts: true)
    )
    #expect(value("the queue", in: slow)?.hasPrefix("moves: the server accepts too slowly") == true)
    // Four queues with a quarter each.
    var four = PathFindings()
    let names = (1...4).map { "127.0.0.\($0):1" }
    for name in names {
      four.listeners[name] = PathFindings.Listener(mostWaiting: 25, backlog: 4096, drops: 0)
    }
    let shared = diagnosePhantoms(
      100, at: names, before: [:], after: [:], host: .box, demand: Self.foreign, path: four)
    #expect(shared?.resource == .acceptQueue)
    // A stranger's that waits explains nothing.
    #expect(
      try phantoms(
        30_000, PathFindings.Listener(mostWaiting: 200, atLastLook: 1, backlog: 4096, drops: 0))
        == nil)
    let emptied = try #require(
      try phantoms(
        500, PathFindings.Listener(mostWaiting: 4097, atLastLook: 0, backlog: 4096, drops: 250)))
    #expect(value("endpoint", in: emptied) == Self.endpoint)
    #expect(emptied.knob == "the server's backlog")
  }

  @Test func `a fix of the accept queue names every bound that has to move`() {
    let overflown: [Series.Key: Double] = [.listenOverflows: 5, .listenDrops: 5]
    let both = found(after: overflown)
    #expect(both.knob == "net.core.somaxconn")
    #expect(
      both.fix == "sysctl -w net.core.somaxconn=18519  # and in the plan: server: {backlog: 18519}")
    let host = found(after: overflown, demand: .million { $0.backlog = 20_000 })
    #expect(host.fix == "sysctl -w net.core.somaxconn=18519")
    let plan = found(
      after: overflown, host: .box { $0.somaxconn = 100_000 },
      demand: .million { $0.backlog = 70_000 })
    #expect(plan.fix == nil)
    #expect(plan.needed == nil)
  }

  @Test func `both queues at once are not told apart by counters of all listeners`() {
    let both = found(after: [.listenOverflows: 5, .requestQueueFull: 5]) {
      $0.listeners = Self.listener(3, of: 4096, drops: 6)
    }
    #expect(both.resource == .unclassified)
    #expect(value("not told apart", in: both) != nil)
  }

  @Test func `a listener that has dropped a few of many handshakes is not the cause`() {
    let full = PathFindings.Listener(mostWaiting: 6, backlog: 5, drops: 2)
    func found(drops: Int) -> Diagnosed {
      self.found(after: [.listenOverflows: Double(drops)]) {
        var other = full
        other.drops = drops - 2
        $0.listeners = [Self.endpoint: full, "127.0.0.1:9": other]
        $0.listeners[Self.endpoint]?.isFullWhileUnanswered = true
      }
    }
    #expect(found(drops: 5).resource == .packetsDropped)
    // Failures name one endpoint, and are those of all.
    #expect(found(drops: 12).resource == .acceptQueue)
  }

  @Test func `counters that are all that is known are said to be of the namespace`() {
    let told = found(after: [.listenOverflows: 5, .listenDrops: 5])
    #expect(told.resource == .acceptQueue)
    #expect(value("counters", in: told)?.contains("network namespace") == true)
  }
}
