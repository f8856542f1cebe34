import Recording
import Simulation

/// The lines of a plan that make its connections speak a protocol, and the messages that it then has.
struct SpokenPlan {
  private(set) var lines: [String] = []
  private(set) var messages: [PlanWriter.Message] = []

  /// - Parameters:
  ///   - share: of all plans, those that have messages; from 0 to 1.
  ///   - mayHaveTLS: whether the server is the plan's own.
  init(
    _ tongue: Speech.Tongue, messages share: Double, mayHaveTLS: Bool,
    _ maker: inout ScenarioMaker
  ) {
    if mayHaveTLS, maker.happens(0.2) { lines.append("tls: {}") }
    let isSubscribed = maker.happens(0.6)
    switch tongue {
    case .http: lines.append("protocol: http")
    case .webSocket:
      let ping = maker.pick(["", "ping: 300ms", "ping: 2s"])
      let binary = maker.pick(["", "binary: true"])
      let settings = [ping, binary].filter { !$0.isEmpty }.joined(separator: ", ")
      lines.append("protocol: {websocket: {\(settings)}}")
    case .mqtt, .mqtt5:
      let subscribe = isSubscribed ? ", subscribe: [\"t/{connection}\", \"all/#\"]" : ""
      let keepAlive = maker.pick(["off", "1s", "60s"])
      let version = tongue == .mqtt5 ? "5" : "3.1.1"
      lines.append(
        "protocol: {mqtt: {version: \(version), client-id: \"c-{connection}\", keep-alive: \(keepAlive)\(subscribe)}}"
      )
    }
    guard maker.happens(share) else { return }
    messages = ["first", "second"].prefix(maker.number(1...2)).map { name in
      let pace = maker.pick([
        "every: 500ms", "every: 1s", "every: 90ms", "rate: 50/s", "rate: 400/s", "rate: unlimited",
      ])
      let content = Self.content(tongue, isSubscribed, &maker)
      return PlanWriter.Message(
        name: name, text: "\(pace), \(content), timeout: \(maker.pick(["500ms", "2s"]))")
    }
  }

  /// What a message says, and what it expects.
  private static func content(
    _ tongue: Speech.Tongue, _ isSubscribed: Bool, _ maker: inout ScenarioMaker
  ) -> String {
    let text = maker.pick(["ping", "{connection} {sequence}", "{random:30}"])
    switch tongue {
    case .http:
      return maker.pick([
        "request: {path: \"/{sequence}\", body: \"\(text)\"}, expect: {status: 200}",
        "request: {body: \"same\"}, expect: {status: 200..299, text: same}",
        "request: {path: /}",
      ])
    case .webSocket: return maker.pick(["send: \"\(text)\"", "bytes: 300B"])
    case .mqtt, .mqtt5:
      let qos = maker.number(0...1)
      let payload = maker.pick(["payload: \"\(text)\"", "bytes: 300B"])
      let publish = "publish: {topic: \"t/{connection}\", \(payload), qos: \(qos)}"
      return isSubscribed ? "\(publish), expect: echo" : publish
    }
  }

  // MARK: Aims

  /// A plan whose connections are refused in a phase of the aim's kind.
  static func text(
    for aim: RefusalAim, clients: Int, _ maker: inout ScenarioMaker
  ) -> String {
    // A client of MQTT that sends messages need not ping.
    let needsPings = aim.refusal == .ignoresPings && aim.tongue != .webSocket
    let playing =
      aim.tongue == .http || maker.happens(0.5) && !needsPings ? ", messages: beat" : ""
    let rate = maker.pick(["300/s", "1k/s"])
    let phases =
      switch aim.kind {
      case .churn: ["churn: {rate: 100/s, lifetime: 2500ms, for: 2s\(playing)}"]
      case .search: ["search: {from: 20, step: 20, to: 60, rate: 1k/s, confirm: 500ms\(playing)}"]
      case .hold: ["ramp: {to: 40, rate: 1k/s}", "hold: {for: 4s\(playing)}"]
      case .storm:
        [
          "ramp: {to: \(Self.goalBeforeStorm), rate: 1k/s}",
          "storm: {drop: 50%, backoff: 100ms..500ms, within: 4s\(playing)}",
        ]
      default: ["ramp: {to: 60, rate: \(rate)\(playing)}"]
      }
    let more = ["hold: {for: 500ms}", "pause: 200ms", "close: fin"].filter { _ in maker.happens(0.5)
    }
    let (line, message) =
      switch aim.tongue {
      case .http: ("http", "request: {path: /}")
      case .webSocket: ("{websocket: {ping: 300ms}}", "send: \"{sequence}\"")
      case .mqtt: ("{mqtt: {keep-alive: 1s}}", "publish: {topic: t, payload: x, qos: 1}")
      case .mqtt5:
        ("{mqtt: {keep-alive: 1s, version: 5}}", "publish: {topic: t, payload: x, qos: 1}")
      }
    return
      ([
        "target: 127.0.0.1:9000", "protocol: \(line)",
        "clients: {sources: 127.0.0.2, processes: \(clients), connect-timeout: 1s, retries: 0}",
        playing.isEmpty ? "" : "messages: {beat: {every: 400ms, \(message), timeout: 300ms}}",
        "on-limit: \(maker.pick(["stop", "hold", "fail"]))", "phases:",
      ] + (phases + more).map { "  - \($0)" }).filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
  }

  /// What the server of somebody else says, so that the refusal is met there.
  static func speech(for aim: RefusalAim, _ maker: inout ScenarioMaker) -> Speech {
    var speech = Speech(aim.tongue, aim.refusal)
    switch aim.kind {
    // Whoever was refused comes back, so all are refused that come after the storm.
    case .storm: speech.first = goalBeforeStorm + 1
    default: speech.every = maker.number(1...10)
    }
    speech.after = aim.kind == .hold ? 1_500_000_000 : 20_000_000
    return speech
  }

  private static let goalBeforeStorm = 60
}
