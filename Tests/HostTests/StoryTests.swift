import Addressing
import GoldenFiles
import Linux
import Recording
import Testing

@testable import Host

/// What is predicted, recommended and found in hosts of all kinds reads as it did, every word and number
/// of it: whoever changes a rule sees in the difference which cases it decides anew.
@Suite struct StoryTests {
  private static func lines(of found: Diagnosed) -> [String] {
    var bare = found
    bare.evidence = []
    return [told(bare)] + found.evidence.map { "  \($0.name): \($0.value)" }
  }

  private static let failures: [(String, String?, End)] = [
    ("socket", "EMFILE", .client), ("accept4", "EMFILE", .server), ("socket", "ENFILE", .client),
    ("accept4", "ENFILE", .server), ("epoll_ctl", "ENOSPC", .client), ("socket", "ENOMEM", .client),
    ("accept4", "ENOBUFS", .server), ("connect", "EADDRNOTAVAIL", .client),
    ("bind", "EADDRINUSE", .client), ("bind", "EADDRINUSE", .server),
    ("bind", "EADDRNOTAVAIL", .client), ("bind", "EADDRNOTAVAIL", .server),
    ("connect", "ETIMEDOUT", .client), ("connect-timeout", nil, .client),
    ("connect-timeout", nil, .client), ("connect-timeout", nil, .client),
    ("connect-timeout", nil, .client), ("connect", "ECONNREFUSED", .client),
    ("connect", "ECONNREFUSED", .client), ("connect", "EHOSTUNREACH", .client),
    ("connect", "EPERM", .client), ("connect", "EACCES", .client), ("connect", "EINVAL", .client),
    ("read", "ECONNRESET", .client), ("read", "ECONNRESET", .client), ("closed", nil, .client),
    ("closed", "ECONNRESET", .server), ("memory-guard", nil, .host),
    ("teleport", "ENOSYS", .client),
  ]

  @Test func `what a failure is diagnosed as`() throws {
    var lines: [String] = []
    for seed in 0..<320 as Range<UInt64> {
      var chance = Chance(seed)
      let world = World(&chance)
      let (call, errno, end) = chance.pick(Self.failures)
      var failure = FailureRecord.failed(
        call, errno, end: end,
        source: chance.pick([
          nil, "127.0.0.2", "127.0.0.2:0", "127.0.0.2:2003", "[fd00::2]:1024", "::1",
        ]),
        endpoint: chance.pick([nil, World.endpoint, World.endpoint, World.endpoint, "[::1]:9000"]))
      failure.count = chance.pick([1, 5, 6, 7, 12])
      failure.established = chance.pick([0, 10, 19_936])
      failure.accepted = chance.pick([0, 10, 19_930])
      let found = diagnose(
        failure, before: world.before, after: world.after, host: world.host, demand: world.demand,
        path: world.path, loweredDescriptors: world.lowered)
      lines.append(
        "\(seed). \(end) \(call) \(errno ?? "") x \(failure.count) from \(failure.source ?? "-")"
          + " to \(failure.endpoint ?? "-"), \(failure.established) held")
      lines += Self.lines(of: found)
    }
    #expect(try difference("diagnoses.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `what phantoms and deaths are diagnosed as`() throws {
    var lines: [String] = []
    for seed in 1000..<1160 as Range<UInt64> {
      var chance = Chance(seed)
      let world = World(&chance)
      let count = chance.pick([1, 10, 11, 12, 13, 24])
      let found = diagnosePhantoms(
        count, at: chance.pick([[], [World.endpoint], [World.endpoint, "127.0.0.1:9001"]]),
        before: world.before, after: world.after, host: world.host, demand: world.demand,
        path: world.path)
      lines.append("\(seed). \(count) phantoms")
      lines += found.map(Self.lines) ?? ["unknown"]
      guard seed % 2 == 0 else { continue }
      let worker = WorkerRecord(
        id: 3, end: chance.pick([.client, .server]), pid: 42,
        exitCode: chance.pick([nil, 0, 1]), signal: chance.pick([nil, 9, 9, 9, 11]))
      lines.append("\(seed). death by \(worker.signal ?? 0)")
      lines += Self.lines(
        of: diagnose(
          worker, before: world.before, after: world.after, host: world.host,
          demand: world.demand))
    }
    #expect(try difference("phantoms.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `what is predicted of a host, and what it lacks`() throws {
    var lines: [String] = []
    for seed in 2000..<2050 as Range<UInt64> {
      var chance = Chance(seed)
      let world = World(&chance)
      let (host, demand) = (world.host, world.demand)
      lines.append(
        "\(seed). to \(demand.goal), clients \(told(demand.clientWorkers as Any)), servers"
          + " \(told(demand.serverWorkers as Any))")
      lines += Capacity.predict(demand, on: host).map(told)
      if let obstacle = Start.obstacle(demand, on: host) { lines.append(obstacle) }
      let call = chance.pick([Start.Call.eventfd, .mmap, .fork])
      let errno = chance.pick(["EMFILE", "ENFILE", "EAGAIN", "ENOMEM", "EPERM"])
      lines.append(
        "\(Start.diagnose(call, errno: ErrnoRecord(number: 1, name: errno, text: "text"), started: chance.pick([0, 1, 999]), demand, on: host))"
      )
      let checkup = Checkup(demand, on: host)
      lines += checkup.items.map { item in
        var bare = item
        bare.change = nil
        return told(bare) + (item.change.map { "; \($0.command(as: host)); \($0.undo)" } ?? "")
      }
      guard seed % 5 == 0 else { continue }
      lines += TuningFile.allCases.map { $0.text(checkup.changes) }
    }
    #expect(try difference("capacity.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `what keeps a phase from its pace`() throws {
    var lines: [String] = []
    for seed in 3000..<3200 as Range<UInt64> {
      var chance = Chance(seed)
      var world = World(&chance)
      world.host.processors = chance.pick([1, 2, 4])
      world.host.ownProcessors = Processors(
        allowed: chance.some(of: Array(0..<world.host.processors), percent: 70))
      let elapsed = chance.pick([0, 0.05, 0.1, 10])
      for number in 0..<4 where chance.happens(80) {
        world.after[.idleOfProcessor(number)] = elapsed * chance.pick([0, 0.1, 0.11, 0.9, 1])
        world.after[.softirqOfProcessor(number)] =
          elapsed * chance.pick([0, 0.49, 0.5, 0.96, 1.01])
      }
      for group in chance.some(of: ["/b/cpu.max", "/a/cpu.cfs_quota_us"]) {
        world.before[.periods(group)] = 10
        world.after[.periods(group)] = Double(10 + chance.pick([0, 10, 100]))
        world.after[.throttledPeriods(group)] = Double(chance.pick([0, 1, 9, 10, 100]))
      }
      let pace = PhasePace(
        rate: chance.pick([0, 89, 90, 91, 100]), planned: chance.pick([100, .infinity]),
        elapsed: elapsed,
        workers: (0..<chance.below(5)).map { _ in
          PhasePace.Load(
            end: chance.pick([.client, .server]),
            busySeconds: elapsed * chance.pick([0, 0.5, 0.89, 0.9, 0.98, 1.01]))
        }, clientsWaitAwake: chance.happens(30))
      let reason = pace.reason(before: world.before, after: world.after, host: world.host)
      let shortage = pace.shortage(before: world.before, after: world.after, host: world.host)
      lines.append("\(seed). \(pace.wantsReason): \(reason) | \(shortage ?? "none")")
    }
    #expect(try difference("pace.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `which connections are lost with their listeners`() throws {
    final class Namespace {}
    let spaces = [Namespace(), Namespace()].map(ObjectIdentifier.init)
    var lines: [String] = []
    for seed in 4000..<4100 as Range<UInt64> {
      var chance = Chance(seed)
      var queues = ListenerQueues()
      var (now, lost) = (Instant(nanoseconds: 1_000_000_000), [String]())
      for _ in 0..<12 {
        now = now.advanced(by: .milliseconds(chance.pick([100, 500, 1000])))
        var lengths: [UInt32: Int] = [:]
        for socket in 1...3 as ClosedRange<UInt32> where !chance.happens(25) {
          lengths[socket] = chance.pick([0, 1, 5, 10, 20, 40, 40, 40])
        }
        let space = chance.happens(80) ? spaces[0] : spaces[1]
        let reached = Set(chance.some(of: [1, 2, 3] as [UInt32], percent: 70))
        let count = queues.update(space, lengths, reached: reached, at: now)
        let known = ([1, 2, 3] as [UInt32]).filter { queues.knows($0, in: space) }
        lost.append("\(count) \(known)")
      }
      lines.append("\(seed). " + lost.joined(separator: ", "))
    }
    #expect(try difference("queues.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `which numbers say something of themselves`() throws {
    var (lines, last) = ([String](), "")
    for held in Array(0..<70_000) + Array(524_200..<524_400) + Array(1_048_500..<1_048_700) {
      let words = NumberGuess.fact(heldAtStop: held)?.value ?? "-"
      if words != last { lines.append("\(held): \(words)") }
      last = words
    }
    #expect(try difference("numbers.txt", lines.joined(separator: "\n") + "\n") == nil)
  }
}
