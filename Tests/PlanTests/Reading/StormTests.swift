import Recording
import Testing

@testable import Plan

/// Storms: what they cut, and how it comes back.
@Suite struct StormTests {
  private func plan(_ storm: String) throws -> Plan {
    try read("server: {listen: \"127.0.0.1:9000\"}\nphases: [ramp: {to: 1000}, storm: \(storm)]\n")
  }

  private func found(_ phases: String) -> [String] {
    errors("server: {listen: \"127.0.0.1:9000\", processes: 1}\nphases: [\(phases)]\n")
  }

  @Test func `every key`() throws {
    let plan = try plan(
      "{drop: 25.5%, with: fin, backoff: 500ms..1m, jitter: none, until: 100%, within: 3m}")
    let storm = Phase.Storm(
      drop: .share(0.255), with: .fin,
      reconnect: Reconnect(first: .milliseconds(500), last: .seconds(60), jitter: .none), until: 1,
      within: .seconds(180))
    #expect(plan.phases[1].kind == .storm(storm))
    #expect(plan.phases[1].title == "storm that cuts 25.5% with fin, 100% back within 3 min")
    #expect(plan.mostConnections == 1000)
    #expect(plan.phases.demands == [1000, 1000])
    #expect(try read(plan.effective).phases.map(\.kind) == plan.phases.map(\.kind))
  }

  @Test func `what a storm has unless the plan says otherwise`() throws {
    guard case .storm(let storm) = try plan("{drop: 20, within: 2m}").phases[1].kind else {
      Issue.record("no storm")
      return
    }
    #expect(storm.drop == .count(20))
    #expect(storm.with == .reset)
    #expect(storm.reconnect == Reconnect(first: .seconds(1), last: .seconds(30), jitter: .full))
    #expect(storm.until == 0.99)
  }

  @Test(arguments: [(0.5, 1001, 501), (0.01, 20, 1), (1, 7, 7), (0.1, 30, 3)])
  func `a share is rounded up to whole connections`(share: Double, held: Int, cut: Int) {
    let storm = Phase.Storm(drop: .share(share), until: share, within: .seconds(1))
    #expect(storm.cut(of: held) == cut)
    #expect(storm.target(of: held) == cut)
  }

  @Test(arguments: [
    ("50%", "storm needs a mapping, found '50%'"),
    ("{within: 2m}", "storm needs 'drop'"), ("{drop: 50%}", "storm needs 'within'"),
    ("{drop: 0%, within: 1s}", "'0%' is no use here: it must be more than nothing"),
    ("{drop: 101%, within: 1s}", "'101%' is more than the whole"),
    ("{drop: 5.5, within: 1s}", "'5.5' is not a whole number"),
    ("{drop: 50%, within: 1s, backoff: 30s..1s}", "'30s..1s' falls: a backoff grows"),
    ("{drop: 50%, within: 1s, backoff: 1..30s}", "'1' is a duration without a unit"),
    ("{drop: 50%, within: 1s, jitter: half}", "'half'"),
    ("{drop: 50%, within: 1s, until: 50%}", "the storm would be over at once"),
    ("{drop: 50%, within: 1s, backoff: 1s..2s, jitter: none}", "over before anything comes back"),
    ("{drop: 1001, within: 1s}", "the storm cannot cut 1,001 connections: 1,000 are open by then"),
    ("{drop: 50%, within: 1s, rate: 5/s}", "rate"),
  ])
  func `what is wrong is said`(storm: String, message: String) {
    let found = found("ramp: {to: 1000}, storm: \(storm)")
    #expect(found.count == 1 && found[0].contains(message), "\(found)")
  }

  @Test(arguments: [
    ("on", "1s", "30s", Reconnect.Jitter.full), ("{}", "1s", "30s", .full),
    ("{backoff: 2s..4s, jitter: none}", "2s", "4s", .none),
  ])
  func `how lost connections come back`(
    text: String, first: String, last: String, jitter: Reconnect.Jitter
  ) throws {
    let plan = try read(
      "target: 127.0.0.1:9000\nclients: {reconnect: \(text)}\nphases: [ramp: {to: 5}]\n")
    #expect(
      plan.clients.reconnect
        == Reconnect(
          first: try Units.duration(first), last: try Units.duration(last), jitter: jitter))
    #expect(try read(plan.effective).clients == plan.clients)
  }

  @Test func `lost connections do not come back unless the plan says so`() throws {
    for clients in ["", "clients: {reconnect: off}\n"] {
      let plan = try read("target: 127.0.0.1:9000\n\(clients)phases: [ramp: {to: 5}]\n")
      #expect(plan.clients.reconnect == nil)
    }
  }

  @Test func `there must be something to cut`() {
    for phases in [
      "storm: {drop: 50%, within: 1s}", "ramp: {to: 5}, close: reset, storm: {drop: 1, within: 1s}",
    ] {
      let found = found(phases)
      #expect(found.count == 1 && found[0].contains("the storm has nothing to cut"), "\(found)")
    }
  }
}
