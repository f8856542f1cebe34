import GoldenFiles
import Messages
import Recording
import Testing

@testable import Plan

/// Plans that somebody has mistyped are answered as they were, with the places and hints; and plans that are
/// right are read as they were.
@Suite struct StoryTests {
  /// Between them they have all that a plan may have.
  private static let plans = [
    """
    name: ramp-1m
    description: "One million on ${HOSTNAME:-some host}; costs $${5}."
    variables: {goal: 1M, half: 500k}
    server:
      listen: 127.0.0.1-127.0.0.4:9000
      processes: 4
      reply: discard
      readiness: rearm
      backlog: 1k
    clients:
      sources: [127.0.0.2, 127.0.1.0/24]
      ports: 2000-64999
      processes: 8
      connect-timeout: 5s
      retries: 0
    messages:
      heartbeat:
        every: 30s
        send: "ping {connection} {sequence} {random:8} {{x}} {source}:{port}\\n"
        expect: none
        timeout: 5s
      load: {rate: 10k/s, bytes: 64B, expect: none}
    phases:
      - ramp: {to: "${goal}", rate: 25k/s, tolerate: 0.01%}
      - hold: {for: 30s, messages: [heartbeat, load], tolerate: 1%}
      - churn: {rate: 2k/s, lifetime: 5s, for: 1m, with: fin, tolerate: 0.5%}
      - close: {rate: 50k/s, with: reset, tolerate: 0%}
    thresholds:
      - connections >= ${half}
      - connect.p99 < 1s in ramp
      - messages.lost == 0 in hold
      - failures.rate < 0.1% for 10s abort
      - messages.rate >= 900/s in hold for 10s
      - rtt.max != 0s in hold
      - memory.kernel <= 5KiB
      - prediction.error < 5%
    on-limit: hold
    tolerate: 0.1%
    expect-limit: {errno: EMFILE, at: socket, end: client, connections: 19k..20k}
    guard: {memory: 5%}
    sampling: {every: 1s}
    """,
    """
    target: [web-1.lan:80, "[::1]:8080", 10.0.0.5:8080]
    clients: {sources: {interface: eth0}}
    messages:
      ping: {every: 1s, send: "PING\\r\\n", expect: {until: "\\r\\n", text: "+PONG"}}
      dice: {every: 10s, send: "DBSIZE\\r\\n", expect: {until: "\\r\\n", matches: "^:\\\\d+$"}}
      size: {rate: 5/s, send: "ECHO\\r\\n", expect: {bytes: 17B}}
      flat: {rate: unlimited, bytes: 1KiB, expect: {matches: "(a|b)*c{2,3}[^x-z]"}}
      talk: {conversation: session.yaml, expect: length, delays: none, rate: 10/s}
      open: {conversation: session.yaml, every: 1m, substitute: {"key": "key-{connection}"}}
      body: {every: 1s, file: request.http, expect: {text: "ok"}}
    phases:
      - ramp: {to: 5k, over: 10s}
      - hold: {for: 30s, messages: [ping, dice], thresholds: [messages.lost == 0, rtt.p99 < 100ms for 5s]}
      - hold: {for: 10s, messages: {burst: {rate: 5k/s, bytes: 1KiB}}}
      - hold: {for: 1s, messages: [size, flat, talk]}
      - churn: {rate: 100/s, lifetime: 1s, for: 10s, messages: [talk, open, body]}
      - search: {from: 10k, step: 10k, to: 50k, rate: 20k/s, confirm: 20s,
          until: [failures.rate > 0.1%, connect.p99 > 500ms]}
      - pause: 5s
      - close: {over: 2s, with: fin}
    guard: off
    sampling: {every: 250ms}
    """,
    """
    include: shared/lab.plan
    variables: {goal: 2k}
    phases:
      - ramp: {to: "${goal}", rate: "${pace}"}
      - hold: {for: 5s, messages: heartbeat}
      - search: {from: 3k, step: 1k, over: 2s, until: failures.rate > 0.1%}
      - close: reset
    """,
    """
    server: {listen: "127.0.0.1:9000", reply: {push: {every: 10s, send: "tick\\n"}}}
    phases: [{ramp: {to: 10}}, {hold: 1500ms}, {pause: {for: 1s}}, {close: fin}]
    """,
  ]

  private static let files: [String: [UInt8]] = [
    "shared/lab.plan": Array(
      """
      server: {listen: "127.0.0.1:9000"}
      variables: {goal: 1k, pace: 500/s}
      messages: {heartbeat: {every: 10s, send: "ping\\n"}}
      """.utf8),
    "session.yaml": Array(conversation.utf8), "request.http": Array("GET / HTTP/1.1\r\n\r\n".utf8),
  ]

  private static let conversation = """
    conversation: 1
    captured: "2026-01-02T03:04:05Z"
    forward: 127.0.0.1:6379
    connections:
      - client: 127.0.0.1:50000
        steps:
          - {send: "SET key 1\\r\\n", after: 400us}
          - {receive: "+OK\\r\\n", after: 90us}
          - {send: "\\x00\\x01", after: 2ms}
          - {receive: "$1\\r\\n1\\r\\n", after: 80us}
          - {close: client, after: 1s}
      - steps:
          - {send: "QUIT\\r\\n"}
          - {receive: "+OK\\r\\n"}
          - {close: server}
    """

  private static func read(_ text: String, files: [String: [UInt8]] = files) -> [String] {
    do throws(InvalidPlan) {
      let plan = try Plan.read(
        text: text, file: "story.plan", environment: ["HOSTNAME": "box"],
        files: Plan.attached(files))
      return plan.effective.split(separator: "\n").map(String.init)
    } catch {
      return error.diagnostics.map { diagnostic in
        let place = diagnostic.file.map { "\($0):" } ?? ""
        let hint = diagnostic.hint.map { " (\($0))" } ?? ""
        return "! \(place)\(diagnostic.line):\(diagnostic.column): \(diagnostic.message)\(hint)"
      }
    }
  }

  @Test func `plans as they are`() throws {
    var lines = Self.plans.flatMap { Self.read($0) + ["---"] }
    for plan in Self.plans {
      let read = try Plan.read(
        text: plan, file: "story.plan", environment: ["HOSTNAME": "box"],
        files: Plan.attached(Self.files))
      lines.append(told(read).replacing(plan, with: "TEXT"))
    }
    #expect(try difference("plans.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `plans at another speed, from a later phase, and of the size of a record`() throws {
    var lines: [String] = []
    for text in Self.plans {
      let plan = try Plan.read(
        text: text, file: "story.plan", environment: ["HOSTNAME": "box"],
        files: Plan.attached(Self.files))
      func add(_ name: String, _ plan: Plan) {
        lines.append(name)
        lines += plan.phases.map { "  \(told($0))" }
        lines += plan.patterns.map { "  \($0.name) \(told($0.pace)) \($0.timeout)" }
        if case .push(let every, _)? = plan.server?.reply { lines.append("  push \(every)") }
      }
      for speed in [1, 2, 0.5] { add("at \(speed)", plan.driven(at: speed)) }
      for place in plan.phases.indices {
        for held in [0, 7] {
          add("from \(place) with \(held)", plan.resumed(at: place, holding: held))
        }
      }
      add("fitted", plan.boundingSearches(sources: 2, ports: 1000))
      add("fitted to one", plan.boundingSearches(sources: 1, ports: 1))
      for phase in plan.phases {
        var record = PhaseRecord(
          name: phase.name, kind: phase.kind.phaseKind, title: phase.title, planLine: phase.line)
        lines.append(told(phase.sized(as: record)))
        (record.goal, record.plannedRate) = (77, 33)
        lines.append(told(phase.sized(as: record)))
      }
    }
    #expect(try difference("other-plans.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  /// What somebody may write instead of a value.
  static let values = [
    "0", "1", "-1", "1.5", "101", "1k", "4097", "65536", "1000000000001", "1e3", "0s", "1ns",
    "400d",
    "10", "5%", "101%", "0%", "1KiB", "2MiB", "0B", "100/s", "0/s", "2000000000/s", "auto", "off",
    "\"\"",
    "~", "[]", "{}", "true", "[1, 2]", "{a: 1}", "127.0.0.1", "127.0.0.9-127.0.0.1", "::1",
    "1.2.3.4/40",
    "localhost:80", "127.0.0.1:0", "x", "EMFILE", "stop", "\"${nothing}\"", "\"{nothing}\"",
    "\"{\"",
    "\"a\\u0000\"", "ramp", "hold", "fin", "\"[\"",
  ]

  /// One mistake.
  private static func mistyped(_ text: String, _ chance: inout Chance) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let at = chance.below(lines.count)
    switch chance.below(8) {
    case 0: lines.remove(at: at)
    case 1: lines.insert(lines[chance.below(lines.count)], at: at)
    case 2...4:
      // Another value, behind any colon of the line.
      let colons = lines[at].indices.filter {
        lines[at][$0] == ":" && lines[at].index(after: $0) < lines[at].endIndex
          && lines[at][lines[at].index(after: $0)] == " "
      }
      guard !colons.isEmpty else { return mistyped(text, &chance) }
      let start = lines[at].index(chance.pick(colons), offsetBy: 2)
      let end = lines[at][start...].firstIndex { $0 == "," || $0 == "}" } ?? lines[at].endIndex
      lines[at].replaceSubrange(start..<end, with: chance.pick(values))
    case 5:
      // A letter of a word left out, or twice.
      let letters = lines[at].indices.filter { lines[at][$0].isLetter }
      guard !letters.isEmpty else { return mistyped(text, &chance) }
      let place = chance.pick(letters)
      if chance.happens(50) {
        lines[at].remove(at: place)
      } else {
        lines[at].insert(lines[at][place], at: place)
      }
    case 6:
      // A number that is another one.
      let digits = lines[at].indices.filter { lines[at][$0].isNumber }
      guard !digits.isEmpty else { return mistyped(text, &chance) }
      let place = chance.pick(digits)
      lines[at].replaceSubrange(place...place, with: chance.pick(["0", "9", "99999", "-", ""]))
    default:
      let marks = lines[at].indices.filter { "{}[]:,\"<>=%/".contains(lines[at][$0]) }
      guard !marks.isEmpty else { return mistyped(text, &chance) }
      lines[at].remove(at: chance.pick(marks))
    }
    return lines.joined(separator: "\n")
  }

  /// What was changed, and what is said: errors, or the lines of the effective plan that are new.
  private static func lines(
    _ number: UInt64, _ old: String, _ new: String, was: [String], now: [String]
  )
    -> [String]
  {
    let before = Set(old.split(separator: "\n"))
    let changed = new.split(separator: "\n").filter { !before.contains($0) }
    let (known, head) = (Set(was), "\(number). \(changed.first ?? "less")")
    return [head]
      + (now.first?.hasPrefix("!") == true
        ? now : now.filter { !known.contains($0) }.map { "= \($0)" })
  }

  @Test func `mistyped plans`() throws {
    let was = Self.plans.map { Self.read($0) }
    var all: [String] = []
    for seed in 0..<1100 as Range<UInt64> {
      var chance = Chance(seed)
      let place = chance.pick([0, 0, 0, 1, 1, 1, 2, 3])
      let text = Self.mistyped(Self.plans[place], &chance)
      all += Self.lines(
        seed, Self.plans[place], text, was: was[place], now: Self.read(text))
    }
    #expect(try difference("mistyped.txt", all.joined(separator: "\n") + "\n") == nil)
  }

  /// Another key in a mapping, in front of those that are there or behind them.
  @Test func `keys that do not go together`() throws {
    let keys = [
      "every: 1s", "rate: 5/s", "send: x", "bytes: 5B", "file: request.http",
      "conversation: session.yaml",
      "expect: echo", "expect: {text: a, bytes: 1B}", "timeout: 1s", "delays: none", "text: x",
      "matches: x",
      "until: x", "over: 1s", "to: 5", "for: 1s", "name: x", "tolerate: 1%", "with: fin",
      "messages: ping",
      "messages: [ping, ping]", "messages: nothing", "thresholds: [failures == 0]", "confirm: 1s",
      "step: 5", "from: 1", "lifetime: 1s", "push: {every: 1s, send: x}", "interface: lo",
      "processes: 2",
      "substitute: {a: b}", "errno: EPERM", "at: bind", "end: server", "resource: memory",
      "connections: 5",
    ]
    let was = Self.plans.map { Self.read($0) }
    var all: [String] = []
    for seed in 0..<600 as Range<UInt64> {
      var chance = Chance(seed &+ 77_000)
      let place = chance.pick([0, 0, 1, 1, 1, 3])
      var text = Self.plans[place]
      let (opens, key) = (chance.happens(60), chance.pick(keys))
      let marks = text.indices.filter {
        text[$0] == (opens ? "{" : "}") && text[text.index(before: $0)] != "\""
      }
      let at = chance.pick(marks)
      if opens {
        text.insert(contentsOf: key + ", ", at: text.index(after: at))
      } else {
        text.insert(contentsOf: ", " + key, at: at)
      }
      all += Self.lines(seed, Self.plans[place], text, was: was[place], now: Self.read(text))
    }
    #expect(try difference("keys.txt", all.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `conditions`() throws {
    let words = [
      "in ramp", "in hold", "in hold-2", "in nowhere", "in", "for 10s", "for 500ms", "for 0s",
      "for", "for x",
      "abort", "abort", "over", "==", "in ramp in hold",
    ]
    let metrics = [
      "connections", "accepted", "failures", "failures.rate", "connect.p99", "connect.p99.99",
      "connect.p0",
      "connect.p101", "connect.rate", "messages.lost", "messages.unsent", "messages.rate",
      "rtt.max", "rtt.p5",
      "memory.kernel", "cpu.user", "prediction.error", "phantom", "unasked", "drift.p50", "held",
      "nothing",
      "connection",
    ]
    let values = ["0", "5", "1k", "-1", "1%", "101%", "5ms", "1s", "5/s", "2KiB", "x", "", "1.5"]
    let comparisons = ["<", "<=", ">", ">=", "==", "!=", "=", "=<", ""]
    var all: [String] = []
    for seed in 0..<500 as Range<UInt64> {
      var chance = Chance(seed &+ 88_000)
      var condition = "\(chance.pick(metrics)) \(chance.pick(comparisons)) \(chance.pick(values))"
      for _ in 0..<chance.pick([0, 0, 1, 1, 2, 3]) { condition += " " + chance.pick(words) }
      let place = chance.below(4)
      let text = """
        server: {listen: "127.0.0.1:9000"}
        messages: {ping: {rate: 5/s, send: x}}
        phases:
          - ramp: {to: 10\(place == 0 ? ", thresholds: [\"\(condition)\"]" : "")}
          - hold: {for: 20s, messages: ping\(place == 1 ? ", thresholds: [\"\(condition)\"]" : "")}
          - hold: 1s
          - search: {from: 20, step: 5, to: 30\(place == 2 ? ", until: \"\(condition)\"" : "")}
        thresholds: [failures == 0\(place == 3 ? ", \"\(condition)\"" : "")]
        """
      let said = Self.read(text)
      all.append("\(seed). \(place): \(condition)")
      all += said.filter { $0.hasPrefix("!") || $0.contains("thresholds:") || $0.contains(" - \"") }
      if said.first?.hasPrefix("!") == false {
        let plan = try Plan.read(text: text, file: "a.plan")
        all += plan.thresholds.dropFirst(place == 3 ? 1 : 0).map { "= \(told($0))" }
      }
    }
    #expect(try difference("conditions.txt", all.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `mistyped conversations`() throws {
    let plan = Self.plans[1]
    let was = Self.read(plan)
    var all: [String] = []
    for seed in 0..<250 as Range<UInt64> {
      var chance = Chance(seed)
      let text = Self.mistyped(Self.conversation, &chance)
      var files = Self.files
      files["session.yaml"] = Array(text.utf8)
      all += Self.lines(
        seed, Self.conversation, text, was: was, now: Self.read(plan, files: files))
    }
    #expect(try difference("conversations.txt", all.joined(separator: "\n") + "\n") == nil)
  }
}
