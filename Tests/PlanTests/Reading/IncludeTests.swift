import Judgement
import Recording
import Synchronization
import Testing

@testable import Plan

/// Plans that are made of several files.
@Suite struct IncludeTests {
  private func read(_ text: String, _ files: [String: String]) throws -> Plan {
    try Plan.read(
      text: text, file: "plans/test.plan", files: Plan.attached(files.mapValues { Array($0.utf8) }))
  }

  private func errors(_ text: String, _ files: [String: String]) -> [String] {
    do {
      _ = try Plan.read(
        text: text, file: "plans/test.plan",
        files: Plan.attached(files.mapValues { Array($0.utf8) }))
      return []
    } catch {
      return error.diagnostics.map {
        "\($0.file ?? error.file):\($0.line):\($0.column): \($0.message)"
      }
    }
  }

  private let base = """
    name: base
    server: {listen: "127.0.0.1:9000"}
    variables: {goal: 10, pace: 5/s}
    messages: {a: {every: 1s, send: base}, b: {every: 1s, send: base}}
    clients: {processes: 3, ports: 5000-6000}
    on-limit: stop

    """

  @Test func `take what they do not say from the files that they include`() throws {
    let plan = try read(
      """
      include: base.plan
      variables: {goal: 20}
      messages: {b: {every: 1s, send: own}}
      clients: {processes: 2}
      phases: [ramp: {to: "${goal}", rate: "${pace}"}, hold: {for: 1s, messages: [b, a]}]
      """, ["base.plan": base])
    #expect(plan.name == "base")
    #expect(plan.mostConnections == 20)
    #expect(plan.phases[0].kind == .ramp(to: 20, pace: .rate(5)))
    #expect(plan.patterns.map(\.name) == ["a", "b"])
    #expect(plan.patterns.map(\.template.fixed) == [Array("base".utf8), Array("own".utf8)])
    #expect(plan.clients.processes == .count(2))
    #expect(plan.clients.ports == .auto)
    #expect(plan.onLimit == .stop)
    #expect(plan.attachments.keys.sorted() == ["base.plan"])
  }

  @Test func `leave out messages of others that they do not play`() throws {
    let plan = try read("include: base.plan\nphases: [hold: 1s]\n", ["base.plan": base])
    #expect(plan.patterns == [])
  }

  @Test func `look only at messages of others that they play`() throws {
    let library = """
      messages:
        echoed: {every: 1s, send: x}
        sent: {every: 1s, send: x, expect: none}
        missing: {every: 1s, file: nowhere.bin}
      """
    func text(_ name: String) -> String {
      """
      include: library.plan
      server: {listen: "127.0.0.1:9000", reply: discard}
      phases: [hold: {for: 1s, messages: \(name)}]
      """
    }
    let files = ["library.plan": library]
    let plan = try read(text("sent"), files)
    #expect(plan.patterns.map(\.name) == ["sent"])
    #expect(plan.attachments.count == 1)
    #expect(
      errors(text("echoed"), files) == [
        "plans/library.plan:2:3: the server discards what it receives, so no echo comes back"
      ])
    #expect(
      errors(text("missing"), files).first
        == "plans/library.plan:4:3: the server discards what it receives, so no echo comes back")
  }

  @Test func `replace the server by a target`() throws {
    let plan = try read(
      "include: base.plan\ntarget: 127.0.0.1:80\nphases: [hold: 1s]\n", ["base.plan": base])
    #expect(plan.server == nil)
    #expect(plan.targets.count == 1)
  }

  @Test func `let the later of two win`() throws {
    let plan = try read(
      "include: [base.plan, late.plan]\nphases: [ramp: {to: \"${goal}\"}]\n",
      ["base.plan": base, "late.plan": "on-limit: fail\nvariables: {goal: 30}\n"])
    #expect(plan.onLimit == .fail)
    #expect(plan.mostConnections == 30)
  }

  @Test func `start at the file that they stand in`() throws {
    let plan = try read(
      "include: lib/one.plan\nphases: [hold: {for: 1s, messages: m}]\n",
      [
        "lib/one.plan": "include: more/two.plan\non-limit: stop\n",
        "lib/more/two.plan": "server: {listen: \"127.0.0.1:9000\"}\non-limit: fail\n"
          + "messages: {m: {every: 1s, file: m.bin}}\n",
        "lib/more/m.bin": "bytes",
      ])
    #expect(plan.onLimit == .stop)
    #expect(plan.patterns[0].template.fixed == Array("bytes".utf8))
    #expect(
      plan.attachments.keys.sorted() == ["lib/more/m.bin", "lib/more/two.plan", "lib/one.plan"])
  }

  @Test func `name the file that an error is in`() {
    let found = errors(
      "include: lib/bad.plan\nphases: [ramp: {to: \"${goal}\"}]\nguard: 5\n",
      [
        "lib/bad.plan": "server: {listn: x}\nvariables: {goal: many}\nsampling: {every: 1}\n"
      ])
    #expect(
      found == [
        "plans/test.plan:2:21: 'many' is not a count",
        "plans/test.plan:3:8: expected off or a mapping, found '5'",
        "plans/lib/bad.plan:1:9: server needs 'listen'",
        "plans/lib/bad.plan:1:10: unknown key 'listn' in server",
        "plans/lib/bad.plan:3:19: '1' is a duration without a unit",
      ])
  }

  @Test func `show the line of the file that an error is in`() {
    #expect {
      try read("include: bad.plan\n", ["bad.plan": "# x\nguard: on\n"])
    } throws: { error in
      "\(error)".contains(
        """
        plans/bad.plan:2:8: error: expected off or a mapping, found 'on'
          2 | guard: on
            |        ^ write guard: {memory: 5%}
        """)
    }
  }

  @Test func `give phases and thresholds the line that included them`() throws {
    let plan = try read(
      "name: x\ninclude: p.plan\n",
      ["p.plan": base + "phases: [ramp: {to: 1}]\nthresholds: [failures == 0]\n"])
    #expect(plan.phases[0].line == 2)
    #expect(plan.thresholds[0].line == 2)
  }

  @Test(
    arguments: [
      (["a.plan": "include: a.plan\n"], "plans/a.plan:1:10: 'a.plan' includes itself"),
      (
        ["a.plan": "include: b.plan\n", "b.plan": "# b\ninclude: [./a.plan]\n"],
        "plans/b.plan:2:11: './a.plan' includes itself"
      ),
      (["a.plan": "- x\n"], "plans/a.plan:1:1: an included file needs a mapping, found a list"),
      (["a.plan": "x:\n\ty: 1"], "plans/a.plan:2:1: not valid YAML"),
      (["a.plan": "name: \u{1}"], "plans/a.plan:1:7: a plan has no control"),
      ([:], "plans/test.plan:1:10: the file 'a.plan' cannot be read"),
      (["a.plan": "include: {}"], "plans/a.plan:1:10: expected the name of a file, or a list"),
      (["a.plan": "include: [[]]"], "plans/a.plan:1:11: expected the name of a file, or a list"),
    ] as [([String: String], String)])
  func `are refused when they cannot be had`(files: [String: String], error: String) {
    let found = errors("include: a.plan\nphases: [hold: 1s]\n", files)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix(error) == true, "\(found)")
  }

  @Test func `are refused when they are not UTF-8`() {
    #expect {
      try Plan.read(
        text: "include: a.plan\n", file: "t", files: Plan.attached(["a.plan": [0x61, 0x0A, 0xFF]]))
    } throws: { error in
      (error as? InvalidPlan)?.diagnostics.map { "\($0.line):\($0.column): \($0.message)" }
        == ["2:1: the file is not UTF-8 from here on"]
    }
  }

  @Test func `may say nothing`() throws {
    let plan = try read(
      "include: [empty.plan, base.plan]\nphases: [hold: 1s]\n",
      ["empty.plan": "# later\n", "base.plan": base])
    #expect(plan.phases.count == 1)
    #expect(
      errors("include: empty.plan\nphases: [hold: 1s]\n", ["empty.plan": ""])
        == ["plans/test.plan:1:1: the plan has no 'server', and no 'target' either"])
  }

  @Test func `are eight levels deep at most`() throws {
    func chain(_ length: Int) -> [String: String] {
      var files: [String: String] = [:]
      for level in 1...length { files["\(level).plan"] = "include: \(level + 1).plan\n" }
      files["\(length).plan"] = base
      return files
    }
    let text = "include: 1.plan\nphases: [hold: 1s]\n"
    #expect(try read(text, chain(8)).name == "base")
    #expect(
      errors(text, chain(9)) == [
        "plans/8.plan:1:10: includes are nested deeper than 8 levels"
      ])
  }

  @Test func `are a mebibyte at most in all`() {
    let large = "# " + String(repeating: "x", count: 600_000) + "\n"
    #expect(
      errors(
        "include: [a.plan, b.plan]\nphases: [hold: 1s]\n", ["a.plan": large, "b.plan": large])
        == ["plans/test.plan:1:19: the included files make this plan longer than 1 MiB"])
  }

  @Test func `do not multiply`() {
    // Each of nine files includes the next a hundred times.
    var files: [String: String] = [:]
    for level in 0..<9 {
      let next = [String](repeating: "\(level + 1).plan", count: 100).joined(separator: ", ")
      files["\(level).plan"] = "include: [\(next)]\n"
    }
    let all = files
    let count = Mutex(0)
    let found: [String]
    do {
      _ = try Plan.read(
        text: "include: 0.plan\n", file: "t",
        files: { name throws(UnreadableFile) in
          count.withLock { $0 += 1 }
          return Array((all[name] ?? "").utf8)
        })
      found = []
    } catch {
      found = error.diagnostics.map(\.message)
    }
    #expect(!found.isEmpty)
    #expect(count.withLock { $0 } <= 10)
  }

  @Test func `read the same again from what a recording keeps`() throws {
    let text = """
      include: base.plan
      phases: [ramp: {to: "${goal}"}, hold: {for: 1s, messages: a}]
      thresholds: [connections >= 5]
      """
    let plan = try read(text, ["base.plan": base])
    let again = try Plan.read(
      text: plan.text, file: plan.file, overrides: plan.settings,
      files: Plan.attached(plan.attachments))
    #expect(again == plan)

    var recording = Recording(planName: "x") {
      $0.planFile = plan.file
      $0.planText = plan.text
    }
    #expect(judge(recording).headline.contains("it did not come with the plan"))
    recording.attachments = plan.attachments.map { Attachment(name: $0.key, content: $0.value) }
    #expect(judge(recording).thresholds.map(\.text) == ["connections >= 5"])
  }
}
