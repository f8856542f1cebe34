import Host
import Plan
import Probe
import Testing

@testable import Coordination

/// How many workers a plan gets, and what they are told.
@Suite struct StaffingTests {
  private func plan(
    goal: String, ramp: String = "", servers: String = "auto", clients: String = "auto",
    messages: String? = nil
  ) throws -> Plan {
    try Plan.read(
      text: """
        server: {listen: 127.0.0.1:9000, processes: \(servers)}
        clients: {sources: 127.0.0.2-127.0.0.17, processes: \(clients)}
        \(messages.map { "messages: {\($0)}" } ?? "")
        phases: [ramp: {to: \(goal)\(ramp)}, hold: {for: 1s\(messages == nil ? "" : ", messages: a")}]
        """, file: "a.plan")
  }

  private func staff(
    _ plan: Plan, descriptorLimit: Int, processors: Int
  ) throws -> Staffing {
    Staffing(
      plan: plan, addresses: try Addresses(of: plan, allowPublic: false),
      descriptorLimit: descriptorLimit, processors: Processors(allowed: Array(0..<processors)),
      seed: 0)
  }

  @Test(arguments: [
    ("100", ", rate: 1k/s", 1),
    ("100k", ", rate: 10k/s", 6),
    ("1M", ", rate: 10k/s", 51),
    // Fast enough for every processor, but never more than there are.
    ("100", ", rate: 20k/s", 2),
    ("100", ", rate: 1M/s", 2),
    ("100", "", 2),
    ("1k", ", over: 50ms", 2),
  ])
  func `as few as the descriptors allow, and what the rate needs`(
    goal: String, ramp: String, expected: Int
  ) throws {
    let staffing = try staff(
      try plan(goal: goal, ramp: ramp), descriptorLimit: 20_000, processors: 2)
    #expect(staffing.clients.count == expected)
    #expect(staffing.servers.count == expected)
  }

  /// Each process gets the same share of a rate.
  @Test(arguments: [("rate: 10/s", "31", 1), ("rate: 10/s", "32", 2), ("every: 1s", "31", 2)])
  func `where messages have a rate each process has a good many connections`(
    pace: String, goal: String, expected: Int
  ) throws {
    let plan = try Plan.read(
      text: """
        server: {listen: 127.0.0.1:9000}
        messages: {ping: {\(pace), send: x}}
        phases: [{ramp: {to: \(goal)}}, {hold: {for: 1s, messages: ping}}]
        """, file: "a.plan")
    let staffing = try staff(plan, descriptorLimit: 20_000, processors: 2)
    #expect(staffing.clients.count == expected)
    // Servers share out nothing.
    #expect(staffing.servers.count == 2)
  }

  @Test(arguments: [
    ("churn: {rate: 30k/s, lifetime: 1ms, for: 1s, messages: ping}", "10/s", 2),
    ("hold: {for: 1s, messages: ping}", "200k/s", 2),
  ])
  func `as many processes as a rate needs there are all the same`(
    phase: String, rate: String, expected: Int
  ) throws {
    let plan = try Plan.read(
      text: """
        server: {listen: 127.0.0.1:9000}
        messages: {ping: {rate: \(rate), send: x}}
        phases: [{ramp: {to: 20}}, {\(phase)}]
        """, file: "a.plan")
    #expect(try staff(plan, descriptorLimit: 20_000, processors: 2).clients.count == expected)
  }

  @Test func `a time that a phase takes is told to the workers as a time`() throws {
    let plan = try Plan.read(
      text: """
        server: {listen: 127.0.0.1:9000}
        phases:
          - ramp: {to: 100, over: 2s}
          - search: {from: 100, step: 100, to: 300, over: 4s}
          - close: {over: 6s, with: fin}
        """, file: "a.plan")
    func tasks(_ plan: Plan) throws -> [ClientTask] {
      try staff(plan, descriptorLimit: 1000, processors: 1).clients[0].tasks
    }
    #expect(
      try tasks(plan) == [
        .open(goal: 100, pace: .over(2_000_000_000)), .seek(most: 300, pace: .over(4_000_000_000)),
        .close(pace: .over(6_000_000_000), reset: false),
      ])
    #expect(
      try tasks(plan.driven(at: 2)) == [
        .open(goal: 100, pace: .over(1_000_000_000)), .seek(most: 300, pace: .over(2_000_000_000)),
        .close(pace: .over(3_000_000_000), reset: false),
      ])
  }

  @Test func `the planned rate of a ramp over a time is that of what it opens`() throws {
    let ramp = try plan(goal: "1000", ramp: ", over: 2s").phases[0]
    #expect(ramp.plannedRate(from: 0) == 500)
    #expect(ramp.plannedRate(from: 800) == 100)
    #expect(ramp.plannedRate(from: 1200) == 0)
    #expect(try plan(goal: "1000", ramp: ", rate: 7/s").phases[0].plannedRate(from: 800) == 7)
  }

  @Test func `one process an end where descriptors abound`() throws {
    let staffing = try staff(
      try plan(goal: "1M", ramp: ", rate: 10k/s"), descriptorLimit: 1_048_576, processors: 64)
    #expect(staffing.clients.count == 1)
    #expect(staffing.servers.count == 1)
  }

  @Test func `a count of the plan's own is taken as it is`() throws {
    let staffing = try staff(
      try plan(goal: "100k", servers: "3", clients: "5"), descriptorLimit: 1000,
      processors: 2)
    #expect(
      staffing.servers.map { "\($0.endpoint)" }
        == ["127.0.0.1:9000", "127.0.0.1:9001", "127.0.0.1:9002"])
    #expect(staffing.clients.map(\.share.index) == [0, 1, 2, 3, 4])
    #expect(staffing.clients.map { $0.share.part(of: 100_000) }.reduce(0, +) == 100_000)
    #expect(staffing.sources.count == 16)
  }

  @Test(
    arguments: [
      // (servers, clients, processors, quota): those of the servers and of the clients, none for any.
      (1, 1, 1, nil, [], []),
      (1, 1, 2, nil, [0], [1]),
      (1, 1, 2, 1, [], []),
      (2, 1, 2, nil, [], []),
      (1, 1, 8, nil, [0, 1, 2, 3], [4, 5, 6, 7]),
      (1, 3, 4, nil, [0], [1, 2, 3]),
      (3, 1, 8, 4, [0, 1, 2, 3, 4, 5], [6, 7]),
      (0, 1, 2, nil, [], []),
      (51, 51, 64, nil, [], []),
    ] as [(Int, Int, Int, Int?, [Int], [Int])])
  func `ends are kept apart where every worker can have a processor`(
    servers: Int, clients: Int, processors: Int, quota: Int?, ofServers: [Int], ofClients: [Int]
  ) {
    let assignment = ProcessorAssignment(
      servers: servers, clients: clients,
      on: Processors(allowed: Array(0..<processors), quota: quota.map(Double.init)), paced: true)
    #expect(assignment.servers == ofServers)
    #expect(assignment.clients == ofClients)
    #expect(assignment.mayWaitAwake == (servers + clients <= min(processors, quota ?? .max)))
  }

  @Test(
    arguments: [
      ("every: 1s", 1, false), ("every: 1s", 2, true), ("rate: 10/s", 2, true),
      ("rate: unlimited", 2, false),
    ])
  func `only where messages have instants, and a processor is free, are they waited for awake`(
    pace: String, processors: Int, isAwake: Bool
  ) throws {
    let plan = try plan(
      goal: "10", ramp: ", rate: 1k/s", servers: "1", clients: "1",
      messages: "a: {send: x, \(pace)}")
    let staffing = try staff(plan, descriptorLimit: 20_000, processors: processors)
    #expect((staffing.clients[0].wakeLead > 0) == isAwake)
    #expect(staffing.servers[0].processors.isEmpty != isAwake)
    #expect(staffing.clients[0].processors.isEmpty != isAwake)
  }

  @Test func `a descriptor limit below what a worker opens for itself is no trap`() throws {
    for limit in [1, 8, 50, 60] {
      let staffing = try staff(
        try plan(goal: "10", ramp: ", rate: 1k/s"), descriptorLimit: limit, processors: 1)
      #expect((1...10).contains(staffing.clients.count))
    }
  }
}
