package import Recording

/// A reason for which the kernel drops packets of a handshake. Source: include/net/dropreason-core.h.
struct DropReason: Sendable {
  /// The reason as people read it.
  let words: String
  /// The setting that decides about such drops, where there is one.
  var knob: String?
  /// A command that shows what dropped them, where there is one.
  var command: String?

  /// By the kernel's names, the reasons that can have dropped a packet of a handshake. Other reasons, such
  /// as those for bytes that came twice, belong to established connections.
  static let known: [String: DropReason] = {
    let firewall = DropReason(
      words: "a rule of this machine's firewall", command: "nft list ruleset")
    let queue = DropReason(words: "a full queue of an interface", command: "tc -s qdisc show")
    let filter = DropReason(words: "a filter of an interface", command: "tc filter show")
    let neighbour = DropReason(
      words: "no answer to ARP or neighbour discovery", command: "ip -s neigh show")
    let memory = DropReason(words: "no memory for TCP", knob: "net.ipv4.tcp_mem")
    let program = DropReason(words: "a program loaded into the kernel", command: "bpftool net show")
    let route = DropReason(words: "no route for it", command: "ip route show table all")
    return [
      "NETFILTER_DROP": firewall,
      "XFRM_POLICY": DropReason(words: "a policy of IPsec", command: "ip xfrm policy"),
      "SECURITY_HOOK": DropReason(words: "a security module"),
      "QDISC_DROP": queue, "QDISC_OVERLIMIT": queue, "QDISC_CONGESTED": queue, "FULL_RING": queue,
      "FQ_BAND_LIMIT": queue, "FQ_FLOW_LIMIT": queue, "CAKE_FLOOD": queue,
      "TC_INGRESS": filter, "TC_EGRESS": filter,
      "XDP": program,
      "BPF_CGROUP_EGRESS": DropReason(
        words: "a program attached to a control group", command: "bpftool cgroup tree"),
      "SOCKET_FILTER": DropReason(words: "a filter of a socket", command: "ss -b"),
      "NEIGH_FAILED": neighbour, "NEIGH_QUEUEFULL": neighbour, "NEIGH_DEAD": neighbour,
      "NEIGH_CREATEFAIL": DropReason(
        words: "no room for another neighbour", knob: "net.ipv4.neigh.default.gc_thresh3",
        command: "ip -s neigh show"),
      "NOMEM": DropReason(words: "no memory for it"), "PROTO_MEM": memory,
      "IP_INNOROUTES": route, "IP_OUTNOROUTES": route, "IP_INADDRERRORS": route,
      "IP_RPFILTER": DropReason(
        words: "the way back would be another one", knob: "net.ipv4.conf.all.rp_filter"),
      "CPU_BACKLOG": DropReason(
        words: "a processor's backlog of packets was full", knob: "net.core.netdev_max_backlog"),
      "IPV6DISABLED": DropReason(
        words: "IPv6 is switched off", knob: "net.ipv6.conf.all.disable_ipv6"),
      "TCP_CSUM": DropReason(words: "a wrong checksum", command: "ethtool -k"),
      overflow: DropReason(words: "a listener's accept queue was full", command: "ss -ltn"),
      nobody: DropReason(words: "nobody listens", command: "ss -ltn"),
    ]
  }()

  /// The kernel's names of two reasons: a listener's accept queue is full, and nobody listens.
  static let overflow = "TCP_LISTEN_OVERFLOW"
  static let nobody = "NO_SOCKET"

  /// The kernel's names of all `known` reasons.
  static let kernelNames = Set(known.keys)
}

extension Series.Key {
  /// Connections that wait to be accepted, at all endpoints whose kernel can be asked.
  package static let listenerWaiting = Self("listener.waiting")
  /// Packets that the listeners at these endpoints have dropped since the run began. A SYN that is sent again
  /// and dropped again counts again.
  package static let listenerDrops = Self("listener.drops")
  /// Packets that the kernel dropped on the whole machine for one of its reasons, while they were traced.
  package static func packetsDropped(_ reason: String) -> Self {
    Self("packets.dropped", label: reason)
  }
}
