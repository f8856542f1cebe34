import Plan
import Testing

@Suite struct EffectiveTests {
  /// The plan without what ties it to its text.
  private func essence(_ plan: Plan) -> Plan {
    var plan = plan
    plan.text = ""
    plan.file = ""
    plan.settings = [:]
    for index in plan.phases.indices { plan.phases[index].line = 0 }
    for index in plan.thresholds.indices { plan.thresholds[index].line = 0 }
    return plan
  }

  @Test(arguments: [
    minimal,
    minimal + "guard: off\non-limit: fail\nsampling: {every: 12.5ms}\n",
    minimal + "guard: {memory: 0.07%}\n",
    minimal + "guard: {memory: 29%}\n",
    minimal + "guard: {memory: 1.5MiB}\n",
    minimal + "description: \"say \\\"${X:-hi}\\\", $${y}: ä\\t\\U0001F600 # no\\\\ \"\n",
    minimal + "name: \"a: b\"\n", minimal + "name: \"- a\"\n", minimal + "name: \"1\"\n",
    minimal + "name: \"it's 100%\"\n", minimal + "name: \"&a *b\"\n", minimal + "name: \" x \"\n",
    minimal + "thresholds: [\"failures   == 0\", 'connect.p99 != 1.25ms  in ramp']\n",
    minimal + "expect-limit: {errno: EMFILE}\n",
    minimal + "expect-limit: {at: epoll_ctl, end: host, resource: epoll-watches}\n",
    minimal + "expect-limit: {errno: E2BIG, at: socket, end: server, connections: 19k..20k}\n",
    minimal + "expect-limit: {connections: 5}\n",
    "target: 10.0.0.5:80\nphases: [ramp: {to: 10}]\n",
    """
    target: ["[fe80::1]:80", "[fd00::2]:65535"]
    clients: {sources: "fd00::/120"}
    phases: [ramp: {to: 10}]
    expect-limit: {resource: closed-by-peer, connections: 3..5}
    """,
    """
    server: {listen: "[::1]-[::2]:9000", processes: 2}
    clients: {sources: ["::1", "fd00::/120"], ports: 5000, processes: 7, connect-timeout: 90m}
    phases:
      - ramp: {to: 10, rate: 7/m}
      - hold: 0.000001ms
      - close: {rate: 0.3/s, with: fin}
      - pause: 36h
      - ramp: {to: 10, rate: 123456.789k/s}
      - close: {over: 61s}
    """,
  ])
  func `reads as the same plan again`(text: String) throws {
    let plan = try read(text)
    let again = try read(plan.effective)
    #expect(essence(again) == essence(plan))
    #expect(again.effective == plan.effective)
  }

  @Test func `spells out the defaults`() throws {
    #expect(
      try read(minimal + "thresholds: [connections >= 10]\n").effective == """
        name: test
        server:
          listen: 127.0.0.1:9000
          processes: auto
          reply: echo
          readiness: direct
          backlog: 4096
        clients:
          sources: 127.0.0.2-127.0.0.17
          ports: 1024-65535
          processes: auto
          connect-timeout: 10s
        phases:
          - ramp: {to: 10}
        thresholds:
          - connections >= 10
        on-limit: hold
        guard: {memory: 5%}
        sampling: {every: 1s}

        """)
  }

  /// The examples of the project, next to its sources.
  static let plans = ["ramp-1m", "quick", "one-process"]

  @Test(arguments: plans) func `reads the example`(name: String) throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let plan = try Plan.load(file: "/\(root)/plans/\(name).plan")
    #expect(plan.name == name)
    #expect(essence(try read(plan.effective)) == essence(plan))
    #expect(plan.thresholds.isEmpty == false)
  }
}
