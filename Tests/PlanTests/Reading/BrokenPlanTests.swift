import Plan
import Testing

@Suite struct BrokenPlanTests {
  @Test(arguments: [
    Broken(
      "bad YAML", "server: [1, 2\nphases: x\n",
      "2:7: not valid YAML: did not find expected ',' or ']'"
        + " (while parsing a flow sequence, line 1)"),
    Broken(
      "a tab for indentation", "server:\n\tlisten: x\n",
      "2:1: not valid YAML: found character that cannot start any token"
        + " (while scanning for the next token, line 2)"
        + " (YAML is indented with spaces, not with tabs)"),
    Broken(
      "unknown key", minimal + "clinets: {}\n",
      "4:1: unknown key 'clinets' in the plan (did you mean 'clients'?)"),
    Broken(
      "unknown key within server",
      "server:\n  listen: 127.0.0.1:9000\n  proceses: 2\n"
        + "phases:\n  - ramp: {to: 1}\n",
      "3:3: unknown key 'proceses' in server (did you mean 'processes'?)"),
    Broken(
      "duplicate key", minimal + "name: one\nname: two\n",
      "5:1: duplicate key 'name' (the first one is in line 4)"),
    Broken(
      "wrong unit", minimal + "sampling: {every: 2sec}\n",
      "4:19: '2sec' is not a duration: there is no unit 'sec' (did you mean '2s'?)"),
    Broken(
      "duration without a unit", "server: {listen: \"127.0.0.1:9000\"}\nphases:\n  - hold: 30\n",
      "3:11: '30' is a duration without a unit"
        + " (write 30s for seconds or 30ms for milliseconds)"),
    Broken(
      "rate without a unit",
      "server: {listen: \"127.0.0.1:9000\"}\nphases:\n  - ramp: {to: 5, rate: 25k}\n",
      "3:25: '25k' is a rate without a unit (write 25k/s for that many a second)"),
    Broken(
      "zero rate",
      "server: {listen: \"127.0.0.1:9000\"}\nphases:\n  - ramp: {to: 5, rate: 0/s}\n",
      "3:25: '0/s' is no use here: a rate must be more than zero"),
    Broken(
      "negative count",
      "server: {listen: \"127.0.0.1:9000\"}\nphases:\n  - ramp: {to: -5}\n",
      "3:16: '-5' is negative: a count is not (write 20000, 20k or 1M)"),
    Broken(
      "zero goal",
      "server: {listen: \"127.0.0.1:9000\"}\nphases:\n  - ramp: {to: 0}\n",
      "3:16: '0' is no use here: it must be 1 or more"),
    Broken(
      "goal beyond the address space",
      """
      server: {listen: "127.0.0.1:9000", processes: 2}
      clients: {sources: 127.0.0.2-127.0.0.3, ports: 1001-2000}
      phases:
        - ramp: {to: 5k}
      """,
      "4:16: 5,000 connections do not fit: 2 sources x 1,000 ports x 2 endpoints are 4,000"
        + " (it takes 3 sources, or more ports or server processes)"),
    Broken(
      "source range reversed", minimal + "clients: {sources: 127.0.0.17-127.0.0.2}\n",
      "4:20: the range '127.0.0.17-127.0.0.2' is reversed"
        + " (did you mean '127.0.0.2-127.0.0.17'?)"),
    Broken(
      "unparsable address", minimal + "clients: {sources: 127.0.0.300}\n",
      "4:20: '127.0.0.300' is not an IP address"),
    Broken(
      "a name for an address", "server: {listen: \"localhost:9000\"}\nphases: [ramp: {to: 1}]\n",
      "1:18: 'localhost' is not an IP address (write 127.0.0.1)"),
    Broken(
      "port zero", "server: {listen: \"127.0.0.1:0\"}\nphases: [ramp: {to: 1}]\n",
      "1:18: '0' is not a port (ports are 1 to 65535)"),
    Broken(
      "IPv6 without brackets", "server: {listen: \"::1:9000\"}\nphases: [ramp: {to: 1}]\n",
      "1:18: '::1:9000' is not an address and a port: an IPv6 address stands in brackets"
        + " (write ADDRESS:PORT, for example 127.0.0.1:9000 or [::1]:9000)"),
    Broken(
      "ports reversed", minimal + "clients: {ports: 65535-1024}\n",
      "4:18: the range '65535-1024' is reversed (did you mean '1024-65535'?)"),
    Broken(
      "a source twice", minimal + "clients: {sources: [127.0.0.2-127.0.0.5, 127.0.0.5]}\n",
      "4:42: 127.0.0.5 overlaps with 127.0.0.2-127.0.0.5"),
    Broken(
      "a source twice, and one of the other family between the two by its number",
      minimal + "clients: {sources: [0.0.0.3-0.0.0.5, \"::4\", 0.0.0.5]}\n",
      "4:45: 0.0.0.5 overlaps with 0.0.0.3-0.0.0.5"),
    Broken(
      "a bracket within an address",
      "server: {listen: \"1[2]7.0.0.1:9000\"}\nphases: [ramp: {to: 1}]\n",
      "1:18: '1[2]7.0.0.1' is not an IP address"),
    Broken(
      "no address at all", minimal + "clients: {sources: 0.0.0.0}\n",
      "4:20: 0.0.0.0 is no address to connect from"
        + " (name addresses of this host, for example 127.0.0.2-127.0.0.21)"),
    Broken(
      "no address at all, of IPv6", minimal + "clients: {sources: [127.0.0.2, \"::-::4\"]}\n",
      "4:32: :: is no address to connect from"
        + " (name addresses of this host, for example 127.0.0.2-127.0.0.21)"),
    Broken(
      "two families", minimal + "clients: {sources: \"::1\"}\n",
      "4:10: clients and server need addresses of one family, IPv4 or IPv6"
        + " (set 'sources' of clients to suit 'listen' of the server)"),
    Broken(
      "more server processes than endpoints",
      "server: {listen: \"127.0.0.1:65535\", processes: 2}\nphases: [ramp: {to: 1}]\n",
      "1:48: 2 server processes need as many endpoints, and 127.0.0.1:65535 has 1"
        + " (listen on a lower port or on more addresses)"),
    Broken(
      "empty phases", "server: {listen: \"127.0.0.1:9000\"}\nphases: []\n",
      "2:9: phases is empty: nothing would happen"
        + " (for example - ramp: {to: 20k, rate: 10k/s})"),
    Broken(
      "no server", "phases: [ramp: {to: 1}]\n",
      "1:1: the plan has no 'server', and no 'target' either"),
    Broken("no phases", "server: {listen: \"127.0.0.1:9000\"}\n", "1:1: the plan has no 'phases'"),
    Broken(
      "a phase out of line",
      "server: {listen: \"127.0.0.1:9000\"}\nphases:\n  - ramp:\n    to: 5\n",
      "4:5: a phase is one key, and this one has 'ramp' already"
        + " (indent what belongs to 'ramp' deeper)"),
    Broken(
      "unknown phase", "server: {listen: \"127.0.0.1:9000\"}\nphases:\n  - rmap: {to: 5}\n",
      "3:5: there is no phase 'rmap' (did you mean 'ramp'?)"),
    Broken(
      "rate and over at once",
      "server: {listen: \"127.0.0.1:9000\"}\nphases:\n  - ramp: {to: 5, rate: 1/s, over: 2s}\n",
      "3:30: ramp has both 'rate' and 'over' (keep one of them)"),
    Broken(
      "a ramp that goes down",
      "server: {listen: \"127.0.0.1:9000\"}\nphases: [ramp: {to: 10}, ramp: {to: 5}]\n",
      "2:37: a ramp to 5 opens nothing: 10 connections are open by then"
        + " (a 'close' between the two ends them)"),
    Broken(
      "unknown metric", minimal + "thresholds:\n  - connections >= 10\n  - conect.p99 < 1s\n",
      "6:5: there is no metric 'conect.p99' (did you mean 'connect.p99'?)"),
    Broken(
      "threshold without its unit", minimal + "thresholds: [connect.p99 < 100]\n",
      "4:28: '100' is a duration without a unit"
        + " (write 100s for seconds or 100ms for milliseconds)"),
    Broken(
      "threshold in an unknown phase", minimal + "thresholds:\n  - failures == 0 in rmap\n",
      "5:22: there is no phase 'rmap' in this plan (did you mean 'ramp'?)"),
    Broken(
      "unknown operator", minimal + "thresholds:\n  - failures => 0\n",
      "5:14: there is no operator '=>' (did you mean '>='?)"),
    Broken(
      "share without %", minimal + "thresholds:\n  - failures.rate < 0.1\n",
      "5:21: '0.1' is not a share: it has no % (write 0.1%)"),
    Broken(
      "a word that is none of the choices", minimal + "on-limit: holds\n",
      "4:11: expected hold, stop or fail, found 'holds' (did you mean 'hold'?)"),
    Broken(
      "a mapping where a word stands", minimal + "on-limit: {a: b}\n",
      "4:11: expected hold, stop or fail, found a mapping"),
    Broken(
      "sampling too often", minimal + "sampling: {every: 1ms}\n",
      "4:19: '1ms' is too often: reading the counters takes time itself (10ms at least)"),
    Broken(
      "a guard of everything", minimal + "guard: {memory: 100%}\n",
      "4:17: the guard must be more than 0% and less than 100%"),
    Broken(
      "a name that leads elsewhere", minimal + "name: ../up\n",
      "4:7: the name '../up' has a '/' in it"),
    Broken("an empty file", "", "1:1: the plan is empty (it needs at least 'server' and 'phases')"),
    Broken(
      "comments only", "# nothing\n",
      "1:1: the plan is empty (it needs at least 'server' and 'phases')"),
    Broken(
      "a list for a plan", "- a\n",
      "1:1: the plan needs a mapping, found a list (known keys are name, description, include,"
        + " variables, server, target, clients, tls, protocol, data, messages, phases, thresholds, on-limit,"
        + " tolerate,"
        + " expect-limit, guard, sampling)"),
    Broken(
      "two documents", minimal + "---\nname: second\n",
      "4:1: a plan is one YAML document: a second one begins here"),
    Broken(
      "an alias", minimal + "name: *x\n",
      "4:7: a plan has no anchors and aliases"
        + " (write 'variables: {name: value}' and use it as ${name})"),
    Broken("a tag", minimal + "name: !!int x\n", "4:7: a plan has no YAML tags"),
    Broken(
      "a control character", minimal + "name: a\u{1}b\n",
      "4:8: a plan has no control or private-use characters, and this is U+1"
        + " (in double quotes, escapes such as \\n and \\x1b stand for them)"),
  ])
  func `says what is wrong and where`(plan: Broken) {
    #expect(errors(plan.text) == [plan.error])
  }

  private static let wide = """
    server: {listen: "127.0.0.1:9000"}
    clients:
      sources: [127.0.0.2-127.0.0.90, 127.0.0.3, 127.0.0.50]
    phases: [ramp: {to: 10}]
    """

  @Test func `tells every range that a wide one overlaps with`() {
    #expect(
      errors(Self.wide) == [
        "3:35: 127.0.0.3 overlaps with 127.0.0.2-127.0.0.90",
        "3:46: 127.0.0.50 overlaps with 127.0.0.2-127.0.0.90",
      ])
  }

  @Test(arguments: [("m", "method: \"A B\", path: /x"), ("p", "method: GET, path: \"/ x\"")])
  func `a request is wrong where its key is`(wrong: String, request: String) throws {
    let line = "messages: {m: {every: 1s, request: {\(request)}}}"
    let found = errors(
      """
      server: {listen: "127.0.0.1:9000"}
      protocol: http
      \(line)
      phases: [hold: {for: 1s, messages: m}]
      """)
    let value = try #require(line.firstRange(of: wrong == "m" ? "\"A" : "\"/"))
    let column = line.distance(from: line.startIndex, to: value.lowerBound) + 1
    #expect(found.count == 1 && found[0].hasPrefix("3:\(column): "), "\(found)")
  }

  @Test func `a name of few characters and many bytes is told so`() {
    let name = String(repeating: "\u{4e2d}", count: 80)
    let found = errors("name: \(name)\n" + minimal)
    #expect(found.count == 1 && found[0].hasSuffix("is longer than 200 bytes"), "\(found)")
  }

  @Test func `a message that is there already is told with its file`() {
    let found = errors(
      """
      include: a.yaml
      server: {listen: "127.0.0.1:9000"}
      phases: [hold: {for: 1s, messages: {m: {every: 1s, send: x}}}]
      """, files: Plan.attached(["a.yaml": Array("messages: {m: {every: 1s, send: x}}".utf8)]))
    #expect(
      found.count == 1 && found[0].contains("the other one is in line 1 of a.yaml"), "\(found)")
  }

  /// A text may have replacement characters of its own.
  @Test func `finds the first bytes that are not UTF-8`() {
    let bytes = Array("# \u{FFFD}\nx: \u{e9}".utf8) + [0xFF, 0x61]
    let found = errors("include: a.yaml\n" + minimal, files: Plan.attached(["a.yaml": bytes]))
    #expect(found.count == 1 && found[0].hasPrefix("2:5: the file is not UTF-8"), "\(found)")
  }

  @Test func `refuses two mebibytes before it parses them`() {
    let text = minimal + String(repeating: "# padding\n", count: 210_000)
    #expect(text.utf8.count > 2 << 20)
    #expect(errors(text) == ["1:1: the file is larger than 1 MiB; no plan is"])
  }

  @Test func `reports all errors of a file at once, in its order`() {
    let text = """
      nam: typo
      server:
        listen: 127.0.0.1
        replly: echo
        backlog: 4k
        backlog: 8k
      clients:
        sources: 127.0.0.9-127.0.0.2
        connect-timeout: 10
      phases:
        - ramp: {to: 20q, rate: 0/s}
        - hold: forever
      thresholds:
        - connections >= 20k in rampe
        - speed > 5
      on-limit: panic
      on-limit: hold
      """
    #expect(
      errors(text) == [
        "1:1: unknown key 'nam' in the plan (did you mean 'name'?)",
        "3:11: '127.0.0.1' is not an address and a port"
          + " (write ADDRESS:PORT, for example 127.0.0.1:9000 or [::1]:9000)",
        "4:3: unknown key 'replly' in server (did you mean 'reply'?)",
        "6:3: duplicate key 'backlog' (the first one is in line 5)",
        "8:12: the range '127.0.0.9-127.0.0.2' is reversed (did you mean '127.0.0.2-127.0.0.9'?)",
        "9:20: '10' is a duration without a unit (write 10s for seconds or 10ms for milliseconds)",
        "11:16: '20q' is not a count: there is no unit 'q' (units are k and M)",
        "11:27: '0/s' is no use here: a rate must be more than zero",
        "12:11: 'forever' is not a duration (write 30s)",
        "14:27: there is no phase 'rampe' in this plan (did you mean 'ramp'?)",
        "15:5: there is no metric 'speed' (metrics are connections, accepted, phantom,"
          + " failures, failures.rate,"
          + " connect.rate, connect.p50, connect.p90, connect.p99, connect.p99.9, connect.max,"
          + " tls.resumed, tls.p50, tls.p90, tls.p99, tls.p99.9, tls.max, recovery,"
          + " messages.sent, messages.received, messages.lost,"
          + " messages.unsent, messages.rate, unasked, rtt.p50, rtt.p90, rtt.p99, rtt.p99.9,"
          + " rtt.max, memory.kernel,"
          + " memory.user, cpu.user, drift.p50, drift.p90, drift.p99, drift.p99.9, drift.max,"
          + " prediction.error, and any other percentile, as rtt.p95)",
        "16:11: expected hold, stop or fail, found 'panic'",
        "17:1: duplicate key 'on-limit' (the first one is in line 16)",
      ])
  }

  @Test func `looks into a phase that has a key too many`() {
    let text = """
      server: {listen: "127.0.0.1:9000"}
      phases:
        - ramp: {to: 5, rate: 25k}
          hold: 3s
      thresholds: [failures == 0 in ramp]
      """
    #expect(
      errors(text) == [
        "3:25: '25k' is a rate without a unit (write 25k/s for that many a second)",
        "4:5: a phase is one key, and this one has 'ramp' already (begin it with '- ')",
      ])
  }

  @Test func `renders an error as compilers do`() {
    let invalid = InvalidPlan(
      file: "plans/x.plan",
      diagnostics: [
        Diagnostic(
          line: 12, column: 5, message: "unknown key 'proceses' in server",
          sourceLine: "\t   proceses: 1", hint: "did you mean 'processes'?"),
        Diagnostic(line: 1, column: 1, message: "the plan has no 'phases'"),
      ])
    #expect(
      invalid.description == """
        plans/x.plan:12:5: error: unknown key 'proceses' in server
          12 | \t   proceses: 1
             | \t   ^ did you mean 'processes'?
        plans/x.plan:1:1: error: the plan has no 'phases'
        """)
  }

  @Test func `shows a window of a very long line`() {
    let diagnostic = Diagnostic(
      line: 1, column: 5001, message: "m",
      sourceLine: String(repeating: "a", count: 5000) + "B" + String(repeating: "c", count: 5000))
    let lines = diagnostic.rendered(file: "f").split(separator: "\n")
    #expect(lines[1].count < 140)
    #expect(Array(lines[2]).firstIndex(of: "^") == Array(lines[1]).firstIndex(of: "B"))
  }

  @Test func `keeps control characters of a plan off the terminal`() {
    let text = minimal + "on-limit: \"\\x1b[31m\"\n"
    #expect(errors(text) == ["4:11: expected hold, stop or fail, found '\\u{1b}[31m'"])
  }
}
