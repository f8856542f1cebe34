import Glibc
import Recording
import Testing

/// Runs into limits, and what the program says of them.
@Suite(.tags(.realKernel)) struct LimitTests {
  private let workspace: Workspace
  private let network: Loopback
  /// A shell that grants each process 300 descriptors.
  private let fewDescriptors = "ulimit -n 300; exec \"$0\" \"$@\""

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  struct Ends: CustomTestStringConvertible {
    let clients, servers: Int
    let end, syscall: String
    var testDescription: String { "\(clients) client, \(servers) server processes" }
  }

  @Test(arguments: [
    Ends(clients: 1, servers: 4, end: "client", syscall: "socket"),
    Ends(clients: 4, servers: 1, end: "server", syscall: "accept4"),
    // The server's listener is one descriptor more, so that it is the first to run out.
    Ends(clients: 1, servers: 1, end: "server", syscall: "accept4"),
  ])
  func `names the end that is out of descriptors`(ends: Ends) throws {
    let plan = PlanText(
      goal: "1k", server: "processes: \(ends.servers)", clients: "processes: \(ends.clients)")
    try workspace.write(plan.on(network), to: "full.plan")
    let (ending, summary) = try workspace.summary(of: ["full.plan"], shell: fewDescriptors)

    #expect(summary.verdict == "limit")
    #expect(summary.exit == 100)
    let limit = try #require(summary.limit)
    #expect(limit.end == ends.end)
    #expect(limit.syscall == ends.syscall)
    #expect(limit.errno?.number == 24)
    #expect(limit.errno?.name == "EMFILE")
    #expect(limit.errno?.text == "Too many open files")
    #expect(limit.resource == "descriptors-per-process")
    #expect(limit.knob == "RLIMIT_NOFILE")
    #expect(limit.now == 300)
    #expect(try #require(limit.needed) > 1000)
    #expect(try #require(limit.fix).contains("\(try #require(limit.needed))"))
    #expect(limit.phase == "ramp")
    #expect(limit.line == 5)
    // Several clients go on until they hear of it, which takes as long as it takes: the kernel takes connections
    // into the server's queue meanwhile.
    let most = ends.clients == 1 ? 300 : 1000
    #expect((200...most).contains(summary.connections.established))
    #expect((200...300).contains(try #require(summary.connections.accepted)))
    #expect(summary.prediction?.resource == "descriptors-per-process")
    // Three phases, how many are alive, and the limits: no line a failure.
    #expect(ending.errorLines.count <= 7, "\(ending.errors)")

    let junit = try workspace.junit(of: "full")
    let failure = try #require(junit.cases("failure").first)
    #expect(failure.type == "EMFILE")
    #expect(failure.message?.contains("of 1,000 connections; \(ends.end) \(ends.syscall)") == true)
    #expect(junit.properties["limit.resource"] == "descriptors-per-process")
    let recording = try workspace.recording(of: "full")
    #expect(recording.limits.contains { $0.end.rawValue == ends.end && $0.errno?.number == 24 })
    #expect(recording.phases.map(\.outcome.rawValue) == ["limit", "done", "done"])
    #expect(try workspace.text(of: "reports/full/report.html").contains("EMFILE"))
  }

  @Test func `as many processes as the descriptors ask for reach the goal`() throws {
    try workspace.write(PlanText(goal: "900").on(network), to: "spread.plan")
    let (_, summary) = try workspace.summary(of: ["spread.plan"], shell: fewDescriptors)
    #expect(summary.verdict == "passed")
    #expect(summary.connections.accepted == 900)
    let recording = try workspace.recording(of: "spread")
    #expect(recording.workers.count { $0.end == .client } >= 4)
    #expect(recording.workers.count { $0.end == .server } >= 4)
  }

  @Test func `a source that is not on this host is found before anything is sent`() throws {
    try workspace.write(PlanText().on(network, sources: "192.0.2.1"), to: "elsewhere.plan")
    let (ending, summary) = try workspace.summary(of: ["elsewhere.plan"])
    #expect(summary.exit == 100)
    let limit = try #require(summary.limit)
    #expect(limit.end == "client")
    #expect(limit.syscall == "bind")
    #expect(limit.errno?.name == "EADDRNOTAVAIL")
    #expect(limit.resource == "source-address")
    #expect(try #require(limit.fix).contains("192.0.2.1"))
    #expect(summary.connections.established == 0)
    #expect(ending.errorLines.count <= 6, "\(ending.errors)")
    let recording = try workspace.recording(of: "elsewhere")
    let (attempts, failures) = (recording.series(.attempts), recording.series(.failures))
    #expect(attempts?.points.last?.value == failures?.points.last?.value)
    #expect(recording.series(.handshakes)?.points.last?.value == 0)
  }

  @Test func `a server's port that is taken is named, and its holder is left alone`() throws {
    let holder = try Listener(network.listen, network.port)
    try workspace.write(PlanText().on(network), to: "taken.plan")
    let (_, summary) = try workspace.summary(of: ["taken.plan"])
    withExtendedLifetime(holder) {}
    #expect(summary.exit == 104)
    let limit = try #require(summary.limit)
    #expect(limit.end == "server")
    #expect(limit.syscall == "bind")
    #expect(limit.errno?.name == "EADDRINUSE")
    #expect(limit.resource == "port-taken")
    #expect(summary.connections.established == 0)
    #expect(summary.connections.accepted == 0)
    let recording = try workspace.recording(of: "taken")
    #expect((recording.series(.attempts)?.points.last?.value ?? 0) == 0)
  }

  @Test func `the memory guard stops growth at once`() throws {
    var plan = PlanText(goal: "3k")
    plan.rest = ["guard: {memory: 99%}"]
    try workspace.write(plan.on(network), to: "guarded.plan")
    let (_, summary) = try workspace.summary(of: ["guarded.plan"])
    #expect(summary.exit == 100)
    let limit = try #require(summary.limit)
    #expect(limit.end == "host")
    #expect(limit.resource == "memory-guard")
    #expect(limit.syscall == nil)
    #expect(limit.errno == nil)
    #expect(summary.connections.established < 2000)
    #expect(summary.connections.phantom == 0)
  }

  @Test func `without the guard the same plan passes`() throws {
    var plan = PlanText(goal: "300")
    plan.rest = ["guard: off"]
    try workspace.write(plan.on(network), to: "unguarded.plan")
    #expect(try workspace.run(["unguarded.plan"]).exitCode == 0)
  }

  @Test func `source ports that are all in use are a limit of the client`() throws {
    // Four sources with 100 ports each are exactly the goal.
    let plan = PlanText(
      goal: "400", server: "processes: 1", clients: "ports: 20000-20099",
      phases: ["ramp: {to: \"${goal}\"}", "hold: 100ms", "close: reset"])
    try workspace.write(plan.on(network), to: "ports.plan")
    let (_, exact) = try workspace.summary(of: ["ports.plan"])
    #expect(exact.verdict == "passed")
    #expect(exact.connections.accepted == 400)

    // A listener on one source takes one port of it.
    let holder = try Listener(network.source(1), 20_050)
    let (_, short) = try workspace.summary(of: ["ports.plan"])
    withExtendedLifetime(holder) {}
    #expect(short.verdict == "limit")
    #expect(short.connections.established == 399)
    let limit = try #require(short.limit)
    #expect(limit.end == "client")
    #expect(limit.syscall == "bind")
    #expect(limit.errno?.name == "EADDRINUSE")
    #expect(limit.resource == "port-taken")
    let recording = try workspace.recording(of: "ports")
    let recorded = try #require(recording.limits.first)
    #expect(recorded.source == "\(network.source(1)):20050")
    #expect(recorded.evidence.contains(Fact("pairs that the run holds", "399")))
    #expect(recorded.evidence.contains(Fact("pairs that others hold, or TIME_WAIT", "1")))
    #expect(recorded.evidence.contains(Fact("who holds it", "ss -tanp 'sport = :20050'")))
    #expect(recording.series(.portsSkipped)?.points.last?.value == 1)
    #expect(recording.failures.reduce(0) { $0 + $1.count } == 1)
    #expect(recording.series(.attempts)?.points.last?.value == 400)
  }

  /// In a network of its own whose ports are few, connects plainly, as other programs do, while a
  /// run holds all that its plan asks for.
  private let beside = """
    exec unshare -n sh -c '
      ip link set lo up
      echo 20000 20099 > /proc/sys/net/ipv4/ip_local_port_range
      echo 1024-19999,20100-65535 > /proc/sys/net/ipv4/ip_local_reserved_ports
      "$0" "$@" 2> progress & run=$!
      for try in $(seq 600); do grep -q "hold for" progress && break; sleep 0.1; done
      bash -c ": < /dev/tcp/127.0.0.1/9000 && echo connected" 2>&1
      kill -INT $run; wait $run; cat progress' "$0" "$@"
    """

  @Test(
    .enabled(if: getuid() == 0),
    arguments: [
      ("auto", 90, "connected"),
      ("20000-20099", 100, "connect: Cannot assign requested address"),
    ])
  func `other programs have ports to connect from, unless the plan names all of them`(
    ports: String, goal: Int, found: String
  ) throws {
    try workspace.write(
      """
      server: {listen: 127.0.0.1:9000, processes: 1}
      clients: {sources: 127.0.0.2, ports: \(ports)}
      phases: [ramp: {to: \(goal)}, hold: 60s]
      """, to: "beside.plan")
    let ending = try workspace.run(["run", "beside.plan", "--preflight", "warn"], shell: beside)
    #expect(ending.output.contains(found), "\(ending.output)")
    let note = "note: its connections take 100 of the 100 ports"
    #expect(ending.output.contains(note) == (ports != "auto"), "\(ending.output)")
  }

  struct Choice: CustomTestStringConvertible {
    let word: String
    let outcomes: [String]
    var testDescription: String { "on-limit: \(word)" }
  }

  @Test(arguments: [
    Choice(word: "hold", outcomes: ["limit", "done", "limit", "done"]),
    Choice(word: "stop", outcomes: ["limit", "skipped", "skipped", "done"]),
    Choice(word: "fail", outcomes: ["limit", "skipped", "skipped", "skipped"]),
  ])
  func `after a limit the plan goes on, stops or fails as it says`(choice: Choice) throws {
    var plan = PlanText(
      goal: "600", server: "processes: 4", clients: "processes: 1",
      phases: [
        "ramp: {to: 500, rate: 10k/s}", "hold: 100ms", "ramp: {to: 600, rate: 10k/s}",
        "close: reset",
      ])
    plan.rest = ["on-limit: \(choice.word)"]
    try workspace.write(plan.on(network), to: "choice.plan")
    let (_, summary) = try workspace.summary(of: ["choice.plan"], shell: fewDescriptors)
    #expect(summary.exit == 100)
    let recording = try workspace.recording(of: "choice")
    #expect(recording.phases.map(\.outcome.rawValue) == choice.outcomes)
    #expect(recording.limits.allSatisfy { $0.resource == .descriptorsPerProcess })
    let junit = try workspace.junit(of: "choice")
    #expect(
      junit.cases("skipped").count == choice.outcomes.count { $0 == "skipped" })
  }
}
