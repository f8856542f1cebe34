import Linux
import Recording
import Testing

@testable import Host

/// Who has reset a connection, or refuses while a server starts again.
extension PathDiagnosisTests {
  @Test func `a reset of what the server holds still came from the way`() {
    func cause(left: Int?) -> Resource {
      var failure = FailureRecord.failed("read", "ECONNRESET")
      failure.count = 400
      var path = PathFindings()
      path.leftAtServer = left
      return diagnose(
        failure, before: [:], after: [:], host: .box, demand: Self.foreign, path: path
      ).resource
    }
    #expect(cause(left: 400) == .noRoute)
    #expect(cause(left: 0) == .closedByPeer)
    #expect(cause(left: nil) == .closedByPeer)
    #expect(cause(left: 100) == .closedByPeer)
  }

  @Test func `who refuses while its server starts again is no firewall`() {
    func cause(restarted: Bool) -> Resource {
      var path = PathFindings()
      path.listeners = Self.listener(0, of: 4096, drops: 0)
      if restarted { path.restarted = [Self.endpoint] }
      var failure = FailureRecord.failed("connect", "ECONNREFUSED")
      failure.endpoint = Self.endpoint
      return diagnose(
        failure, before: [:], after: [:], host: .box, demand: Self.foreign, path: path
      ).resource
    }
    #expect(cause(restarted: true) == .nobodyListens)
    #expect(cause(restarted: false) == .noRoute)
  }

  @Test func `the built-in server resets nothing of its own accord`() {
    func cause(_ mayClose: Bool?, memory: Double = 0) -> Resource {
      var path = PathFindings()
      path.serverMayClose = mayClose
      return diagnose(
        .failed("closed", "ECONNRESET"), before: [.abortsOnMemory: 0],
        after: [.abortsOnMemory: memory], host: .box, demand: .million { _ in }, path: path
      ).resource
    }
    #expect(cause(false) == .noRoute)
    #expect(cause(true) == .closedByPeer)
    #expect(cause(nil) == .closedByPeer)
    #expect(cause(false, memory: 3) == .closedByPeer)
  }

  @Test func `this host's own resets of handshakes whose end was lost are drops`() {
    func found(
      accepted: Int = 10, resets: Double = 100, retransmits: Double = 900,
      drops: [String: Int]? = nil
    ) -> Diagnosed {
      var path = PathFindings()
      path.serverMayClose = false
      path.dropsByReason = drops
      var failure = FailureRecord.failed("closed", "ECONNRESET")
      (failure.count, failure.established, failure.accepted) = (199, 43, accepted)
      return diagnose(
        failure, before: [:], after: [.resetsSent: resets, .synRetransmits: retransmits],
        host: .box, demand: .million { _ in }, path: path)
    }
    #expect(found().resource == .packetsDropped)
    #expect(value("dropped by", in: found()) == nil)
    let told = found(drops: ["QDISC_DROP": 700])
    #expect(value("dropped by", in: told) == "a full queue of an interface")
    // The server had them, the resets came from elsewhere, or no handshake was left without an answer.
    #expect(found(accepted: 43).resource == .noRoute)
    #expect(found(resets: 99).resource == .noRoute)
    #expect(found(retransmits: 99).resource == .noRoute)
  }

  @Test func `who has stopped listening is no firewall, whatever was seen before`() {
    // UDP to closed ports, of any program, is answered by ICMP as well.
    let refused = found(
      .failed("connect", "ECONNREFUSED"), after: [.unreachableReceived: 9], demand: Self.foreign
    ) {
      $0.listeners = Self.listener(0, of: 4096, drops: 0)
      $0.withoutListener = [Self.endpoint]
    }
    #expect(refused.resource == .nobodyListens)
  }

  @Test func `with tcp_abort_on_overflow a reset is the accept queue's, and it is named`() {
    let reset = FailureRecord.failed("closed", "ECONNRESET")
    let host = HostDescription.box { $0.abortsOnOverflow = true }
    let named = found(reset, after: [.listenOverflows: 9], host: host, demand: Self.foreign) {
      $0.listeners = Self.listener(5, of: 4, drops: 9)
    }
    #expect(named.resource == .acceptQueue)
    #expect(value("net.ipv4.tcp_abort_on_overflow", in: named) != nil)
    // With the setting off a queue that was full resets nobody.
    let off = found(reset, after: [.listenOverflows: 9], demand: Self.foreign) {
      $0.listeners = Self.listener(5, of: 4, drops: 9)
    }
    #expect(off.resource == .closedByPeer)
    // Only the namespace's counters, and the setting is on.
    let counted = found(reset, after: [.listenOverflows: 9], host: host, demand: Self.foreign)
    #expect(counted.resource == .acceptQueue)
    #expect(found(reset, after: [.listenOverflows: 9]).resource == .closedByPeer)
    #expect(found(reset, host: host).resource == .closedByPeer)
  }
}
