import Addressing
import Plan
import Testing

@Suite struct ReaderTests {
  @Test func `fills in every default`() throws {
    let plan = try read(minimal)
    #expect(plan.name == "test")
    #expect(plan.description == "")
    #expect(plan.server?.addresses == AddressRange(.v4(0x7F00_0001)))
    #expect(plan.server?.port == 9000)
    #expect(plan.server?.processes == .auto)
    #expect(plan.server?.reply == .echo)
    #expect(plan.server?.readiness == .direct)
    #expect(plan.server?.backlog == 4096)
    #expect(try plan.clients.sources == .ranges([AddressRange("127.0.0.2-127.0.0.21")]))
    #expect(plan.clients.ports == .auto)
    #expect(plan.clients.processes == .auto)
    #expect(plan.clients.connectTimeout == .seconds(10))
    #expect(plan.thresholds == [])
    #expect(plan.onLimit == .hold)
    #expect(plan.memoryGuard == .share(0.05))
    #expect(plan.sampling.every == .seconds(1))
    #expect(plan.settings == [:])
  }

  @Test func `reads every key`() throws {
    let plan = try read(
      """
      name: all-of-it
      description: "two\\nlines"
      server:
        listen: 127.0.1.1-127.0.1.4:9000
        processes: 6
        reply: discard
        readiness: rearm
        backlog: 1k
      clients:
        sources: [127.0.0.2, 127.0.2.0/24]
        ports: 2000-2999
        processes: 3
        connect-timeout: 1.5s
      phases:
        - ramp: {to: 1k, rate: 600/m}
        - hold: {for: 250ms}
        - ramp: {to: 2k, over: 40s}
        - hold: 1m
        - pause: 5s
        - close: {rate: 50k/s, with: fin}
        - ramp: {to: 2k}
        - close: reset
      thresholds:
        - connections >= 1k
        - connect.p99<1s in ramp-2
        - failures.rate <= 0.1%
        - connect.rate > 2k/s in ramp
      on-limit: stop
      guard: {memory: 512MiB}
      sampling: {every: 100ms}
      """)
    #expect(plan.name == "all-of-it")
    #expect(plan.description == "two\nlines")
    #expect(plan.server?.addresses.count == 4)
    #expect(plan.server?.processes == .count(6))
    #expect(plan.server?.endpoints.prefix(6).last?.description == "127.0.1.2:9001")
    #expect(plan.server?.reply == .discard)
    #expect(plan.server?.readiness == .rearm)
    #expect(plan.server?.backlog == 1000)
    #expect(plan.clients.sourceCount == 255)
    #expect(plan.clients.ports == .range(2000...2999))
    #expect(plan.clients.connectTimeout == .milliseconds(1500))
    #expect(
      plan.phases == [
        Phase(name: "ramp", line: 15, kind: .ramp(to: 1000, pace: .rate(10))),
        Phase(name: "hold", line: 16, kind: .hold(.milliseconds(250))),
        Phase(name: "ramp-2", line: 17, kind: .ramp(to: 2000, pace: .over(.seconds(40)))),
        Phase(name: "hold-2", line: 18, kind: .hold(.seconds(60))),
        Phase(name: "pause", line: 19, kind: .pause(.seconds(5))),
        Phase(name: "close", line: 20, kind: .close(pace: .rate(50000), with: .fin)),
        Phase(name: "ramp-3", line: 21, kind: .ramp(to: 2000, pace: .unpaced)),
        Phase(name: "close-2", line: 22, kind: .close(pace: .unpaced, with: .reset)),
      ])
    #expect(plan.mostConnections == 2000)
    #expect(
      plan.thresholds.map(\.metric) == [
        .connections, .percentile(.p99, of: .connect), .failuresRate, .connectRate,
      ])
    #expect(plan.thresholds.map(\.comparison) == [.atLeast, .less, .atMost, .more])
    #expect(plan.thresholds.map(\.value) == [1000, 1, 0.001, 2000])
    #expect(plan.thresholds.map(\.phase) == [nil, "ramp-2", nil, "ramp"])
    #expect(plan.thresholds.map(\.line) == [24, 25, 26, 27])
    #expect(plan.onLimit == .stop)
    #expect(plan.memoryGuard == .bytes(512 << 20))
    #expect(plan.sampling.every == .milliseconds(100))
  }

  @Test(arguments: [
    ("127.0.0.1:9000", "127.0.0.1:9000", 1), ("[::1]:9000", "[::1]:9000", 1),
    ("127.0.0.1-127.0.0.4:80", "127.0.0.1-127.0.0.4:80", 4),
    ("[::1]-[::4]:80", "[::1-::4]:80", 4), ("[::1-::4]:80", "[::1-::4]:80", 4),
  ])
  func `reads where the server listens`(text: String, listen: String, addresses: Int) throws {
    let sources = text.hasPrefix("[") ? "clients: {sources: \"::1\"}\n" : ""
    let plan = try read("server: {listen: \"\(text)\"}\n\(sources)phases: [ramp: {to: 1}]\n")
    #expect(plan.server?.listen == listen)
    #expect(plan.server?.addresses.count == addresses)
  }

  @Test func `turns the guard off`() throws {
    #expect(try read(minimal + "guard: off\n").memoryGuard == nil)
  }

  @Test(arguments: [
    "\u{FEFF}" + minimal, minimal.replacing("\n", with: "\r\n"), "---\n" + minimal + "...\n",
    "# Kommentar: ä & *\n" + minimal,
    "{\"server\": {\"listen\": \"127.0.0.1:9000\"},"
      + " \"phases\": [{\"ramp\": {\"to\": 10}}]}",
  ])
  func `reads the ways to write YAML`(text: String) throws {
    #expect(try read(text).mostConnections == 10)
  }

  @Test(arguments: ["\n", "\r\n", "\r"])
  func `finds words in the line where they stand`(ending: String) throws {
    let lines = ["# far.example", "target: far.example:80", "phases: [ramp: {to: 1}]", ""]
    let plan = try read(lines.joined(separator: ending))
    let found = plan.diagnostic("no such host", near: "far.example")
    #expect(found.line == 2 && found.column == 9 && found.sourceLine == lines[1])
    #expect(plan.diagnostic("no such host", near: "target").column == 1)
    #expect(plan.diagnostic("no such host", near: "target").sourceLine == lines[1])
    #expect(plan.diagnostic("no such host", near: "near.example").sourceLine.isEmpty)
    #expect(plan.line(3) == lines[2])
  }

  @Test(arguments: [
    ("plans/ramp-1m.plan", "ramp-1m"), ("a.b.plan", "a.b"), ("plain", "plain"),
    ("/x/.plan", ".plan"),
  ])
  func `takes the file's name for the plan's`(file: String, name: String) throws {
    #expect(try Plan.read(text: minimal, file: file).name == name)
  }

  @Test(arguments: [
    (Phase.Kind.ramp(to: 1_000_000, pace: .rate(25_000)), "ramp to 1,000,000 at 25,000/s"),
    (.ramp(to: 20_000, pace: .over(.seconds(2))), "ramp to 20,000 over 2 s"),
    (.ramp(to: 1_000_000, pace: .unpaced), "ramp to 1,000,000 as fast as possible"),
    (.ramp(to: 5, pace: .rate(0.5)), "ramp to 5 at 30/min"),
    (.hold(.seconds(30)), "hold for 30 s"), (.hold(.seconds(65)), "hold for 1 min 05 s"),
    (.pause(.milliseconds(250)), "pause for 250 ms"),
    (.close(pace: .rate(50_000), with: .reset), "close at 50,000/s with reset"),
    (.close(pace: .unpaced, with: .fin), "close with fin"),
  ])
  func `titles a phase as it is planned`(kind: Phase.Kind, title: String) {
    #expect(Phase(name: "x", line: 1, kind: kind).title == title)
  }

  @Test func `assumes a bounded number of endpoints where processes are automatic`() {
    let text = """
      server: {listen: "127.0.0.1:9000"}
      clients: {sources: 127.0.0.2, ports: 1001-2000}
      phases:
        - ramp: {to: 256k}
        - ramp: {to: 256001}
      """
    #expect(
      errors(text) == [
        "5:16: 256,001 connections do not fit: 1 sources x 1,000 ports x 256 endpoints are 256,000"
          + " (it takes 2 sources, or more ports or server processes)"
      ])
  }

  @Test func `a handshake is tried again a hundred times at most`() {
    func plan(_ retries: Int) -> String {
      "target: 127.0.0.1:6379\nclients: {retries: \(retries)}\nphases: [ramp: {to: 1, rate: 1/s}]\n"
    }
    #expect(errors(plan(100)) == [])
    #expect(errors(plan(101)).count == 1)
  }
}
