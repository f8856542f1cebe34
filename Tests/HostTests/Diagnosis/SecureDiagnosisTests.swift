import Recording
import Testing

@testable import Host

/// Why TLS's handshake came to nothing, though the client's kernel said that TCP's was over.
@Suite struct SecureDiagnosisTests {
  private static let endpoint = "127.0.0.1:9000"
  private static let foreign = PathDiagnosisTests.foreign
  private static let timeout = FailureRecord.failed("tls", "ETIMEDOUT")

  private func found(
    _ failure: FailureRecord = timeout, after: [Series.Key: Double] = [:],
    host: HostDescription = .box, demand: Demand = foreign, processors: ProcessorFindings? = nil,
    _ see: (inout PathFindings) -> Void = { _ in }
  ) -> Diagnosed {
    var path = PathFindings()
    see(&path)
    var counters: [Series.Key: Double] = [.listenOverflows: 0, .listenDrops: 0]
    counters.merge(after) { $1 }
    return diagnose(
      failure, before: [:], after: counters, host: host, demand: demand, path: path,
      processors: processors)
  }

  /// - Parameter most: connections that waited at the look that found the most.
  private func listener(
    _ waiting: Int, most: Int? = nil, of backlog: Int, drops: Int?
  ) -> [String: PathFindings.Listener] {
    [
      Self.endpoint: PathFindings.Listener(
        mostWaiting: most ?? waiting, atLastLook: waiting, backlog: backlog, drops: drops)
    ]
  }

  @Test func `who waits in a queue that nobody empties has not been accepted`() {
    let idle = found { $0.listeners = listener(12, of: 4096, drops: 0) }
    #expect(idle.resource == .acceptQueue)
    #expect(idle.knob == nil)
    #expect(value("the queue", in: idle) == "does not move: the server does not accept")
    #expect(value("waiting to be accepted", in: idle) == "12, backlog 4,096")
    let slow = found {
      $0.listeners = listener(12, of: 4096, drops: 0)
      $0.stillAccepts = true
    }
    #expect(value("the queue", in: slow)?.hasPrefix("moves") == true)
    // Fewer than half of the twelve that failed.
    #expect(found { $0.listeners = listener(5, of: 4096, drops: 0) }.resource == .unclassified)
    // A queue that is empty again explains nothing; the evidence has what waited.
    let emptied = found { $0.listeners = listener(0, most: 12, of: 4096, drops: 0) }
    #expect(emptied.resource == .unclassified)
    #expect(value("waiting to be accepted", in: emptied) == "12, backlog 4,096")
  }

  @Test func `a full queue drops what ends TCP's handshake, and the client does not notice`() {
    let full = found(after: [.listenOverflows: 40]) {
      $0.listeners = listener(0, most: 5, of: 4, drops: 40)
    }
    #expect(full.resource == .acceptQueue)
    #expect(full.knob == "the server's backlog")
    #expect(full.now == 4)
    #expect(value("TCP's handshake", in: full) != nil)
    let own = found(demand: .million) {
      $0.listeners = listener(1, most: 4097, of: 4096, drops: 40)
    }
    #expect(own.resource == .acceptQueue)
    #expect(own.fix?.contains("somaxconn") == true)
    // It has dropped too few, or had room, or another one has overflown.
    for (most, drops, overflows) in [(5, 5, 5), (3, 40, 0), (3, 0, 40)] {
      let other = found(after: [.listenOverflows: Double(overflows)]) {
        $0.listeners = listener(0, most: most, of: 4, drops: drops)
      }
      #expect(other.resource == .unclassified)
    }
  }

  @Test func `where no listener can be asked the namespace's overflows are`() {
    let counted = found(after: [.listenOverflows: 40])
    #expect(counted.resource == .acceptQueue)
    #expect(value("counters", in: counted)?.contains("network namespace") == true)
    #expect(found(after: [.listenOverflows: 2]).resource == .unclassified)
    let elsewhere = found(after: [.listenOverflows: 40], demand: PathDiagnosisTests.elsewhere)
    #expect(elsewhere.resource == .unclassified)
    #expect(value("not told apart", in: elsewhere) != nil)
  }

  @Test func `a client of one's own that lacks processors is told as that`() {
    let busy = ProcessorFindings(
      words: "the client's worker was busy 99% of the time", wereShort: true)
    for listeners in [[:], listener(0, of: 4096, drops: 0)] {
      let short = found(processors: busy) { $0.listeners = listeners }
      #expect(short.resource == .cpu)
      #expect(value("processors", in: short) == busy.words)
      var idle = busy
      idle.wereShort = false
      let told = found(processors: idle) { $0.listeners = listeners }
      #expect(told.resource == .unclassified)
      #expect(value("processors", in: told) == busy.words)
    }
    #expect(found(demand: PathDiagnosisTests.elsewhere, processors: busy).resource == .cpu)
    // A queue in which they wait is the reason all the same.
    let queue = found(processors: busy) { $0.listeners = listener(12, of: 4096, drops: 0) }
    #expect(queue.resource == .acceptQueue)
    // Processors that others keep busy are no proof.
    let pace = PhasePace(
      rate: 0, planned: 0, elapsed: 10, workers: [.init(end: .client, busySeconds: 9.5)])
    let seen = pace.findings(before: [:], after: [:], host: .box)
    #expect(
      seen
        == ProcessorFindings(words: "the client's worker was busy 95% of the time", wereShort: true)
    )
    let others = PhasePace(
      rate: 0, planned: 0, elapsed: 10, workers: [.init(end: .client, busySeconds: 5)]
    ).findings(before: [:], after: [:], host: .box)
    #expect(!others.wereShort)
  }

  @Test func `a listener that NAT leads past is no witness`() {
    let past = found {
      $0.listeners = listener(12, of: 4096, drops: 0)
      $0.neverReached = [Self.endpoint]
    }
    #expect(past.resource == .unclassified)
    #expect(value("led elsewhere", in: past) != nil)
  }

  @Test func `a reset in mid-handshake is decided as any other`() {
    let reset = FailureRecord.failed("tls", "ECONNRESET")
    let aborts = HostDescription.box { $0.abortsOnOverflow = true }
    let overflown = found(reset, after: [.listenOverflows: 40], host: aborts) {
      $0.listeners = listener(5, of: 4, drops: 40)
    }
    #expect(overflown.resource == .acceptQueue)
    #expect(value("net.ipv4.tcp_abort_on_overflow", in: overflown) != nil)
    // A server that still has them, and the built-in one that has refused nobody.
    #expect(found(reset) { $0.leftAtServer = 12 }.resource == .noRoute)
    #expect(found(reset, demand: .million) { $0.serverMayClose = false }.resource == .noRoute)
  }

  @Test(arguments: ["ECONNRESET", "EPIPE"])
  func `a living server that breaks off without an alert has refused`(errno: String) {
    let refused = found(.failed("tls", errno)) { $0.listeners = listener(0, of: 4096, drops: 0) }
    #expect(refused.resource == .refusedByPeer)
    #expect(value("TLS's handshake", in: refused) == "broken off without an alert")
    #expect(found(.failed("tls", "EPROTO")).resource == .refusedByPeer)
  }
}
