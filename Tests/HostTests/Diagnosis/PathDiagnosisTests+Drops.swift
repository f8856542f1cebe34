import Linux
import Recording
import Testing

@testable import Host

/// What the kernel, or nobody, says of packets that were dropped on the way.
extension PathDiagnosisTests {
  @Test func `a reason of the kernel decides before a drop that nothing explains`() {
    // SYNs that are sent again, while a firewall drops their answers, count as the listener's drops.
    let dropped = found(after: [.listenDrops: 27]) {
      $0.listeners = Self.listener(0, of: 4096, drops: 27)
      $0.dropsByReason = ["NETFILTER_DROP": 31]
      $0.unanswered = PathFindings.Unanswered(handshakes: 25, sources: 1)
    }
    #expect(dropped.resource == .packetsDropped)
    #expect(value("dropped by", in: dropped) == "a rule of this machine's firewall")
  }

  @Test func `only a full table of neighbours is a setting's`() {
    func knob(_ reason: String) -> String? {
      found {
        $0.listeners = Self.listener(0, of: 4096, drops: 0)
        $0.dropsByReason = [reason: 300]
      }.knob
    }
    #expect(knob("NEIGH_CREATEFAIL") == "net.ipv4.neigh.default.gc_thresh3")
    #expect(knob("NEIGH_FAILED") == nil)
  }

  @Test func `the kernel's own reason decides over what it only may have been`() {
    let firewall = found {
      $0.listeners = Self.listener(0, of: 4096, drops: 0)
      $0.dropsByReason = ["NETFILTER_DROP": 312, "TCP_LISTEN_OVERFLOW": 400]
      $0.unanswered = PathFindings.Unanswered(handshakes: 300, sources: 1)
    }
    #expect(firewall.resource == .packetsDropped)
    #expect(firewall.evidence.first?.value == "a rule of this machine's firewall")
    #expect(
      value("packets dropped, on the whole machine", in: firewall)
        == "TCP_LISTEN_OVERFLOW 400, NETFILTER_DROP 312")
    // Of another host's server, too, when packets are dropped here.
    let here = found(demand: Self.elsewhere) {
      $0.dropsByReason = ["IP_RPFILTER": 20]
      $0.unanswered = PathFindings.Unanswered(handshakes: 20, sources: 1)
    }
    #expect(here.resource == .packetsDropped)
    #expect(here.knob == "net.ipv4.conf.all.rp_filter")
  }

  @Test func `what had overflowed before is not why handshakes go unanswered now`() {
    func found(isFull: Bool) -> Diagnosed {
      self.found(after: [.listenOverflows: 9]) {
        var listener = PathFindings.Listener(mostWaiting: 4, atLastLook: 0, backlog: 4, drops: 9)
        listener.isFullWhileUnanswered = isFull
        $0.listeners = ["127.0.0.1:9000": listener]
        $0.dropsByReason = ["NETFILTER_DROP": 312]
        $0.unanswered = PathFindings.Unanswered(handshakes: 300, sources: 1)
      }
    }
    #expect(found(isFull: false).resource == .packetsDropped)
    #expect(found(isFull: true).resource == .acceptQueue)
  }

  @Test func `of several reasons that were given often none is blamed`() {
    let dropped = found {
      $0.listeners = Self.listener(0, of: 4096, drops: 0)
      $0.dropsByReason = ["CPU_BACKLOG": 4000, "NETFILTER_DROP": 31, "NEIGH_FAILED": 3]
      $0.unanswered = PathFindings.Unanswered(handshakes: 25, sources: 1)
    }
    #expect(dropped.resource == .packetsDropped)
    #expect(
      value("dropped by", in: dropped)
        == "a processor's backlog of packets was full, or a rule of this machine's firewall")
    #expect(dropped.knob == nil)
  }

  @Test func `a reason that was seldom given is somebody else's`() {
    let unknown = found(demand: Self.elsewhere) {
      $0.dropsByReason = ["NETFILTER_DROP": 3]
      $0.unanswered = PathFindings.Unanswered(handshakes: 300, sources: 1)
    }
    #expect(unknown.resource == .unclassified)
  }

  @Test func `silence of another host is told in numbers, and not guessed at`() {
    let withoutListener = found(demand: Self.elsewhere) {
      $0.unanswered = PathFindings.Unanswered(handshakes: 213, sources: 4)
      $0.finishedHandshakes = 300
    }
    #expect(withoutListener.resource == .unclassified)
    #expect(
      value("no answer", in: withoutListener)
        == "to 213 SYNs at once from 4 sources, while 300 were answered")
    #expect(value("not told apart", in: withoutListener) != nil)
    #expect(value("ask its host", in: withoutListener) != nil)
  }

  @Test func `conntrack's table decides by its drops and by the level it had then`() {
    let host = HostDescription.box { $0.conntrackAtMost = 1000 }
    // It has emptied by the end of the phase.
    let full = found(after: [.conntrackDrops: 70, .conntrackEntries: 10], host: host) {
      $0.conntrackMost = 998
    }
    #expect(full.knob == "net.netfilter.nf_conntrack_max")
    let level = found(after: [.conntrackDrops: 0, .conntrackEntries: 998], host: host)
    #expect(level.knob != "net.netfilter.nf_conntrack_max")
    let without = found(after: [.conntrackEntries: 998], host: host)
    #expect(without.knob == "net.netfilter.nf_conntrack_max")
  }
}
