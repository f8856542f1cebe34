import Plan
import Recording
import Testing

@Suite struct EffectiveTests {
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
    minimal + "tls: on\n", minimal + "tls: off\n", minimal + "tls: {verify: off, versions: 1.2}\n",
    minimal
      + "tls: {certificate: a.pem, key: /b.key, versions: 1.2..1.3, ciphers: \"ALL:!NULL\"}\n",
    """
    target: example.test:443
    tls: {verify: "my ca.pem", server-name: other.test, alpn: [h2, "http/1.1"], versions: 1.3}
    phases: [ramp: {to: 10}]
    """,
    """
    server: {listen: "127.0.0.1:9000", tls: {certificate: "a b.pem", key: a.key}}
    phases: [ramp: {to: 10}]
    """,
    """
    server: {listen: "127.0.0.1:9000", tls: {verify: ./on}}
    tls: {certificate: a.pem, key: a.key, resume: 99.5%}
    phases: [ramp: {to: 10}]
    """,
    "target: 10.0.0.5:80\nphases: [ramp: {to: 10}]\n",
    """
    target: ["[fe80::1]:80", "[fd00::2]:65535"]
    clients: {sources: "fd00::/120"}
    phases: [ramp: {to: 10}]
    expect-limit: {resource: closed-by-peer, connections: 3..5}
    """,
    """
    server: {listen: "[::1]-[::2]:9000", processes: 2}
    clients: {sources: ["::1", "fd00::/120"], ports: 5000, processes: 7, connect-timeout: 90m, retries: 0}
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
    #expect(again.essence == plan.essence)
    #expect(again.effective == plan.effective)
  }

  private static func playing(_ message: String, reply: String = "echo") -> String {
    """
    server: {listen: "127.0.0.1:9000", reply: \(reply)}
    messages: {m: {\(message)}}
    phases: [ramp: {to: 5}, hold: {for: 1s, messages: m}]
    """
  }

  private static func http(_ message: String, _ spoken: String = "http") -> String {
    """
    server: {listen: "127.0.0.1:9000"}
    protocol: \(spoken)
    messages: {m: {\(message)}}
    phases: [ramp: {to: 5}, hold: {for: 1s, messages: m}]
    """
  }

  @Test(arguments: [
    playing(
      "every: 0.5us, send: \"\\0{port}}} {{\\x07${X:-{connection}} $${{a}}\\U0001F600\\u2028\", timeout: 1ms"
    ),
    playing("rate: 0.1/m, send: \"- x: #\", expect: none"),
    playing("every: 1s, send: \" \", expect: {text: \" {port} \\0\"}"),
    playing("every: 1s, send: x, expect: {matches: \"^[^\\n'\\\"]{1,9}\\\\.$\"}"),
    playing("every: 1s, bytes: 1MiB, expect: {bytes: 9MiB}"),
    playing("every: 1s, file: long.txt"), playing("every: 1s, file: dir/raw.bin"),
    playing("every: 1s, file: \"odd: {name}\""),
    playing("every: 1s, send: x, expect: none", reply: "{send: \"a\\r\\n: ${X:-b}\"}"),
    playing("every: 1s, send: x, expect: none", reply: "{push: {every: 90m, send: \"\\t\"}}"),
    http("every: 1s, request: {}"),
    http(
      "every: 1s, request: {method: HEAD, path: \"/{connection}?${X:-a}#\"}".replacing(
        "#", with: "")),
    http(
      "every: 1s, request: {path: \"/{{\", headers: {A: \"\", \"b-c\": \"x: {port} $${{y}}\"}, body: \"\"}"
    ),
    http(
      "rate: unlimited, request: {body: \"{sequence}\\r\\n\\0 # ä\"}, expect: {status: [200, 300..399]}"
    ),
    http(
      "every: 1s, request: {path: \"*\", method: OPTIONS}, expect: {status: 404, text: \": x\"}"),
    http(
      "every: 1s, request: {path: \"/\"}, expect: {matches: \"^a$\"}",
      "{http: {host: \"[::1]:80\"}}"),
    http(
      "every: 1s, request: {headers: {accept: x}}",
      "{http: {headers: {Accept: \"*/*\", X: \" \"}}}"
        .replacing("\" \"", with: "1")),
    http("every: 1s, send: \"abcdefghij\"", "websocket"),
    http("every: 1s, bytes: 10B, expect: {bytes: 10B}", "{websocket: {}}"),
    http("every: 1s, send: abc, expect: {text: abc}", "{websocket: {binary: true, ping: 0.5s}}"),
    http("every: 1s, bytes: 10B, expect: none", "{websocket: {binary: false, path: \"/?{{\"}}"),
    http(
      "every: 1s, file: long.txt, expect: {matches: \"^[{]port\"}",
      "{websocket: {path: /a?b, host: \"[::1]:80\", headers: {X-Y: \"1\", Cookie: \"a=b; c\"}}}"),
    http(
      "every: 1s, file: dir/raw.bin",
      "{websocket: {subprotocols: [v1.chat, \"x*\"], binary: true}}"),
    http("every: 1s, publish: {topic: a, payload: b}", "mqtt"),
    http("every: 1s, publish: {topic: \"a/{connection}\", bytes: 10B, qos: 1}", "{mqtt: {}}"),
    http(
      "every: 1s, publish: {topic: a, file: dir/raw.bin, retain: true}, expect: echo",
      "{mqtt: {version: 5, subscribe: a, keep-alive: off}}"),
    http(
      "every: 1s, publish: {topic: a, payload: \"{{x}}\", qos: 1}, expect: {text: x}",
      "{mqtt: {client-id: \"c{connection}\", username: u, password: p, clean: false, keep-alive: 5s, subscribe: [a, b/#]}}"
    ),
    "target: [host.lan:80, \"[::1]:80\"]\nclients: {sources: {interface: \"e%0@1\"}}\nphases: [hold: 1s]",
    """
    target: 127.0.0.1:80
    messages: {a-b: {every: 1s, send: a}, c.d: {every: 1s, send: c}}
    phases:
      - search: {from: 5, step: 7k, until: ["failures.rate>0.1%", "connect.p99.9   >  5us"]}
      - search: {from: 9k, step: 1, over: 61s, confirm: 1us, messages: [c.d, a-b]}
      - churn: {rate: 7/m, lifetime: 0.5ms, for: 1h, messages: a-b, thresholds: [failures == 0]}
      - close: {rate: 1/m}
      - ramp: {to: 5, messages: {e: {rate: 1/s, send: e}}, thresholds: ["rtt.max < 5us  abort"]}
    thresholds: [connections > 5 in churn for 90s abort, memory.user <= 1.5KiB]
    """,
  ])
  func `reads with its files as the same plan again`(text: String) throws {
    let files: [String: [UInt8]] = [
      "long.txt": Array(String(repeating: "{port} \u{e9} ", count: 9000).utf8),
      "dir/raw.bin": [0xFF, 0, 0x7B, 0x7B], "odd: {name}": [0xC0],
    ]
    let plan = try Plan.read(text: text, file: "test.plan", files: Plan.attached(files))
    let again = try Plan.read(
      text: plan.effective, file: "test.plan", files: Plan.attached(plan.attachments))
    #expect(again.essence == plan.essence)
    #expect(again.effective == plan.effective)
  }

  @Test func `spells out the defaults of messages`() throws {
    let plan = try read(Self.playing("every: 30s, send: \"ping {sequence}\\n\""))
    #expect(
      plan.effective.contains(
        """
        messages:
          m: {every: 30s, send: "ping {sequence}\\n", expect: echo, timeout: 5s}
        phases:
          - ramp: {to: 5}
          - hold: {for: 1s, messages: [m]}
        """))
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
          sources: 127.0.0.2-127.0.0.21
          ports: auto
          processes: auto
          connect-timeout: 10s
          retries: 3
        phases:
          - ramp: {to: 10}
        thresholds:
          - connections >= 10
        on-limit: hold
        tolerate: 0%
        guard: {memory: 5%}
        sampling: {every: 1s}

        """)
  }

  /// A recording has this text, and reads it again from the plan's place.
  @Test func `names files of TLS as the plan does, wherever that lies`() throws {
    let text = """
      target: example.test:443
      tls: {verify: ./off, certificate: a.pem, key: ./keys/a.key}
      phases: [ramp: {to: 10}]
      """
    let plan = try Plan.read(text: text, file: "plans/test.plan", files: Plan.attached([:]))
    let file = { (path: String, name: String) in PlanTLS.File(path: path, name: name) }
    #expect(plan.tls?.verification == .file(file("plans/off", "off")))
    #expect(plan.tls?.clientIdentity?.key == file("plans/keys/a.key", "keys/a.key"))
    let again = try Plan.read(
      text: plan.effective, file: "plans/test.plan", files: Plan.attached([:]))
    #expect(again.tls == plan.tls)
    #expect(again.effective == plan.effective)
  }

  /// Only the host knows the addresses of an interface, and so where a search without `to` ends.
  @Test(arguments: [(", to: 1M", 1_000_000), (", to: 700", 700), ("", 500)])
  func `the host ends a search that the plan does not end`(to: String, most: Int) throws {
    let text = """
      target: 10.0.0.5:80
      clients: {sources: {interface: eth0}}
      phases: [search: {from: 100, step: 100\(to)}]
      """
    let plan = try read(text)
    for plan in [plan, try read(plan.effective)] {
      let fitted = plan.boundingSearches(sources: 1, ports: 500)
      #expect(fitted.phases[0].most == most)
      #expect(fitted.effective.contains("to: \(most)"))
      #expect(fitted.boundingSearches(sources: 1, ports: 100).phases[0].most == most)
    }
  }

  @Test func `a recorded plan asks for the host that the run asked for`() throws {
    var plan = try read(Self.http("every: 1s, request: {}"))
    plan.connect(to: [Target(host: "web.test", port: 80)])
    let recording = Recording(planName: "test") {
      ($0.planFile, $0.planText, $0.effectivePlan) = ("test.plan", plan.text, plan.effective)
    }
    let driven = try recording.drivenPlan()
    #expect(driven.targets == plan.targets)
    #expect(driven.patterns == plan.patterns)
    #expect(driven.patterns[0].template != (try recording.plan()).patterns[0].template)
  }

  /// The examples of the project, next to its sources.
  static let plans = ["ramp-1m", "quick", "one-process"]

  @Test(arguments: plans) func `reads the example`(name: String) throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let plan = try Plan.load(file: "/\(root)/plans/\(name).plan")
    #expect(plan.name == name)
    #expect(try read(plan.effective).essence == plan.essence)
    #expect(plan.thresholds.isEmpty == false)
  }

  /// Such characters stand in icon fonts.
  @Test func `a file with private-use characters is named, as no plan may have them`() throws {
    let text = """
      server: {listen: "127.0.0.1:9000"}
      messages: {icon: {every: 1s, file: icon.txt}}
      phases: [hold: {for: 1s, messages: icon}]
      """
    let plan = try Plan.read(
      text: text, file: "test.plan", files: Plan.attached(["icon.txt": Array("\u{F0001}".utf8)]))
    #expect(
      plan.effective.contains("file: \"icon.txt\"") || plan.effective.contains("file: icon.txt"))
    let again = try Plan.read(
      text: plan.effective, file: "test.plan", files: Plan.attached(plan.attachments))
    #expect(again.effective == plan.effective)
  }
}
