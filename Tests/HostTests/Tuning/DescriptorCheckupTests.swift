import Linux
import Recording
import Testing

@testable import Host

/// RLIMIT_NOFILE, which is of the process and not of the host.
@Suite struct DescriptorCheckupTests {
  private func item(_ demand: Demand, on host: HostDescription = .box) throws -> CheckupItem {
    try #require(Checkup(demand, on: host).items.first { $0.setting == "RLIMIT_NOFILE" })
  }

  private func demand(_ clients: Processes?, _ servers: Processes?) -> Demand {
    Demand(
      goal: 1_000_000, clientWorkers: clients, serverWorkers: servers, bothEndsHere: true,
      sources: 16, portsPerSource: 64_512, endpoints: 54, backlog: 4096)
  }

  @Test func `many processes share the goal`() throws {
    let item = try item(demand(.count(54), .count(54)))
    #expect(item.status == .enough)
    #expect(item.now == "20,000")
    #expect(item.needed == "18,526")
    #expect(item.change == nil)
  }

  @Test func `the hard limit is what counts`() throws {
    let host = HostDescription.box { $0.descriptors = ResourceLimit(soft: 1024, hard: 20_000) }
    let item = try item(demand(.count(54), .count(54)), on: host)
    #expect(item.status == .enough)
    #expect(item.now == "1,024, hard 20,000")
  }

  @Test(
    arguments: [
      (.auto, .auto, "1,000,007", "51 client and 51 server processes"),
      (.auto, nil, "1,000,006", "51 client processes"),
      (nil, .auto, "1,000,007", "51 server processes"),
      // A count that is high enough is nothing to be raised for.
      (.count(54), .auto, "1,000,007", "51 server processes"),
    ] as [(Processes?, Processes?, String, String)])
  func `where nobody may raise it, processes that are chosen run all the same`(
    clients: Processes?, servers: Processes?, needed: String, counts: String
  ) throws {
    let item = try item(demand(clients, servers))
    #expect(item.status == .fixed)
    #expect(item.needed == needed)
    #expect(item.change == nil)
    #expect(
      item.note
        == "runner may not raise it (raising it needs CAP_SYS_RESOURCE); the plan runs all the same, "
        + "with \(counts)")
    #expect(Checkup(demand(clients, servers), on: .box).changes.isEmpty)
  }

  @Test(
    arguments: [
      (.count(1), .count(1), 1_000_007), (.count(1), .auto, 1_000_006),
      (.auto, .count(2), 500_007), (.count(1), nil, 1_000_006), (.count(1), .count(54), 1_000_006),
    ] as [(Processes?, Processes?, Int)])
  func `too few processes of the plan's own choice are a limit to raise`(
    clients: Processes?, servers: Processes?, needed: Int
  ) throws {
    let item = try item(demand(clients, servers))
    #expect(item.status == .low)
    #expect(item.needed == Format.count(needed))
    #expect(item.note.contains("`processes: auto` would do without"))
    let change = try #require(item.change)
    #expect(change.kind == .descriptorLimit)
    #expect(change.command == "ulimit -n \(needed)")
    #expect(change.undo == "ulimit -Sn 20000")
  }

  @Test(arguments: [.auto, .count(1)] as [Processes])
  func `who may raise it need not be told to`(processes: Processes) throws {
    let host = HostDescription.box { $0.capabilities = [.sysAdmin, .sysResource] }
    let item = try item(demand(processes, processes), on: host)
    #expect(item.status == .enough)
    #expect(item.note == "runner raises it itself")
    #expect(Checkup(demand(processes, processes), on: host).changes.isEmpty)
  }

  @Test(arguments: [.auto, .count(1)] as [Processes])
  func `nobody raises it beyond fs.nr_open`(processes: Processes) throws {
    let host = HostDescription.box {
      $0.capabilities = [.sysAdmin, .sysResource]
      $0.descriptorsAtMost = 500_000
    }
    let item = try item(demand(processes, processes), on: host)
    #expect(item.status == (processes == .auto ? .fixed : .low))
    #expect(item.note.hasPrefix("runner may not raise it (above fs.nr_open); "))
    let settings = Checkup(demand(processes, processes), on: host).changes.map(\.setting)
    #expect(settings == (processes == .auto ? [] : ["fs.nr_open", "nofile"]))
  }
}
