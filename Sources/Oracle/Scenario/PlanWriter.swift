import Plan
import Recording
import Simulation

/// Writes the text of a plan: a random one, or one for an aim. `Plan.read` refuses some of the random ones.
struct PlanWriter {
  private(set) var text: String

  /// - Parameter tongue: what the connections speak; nil for bytes.
  init(
    servers: Int, clients: Int, theme: Scenario.Theme, in tongue: Speech.Tongue? = nil,
    _ maker: inout ScenarioMaker
  ) {
    let backlog = theme == .storm ? maker.pick([0, 1, 20, 4096]) : 4096
    var lines = [
      servers == 0
        ? "target: 127.0.0.1:9000"
        : "server: {listen: \"127.0.0.1:9000\", processes: \(servers), backlog: \(backlog)}",
      "clients: {sources: 127.0.0.2-127.0.0.\(1 + maker.number(1...4)), processes: \(clients), "
        + "connect-timeout: \(maker.pick(["1s", "3s", "10s"])), retries: \(maker.number(0...3))"
        + Self.reconnect(maker),
    ]
    let share = theme == .peer ? 0.9 : 0.5
    let spoken = tongue.map {
      SpokenPlan($0, messages: share, mayHaveTLS: servers > 0, &maker)
    }
    lines += spoken?.lines ?? []
    let messages = spoken?.messages ?? Self.messages(share, &maker)
    if !messages.isEmpty {
      lines.append("messages:")
      lines += messages.map { "  \($0.name): {\($0.text)}" }
    }
    if maker.happens(0.5) { lines.append("on-limit: \(maker.pick(["stop", "hold", "fail"]))") }
    if maker.happens(0.2) { lines.append("tolerate: \(maker.pick(["1%", "10%", "50%"]))") }
    if theme != .calm, maker.happens(0.25) {
      lines.append("expect-limit: {\(maker.pick(Self.expectations))}")
    }
    lines.append("phases:")
    let phases = Self.withStorm(
      Self.phases(messages.map(\.name), &maker), messages.map(\.name), maker)
    let plays = phases.contains { $0.contains("messages") }
    lines += phases.map { "  - \($0)" }
    if maker.happens(0.4) {
      lines.append("thresholds:")
      // A plan that plays no messages may have no thresholds on them.
      let possible = Self.thresholds.filter { plays || !$0.hasPrefix("messages") }
      lines += (0..<maker.number(1...2)).map { _ in "  - \(maker.pick(possible))" }
    }
    lines.append("sampling: {every: \(maker.pick(["100ms", "250ms", "1s"]))}")
    text = lines.joined(separator: "\n") + "\n"
  }

  /// A plan in which a worker makes the aim's call often, in a phase of the aim's kind.
  init(for aim: Aim, _ maker: inout ScenarioMaker) {
    let plays = aim.call == .receive || aim.call == .send
    let playing = plays ? ", messages: [first]" : ""
    // A late failure comes after the hundredth call (`Aim.Position`): a fast ramp would be over before that.
    let ramp =
      plays && aim.kind == .ramp
      ? "ramp: {to: 220, rate: 200/s\(playing)}" : "ramp: {to: 220, rate: 1k/s}"
    let phases =
      switch aim.kind {
      case .ramp: [ramp]
      case .churn: ["churn: {rate: 200/s, lifetime: 200ms, for: 2s\(playing)}"]
      case .search:
        ["search: {from: 120, step: 50, to: 220, rate: 1k/s, confirm: 500ms\(playing)}"]
      case .close: [ramp, maker.pick(["close: reset", "close: fin", "close: {over: 300ms}"])]
      default: [ramp, "hold: {for: 2s\(playing)}"]
      }
    let more = [
      "hold: {for: 500ms}", "churn: {rate: 200/s, lifetime: 200ms, for: 1s}", "close: fin",
    ]
    var lines = [
      "server: {listen: \"127.0.0.1:9000\", processes: 1}",
      "clients: {sources: 127.0.0.2-127.0.0.3, processes: 1, retries: \(maker.number(0...1))}",
      "on-limit: \(maker.pick(["hold", "hold", "stop", "fail"]))",
    ]
    if plays { lines += ["messages:", "  first: {rate: 150/s, send: ping, timeout: 500ms}"] }
    lines.append("phases:")
    lines += (phases + more.filter { _ in maker.happens(0.5) }).map { "  - \($0)" }
    text = lines.joined(separator: "\n") + "\n"
  }

  /// A plan that asks for more than the limit grants, in a phase of the aim's kind.
  init(for aim: LimitAim, _ maker: inout ScenarioMaker) {
    let phases =
      switch aim.kind {
      case .churn where aim.resource == .sourcePorts:
        // With `fin` the client closes first, so its port stays in TIME_WAIT beyond the end of the churn.
        ["churn: {rate: 300/s, lifetime: 300ms, for: 2s, with: fin}"]
      case .churn: ["churn: {rate: 300/s, lifetime: 4s, for: 2s}"]
      case .search: ["search: {from: 20, step: 70, to: 400, rate: 1k/s, confirm: 500ms}"]
      case .hold: ["ramp: {to: 40, rate: 1k/s}", "hold: {for: 3s}"]
      case .close: ["ramp: {to: 150, rate: 1k/s}", "close: {over: 2s}"]
      case .storm: Self.storm(for: aim)
      default: ["ramp: {to: 400, rate: \(maker.pick(["300/s", "1k/s"]))}"]
      }
    let serverOrTarget =
      aim.manner == nil
      ? "server: {listen: \"127.0.0.1:9000\", processes: 1}" : "target: 127.0.0.1:9000"
    let ports = aim.resource == .sourcePorts ? ", ports: 20000-20149" : ""
    let more = ["hold: {for: 500ms}", "pause: 200ms", "close: fin"].filter { _ in maker.happens(0.5)
    }
    text =
      ([
        serverOrTarget,
        "clients: {sources: 127.0.0.2, processes: 1, connect-timeout: 1s, retries: 0\(ports)}",
        "on-limit: \(aim.policy.rawValue)", "phases:",
      ] + (phases + (aim.kind == .close ? [] : more)).map { "  - \($0)" })
      .joined(separator: "\n") + "\n"
  }

  private static let expectations = [
    "errno: EMFILE", "at: socket", "end: server", "resource: descriptors-per-process",
    "resource: epoll-watches", "resource: memory", "errno: ENOSPC",
  ]

  private static let thresholds = [
    "failures == 0", "connections >= 10", "connect.p99 < 10s", "failures <= 1000000 abort",
    "phantom == 0", "failures.rate < 50%", "messages.lost == 0", "connect.max < 1000s abort",
  ]

  struct Message {
    let name: String
    let text: String
  }

  /// - Parameter share: of all plans, those that have messages; from 0 to 1.
  private static func messages(_ share: Double, _ maker: inout ScenarioMaker) -> [Message] {
    guard maker.happens(share) else { return [] }
    return ["first", "second"].prefix(maker.number(1...2)).map { name in
      let pace = maker.pick([
        "every: 500ms", "every: 1s", "every: 90ms", "rate: 50/s", "rate: 400/s", "rate: unlimited",
      ])
      let send = maker.pick(["ping", "{connection} {sequence}\\n", "{random:30}"])
      return Message(
        name: name, text: "\(pace), send: \"\(send)\", timeout: \(maker.pick(["500ms", "2s"]))")
    }
  }

  private static func phases(_ messages: [String], _ maker: inout ScenarioMaker) -> [String] {
    // How many connections the plan has asked for so far. A later ramp or search must ask for more.
    var held = maker.number(1...300)
    var phases = ["ramp: {to: \(held)\(pace(&maker))\(playing(messages, &maker))}"]
    for _ in 0..<maker.number(0...4) {
      switch maker.number(0...5) {
      case 0, 1:
        phases.append(
          "hold: {for: \(maker.pick(["500ms", "1s", "3s"]))\(playing(messages, &maker, 0.9))}")
      case 2:
        phases.append(
          "churn: {rate: \(maker.number(10...300))/s, lifetime: "
            + "\(maker.pick(["50ms", "300ms", "1500ms"])), for: \(maker.pick(["1s", "2s"]))"
            + "\(playing(messages, &maker))}")
      case 3:
        let step = maker.number(10...100)
        let most = held + step * maker.number(1...3)
        phases.append(
          "search: {from: \(held + step), step: \(step), to: \(most)\(pace(&maker)), confirm: 500ms"
            + "\(playing(messages, &maker))}")
        held = most
      case 4:
        held += maker.number(1...150)
        phases.append("ramp: {to: \(held)\(pace(&maker))}")
      default: phases.append("pause: 300ms")
      }
    }
    if maker.happens(0.5) {
      phases.append(
        "close\(maker.pick([": reset", ": fin", ": {over: 500ms}", ": {rate: 400/s, with: fin}"]))")
      if maker.happens(0.2) { phases.append("ramp: {to: \(maker.number(1...100))}") }
    }
    return phases
  }

  /// A storm whose time is over before the limit is.
  private static func storm(for aim: LimitAim) -> [String] {
    switch aim.resource {
    // Each connection that is cut leaves its port in TIME_WAIT.
    case .sourcePorts:
      [
        "ramp: {to: 150, rate: 1k/s}",
        "storm: {drop: 60%, with: fin, backoff: 200ms..1s, within: 5s}",
      ]
    // The server has accepted 50 of the 60 that it accepts in all.
    case .acceptQueue:
      ["ramp: {to: 50, rate: 1k/s}", "storm: {drop: 100%, backoff: 100ms..1s, within: 5s}"]
    default:
      ["ramp: {to: 150, rate: 1k/s}", "storm: {drop: 50%, backoff: 2s..4s, within: 10s}"]
    }
  }

  /// Has what one of six plans loses come back, drawn from a copy of the generator.
  private static func reconnect(_ maker: ScenarioMaker) -> String {
    var maker = maker
    guard maker.number(1...6) == 1 else { return "}" }
    return ", reconnect: {backoff: \(maker.pick(["20ms..200ms", "100ms..2s"])), jitter: "
      + "\(maker.pick(["full", "none"]))}}"
  }

  /// Has one of four plans a storm, in any place where something is open. It draws from a copy of the generator:
  /// what is drawn later stays as it is without storms.
  private static func withStorm(
    _ phases: [String], _ messages: [String], _ maker: ScenarioMaker
  ) -> [String] {
    var maker = maker
    guard maker.happens(0.25) else { return phases }
    let end = phases.firstIndex { $0.hasPrefix("close") } ?? phases.count
    let drop = maker.pick(["1%", "30%", "50%", "100%", "1"])
    let until =
      drop == "100%" ? maker.pick(["50%", "99%", "100%"]) : maker.pick(["99.5%", "100%"])
    let storm =
      "storm: {drop: \(drop), with: \(maker.pick(["reset", "fin"])), backoff: "
      + "\(maker.pick(["20ms..200ms", "100ms..2s", "500ms"])), jitter: \(maker.pick(["full", "none"])), "
      + "until: \(until), within: \(maker.pick(["15s", "30s"]))\(playing(messages, &maker))}"
    var changed = phases
    changed.insert(storm, at: maker.number(1...end))
    return changed
  }

  private static func pace(_ maker: inout ScenarioMaker) -> String {
    maker.pick(["", ", rate: 100/s", ", rate: 1k/s", ", rate: 5k/s", ", over: 700ms"])
  }

  private static func playing(
    _ messages: [String], _ maker: inout ScenarioMaker, _ share: Double = 0.3
  ) -> String {
    guard !messages.isEmpty, maker.happens(share) else { return "" }
    let played = maker.happens(0.5) ? messages : [maker.pick(messages)]
    return ", messages: [\(played.joined(separator: ", "))]"
  }
}
