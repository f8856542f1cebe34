import Glibc
import Recording
import Testing

/// What lies between the two ends: firewalls, routes and queues, each in a network namespace that
/// the test makes and that goes with its last process.
@Suite(
  .tags(.realKernel),
  .enabled(
    if: geteuid() == 0 && ["nft", "ip"].allSatisfy { ForeignServer.path(of: $0) != nil },
    "needs root, nftables and iproute2")
)
struct PathRunTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  /// Runs the program where these commands have been carried out before. What they leave running, in
  /// files of process identifiers, ends with it.
  private func within(_ commands: String...) -> String {
    let all = (["ip link set lo up"] + commands).joined(separator: " && ")
    return """
      exec unshare --net sh -c '\(all) && "$0" "$@"
      code=$?; for file in *.pid; do [ -f $file ] && kill $(cat $file); done; exit $code' "$0" "$@"
      """
  }

  /// Waits until somebody listens on the server's port, there or in the namespace that a command enters.
  private func listening(in space: String = "") -> String {
    "for i in $(seq 300); do \(space) ss -Hltn \"sport = :9100\" | grep -q . && break; sleep 0.1; done"
  }

  /// Waits until the process of `ns.pid` has a network of its own.
  private let apart =
    "for i in $(seq 300); do [ \"$(readlink /proc/$(cat ns.pid)/ns/net)\" != \"$(readlink /proc/self/ns/net)\" ]"
    + " && break; sleep 0.1; done"

  /// What becomes of SYNs to the server's port after the first 50.
  private func rule(_ verdict: String) -> String {
    """
    nft "table ip runner { chain input { type filter hook input priority 0; tcp dport 9100 \
    tcp flags & (syn | ack) == syn limit rate over 1/hour burst 50 packets \(verdict); }; }"
    """
  }

  private func plan(
    _ ends: String, sources: String = "127.0.0.2", clients: String = "", goal: Int = 120,
    rate: String = "30/s"
  ) -> String {
    """
    \(ends)
    clients: {sources: \(sources), processes: 1\(clients)}
    phases: [ramp: {to: \(goal), rate: \(rate)}]
    sampling: {every: 100ms}

    """
  }

  private func limit(
    _ text: String, in shell: String, exit: Int32 = 100
  ) throws -> (Summary, LimitRecord) {
    try workspace.write(text, to: "path.plan")
    let (ending, summary) = try workspace.summary(of: ["path.plan"], shell: shell)
    #expect(summary.exit == exit, "\(ending.errors)")
    let recording = try workspace.recording(of: "path")
    return (summary, try #require(recording.limits.first))
  }

  private func value(_ name: String, in limit: LimitRecord) -> String? {
    limit.evidence.first { $0.name == name }?.value
  }

  private let ownServer = "server: {listen: \"127.0.0.1:9100\", processes: 1}"

  // MARK: Firewalls

  @Test func `SYNs that a firewall drops are no full accept queue, and the kernel says so`() throws
  {
    // An overflow of somebody else's queue, in the same namespace and all the while.
    let overflow = """
      (python3 -c "import socket,time
      s=socket.socket(); s.bind((\\"127.0.0.9\\",9999)); s.listen(1); k=[]
      for _ in range(1000):
        c=socket.socket(); c.setblocking(False); c.connect_ex((\\"127.0.0.9\\",9999)); k.append(c)
        time.sleep(0.02)
      " & echo $! >overflow.pid)
      """
    let (_, limit) = try limit(
      plan(ownServer, clients: ", connect-timeout: 4s"), in: within(rule("drop"), overflow))
    #expect(limit.resource == .packetsDropped)
    #expect(value("dropped by this listener", in: limit) == "0 packets")
    #expect(value("no answer", in: limit)?.contains("from 1 source") == true)
    // Where the machine lets one trace.
    if let dropped = value("packets dropped, on the whole machine", in: limit) {
      #expect(dropped.contains("NETFILTER_DROP"))
      #expect(value("dropped by", in: limit)?.contains("a rule of this machine's firewall") == true)
    }
  }

  @Test func `a firewall that resets is not taken for a server that is gone`() throws {
    let (summary, limit) = try limit(plan(ownServer), in: within(rule("reject with tcp reset")))
    #expect(summary.connections.established == 50)
    #expect(limit.resource == .noRoute)
    #expect(value("somebody listens there", in: limit) != nil)
  }

  @Test(arguments: [("port-unreachable", "ECONNREFUSED"), ("admin-prohibited", "EHOSTUNREACH")])
  func `an ICMP message is a firewall's`(type: String, errno: String) throws {
    let (_, limit) = try limit(
      plan(ownServer), in: within(rule("reject with icmp type \(type)")))
    #expect(limit.errno?.name == errno)
    #expect(limit.resource == .noRoute)
  }

  // MARK: Routes

  @Test(arguments: [("blackhole", "EINVAL"), ("prohibit", "EACCES")])
  func `a route that refuses is named`(type: String, errno: String) throws {
    let (_, limit) = try limit(
      plan("target: 10.66.1.1:9100", sources: "10.66.0.2"),
      in: within("ip address add 10.66.0.2/32 dev lo", "ip route add \(type) 10.66.1.0/24"),
      exit: 104)
    #expect(limit.errno?.name == errno)
    #expect(limit.resource == .noRoute)
    #expect(value("refused by", in: limit)?.contains(type) == true)
  }

  @Test func `where IPv6 is switched off the fix switches it on`() throws {
    try workspace.write(
      """
      server: {listen: "[::1]:9100"}
      clients: {sources: "::1"}
      phases: [ramp: {to: 20}]

      """, to: "path.plan")
    let off = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1"
    let (_, summary) = try workspace.summary(of: ["path.plan"], shell: within(off))
    let fix = try #require(summary.limit?.fix)
    #expect(fix == "sysctl -w net.ipv6.conf.all.disable_ipv6=0")
    let (_, fixed) = try workspace.summary(
      of: ["path.plan"], shell: within(off, "\(fix) >&2"))
    #expect(fixed.verdict == "passed")
  }

  // MARK: Someone else's server

  @Test func `a server in a namespace of this host is asked at its own kernel`() throws {
    // Its queue takes five and one, and nobody accepts.
    let server = """
      python3 -c "import socket,threading
      s=socket.socket(); s.bind((\\"10.66.2.1\\",9100)); s.listen(5); threading.Event().wait(60)"
      """
    let shell = within(
      "ip link add here type veth peer name there",
      "(unshare --net sh -c \"ip link set lo up; exec sleep 60\" & echo $! >ns.pid)",
      apart, "ip link set there netns $(cat ns.pid)",
      "nsenter --net=/proc/$(cat ns.pid)/ns/net ip address add 10.66.2.1/24 dev there",
      "nsenter --net=/proc/$(cat ns.pid)/ns/net ip link set there up",
      "ip address add 10.66.2.2/24 dev here", "ip link set here up",
      "(nsenter --net=/proc/$(cat ns.pid)/ns/net \(server) & echo $! >server.pid)",
      listening(in: "nsenter --net=/proc/$(cat ns.pid)/ns/net"))
    let (summary, limit) = try limit(
      plan("target: 10.66.2.1:9100", sources: "10.66.2.2", goal: 6), in: shell)
    #expect(summary.connections.established == 6)
    #expect(summary.connections.phantom == 6)
    #expect(limit.resource == .acceptQueue)
    #expect(limit.end == .server)
    // A longer queue would hold more that nobody accepts.
    #expect(limit.now == nil)
    #expect(
      limit.evidence.contains {
        $0.value == "does not move: the server does not accept"
      })
  }

  @Test func `with tcp_abort_on_overflow a reset is the accept queue's`() throws {
    let server = """
      (python3 -c "import socket,threading
      s=socket.socket(); s.bind((\\"127.0.0.1\\",9100)); s.listen(4); threading.Event().wait(60)
      " & echo $! >server.pid)
      """
    let (_, limit) = try limit(
      plan("target: 127.0.0.1:9100", rate: "10k/s"),
      in: within("sysctl -qw net.ipv4.tcp_abort_on_overflow=1", server, listening()))
    #expect(limit.resource == .acceptQueue)
    #expect(limit.end == .server)
  }
}

/// Someone else's server on this very host.
@Suite(.tags(.realKernel)) struct PhantomRunTests {
  @Test func `connections that wait in a queue for good are phantoms`() throws {
    let workspace = try Workspace()
    let network = try Loopback()
    // It takes two into its queue and accepts none.
    let holder = try Listener(network.listen, network.port)
    try workspace.write(
      PlanText(goal: "2", target: network.endpoint, phases: ["ramp: {to: \"${goal}\"}"])
        .on(network), to: "phantom.plan")
    let (_, summary) = try workspace.summary(of: ["phantom.plan"])
    withExtendedLifetime(holder) {}
    #expect(summary.verdict == "limit")
    #expect(summary.exit == 100)
    #expect(summary.connections.established == 2)
    #expect(summary.connections.accepted == 0)
    #expect(summary.connections.phantom == 2)
    let limit = try #require(summary.limit)
    #expect(limit.resource == "accept-queue")
    #expect(limit.end == "server")
  }

  @Test func `a churn at a server that never accepts keeps no promise`() throws {
    let workspace = try Workspace()
    let network = try Loopback()
    let holder = try Listener(network.listen, network.port, backlog: 1000)
    let plan = PlanText(
      target: network.endpoint,
      phases: ["churn: {rate: 100/s, lifetime: 500ms, for: 2s, with: fin}"])
    try workspace.write(plan.on(network), to: "phantom.plan")
    let (ending, summary) = try workspace.summary(of: ["phantom.plan"])
    withExtendedLifetime(holder) {}
    #expect(summary.exit == 100, "\(ending.errors)")
    #expect(summary.connections.accepted == 0)
    #expect(summary.connections.phantom == 200)
    #expect(summary.limit?.resource == "accept-queue")
    #expect(ending.errors.contains("it does not accept its connections"), "\(ending.errors)")
  }

  @Test func `a churn at a server that stops accepting halfway keeps no promise`() throws {
    let workspace = try Workspace()
    let network = try Loopback()
    let server = try SilentServer(network.endpoint, accepting: 50)
    defer { server.stop() }
    let plan = PlanText(
      target: network.endpoint, phases: ["churn: {rate: 100/s, lifetime: 100ms, for: 1s}"])
    try workspace.write(plan.on(network), to: "halfway.plan")
    let (ending, summary) = try workspace.summary(of: ["halfway.plan"])
    #expect(summary.exit == 100, "\(ending.errors)")
    #expect(summary.connections.phantom == 50)
    #expect(summary.limit?.resource == "accept-queue")
  }

  @Test func `a churn that is accepted passes, though each connection goes at once`() throws {
    let workspace = try Workspace()
    let network = try Loopback()
    let server = try SilentServer(network.endpoint)
    defer { server.stop() }
    let plan = PlanText(
      target: network.endpoint,
      phases: ["churn: {rate: 2k/s, lifetime: 10ms, for: 500ms, tolerate: 50%}"])
    try workspace.write(plan.on(network), to: "quick.plan")
    let (ending, summary) = try workspace.summary(of: ["quick.plan"])
    #expect(summary.exit == 0, "\(ending.output) \(ending.errors)")
    #expect(summary.connections.phantom == 0)
    #expect(server.accepted == 1000)
  }
}
