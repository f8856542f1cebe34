import Coordination
import Plan
import Simulation

/// What one input of `sessions` says: which session the two ends have, and what somebody in the middle of their
/// connection does, step by step.
///
/// The first byte chooses the plan, and whether the session is open before the first step. Every step is a byte, of
/// which the upper three bits say what is done, and the lower five are a number `n`:
/// - 0, 1: says the next n + 1 bytes, to the client or to the server.
/// - 2: passes on what has come: to both, to the client or to the server.
/// - 3: lets time pass.
/// - 4: ends one half of the connection, or all of it.
/// - 5: repeats what was said last, 8 n times.
/// - 6: passes on to both, and changes one bit in the first byte of each stretch.
/// - 7: drops what has come.
struct SessionScene {
  enum Step: Equatable {
    case say([UInt8], toServer: Bool)
    case pass(toClient: Bool, toServer: Bool, bit: UInt8?)
    case drop
    /// Nanoseconds.
    case wait(UInt64)
    case finish(client: Bool)
    case close(client: Bool, resets: Bool)
  }

  let session: PreparedRun
  let hasTLS: Bool
  /// Whether everything is passed on until the connection is established, before the first step.
  let opens: Bool
  private(set) var steps: [Step] = []

  private static let mostSteps = 64

  /// Nil where there is nothing to choose by.
  init?(_ input: [UInt8]) {
    guard let first = input.first else { return nil }
    let place = Int(first & 0x1F) % Self.sessions.count
    session = Self.sessions[place]
    hasTLS = session.plan.tls != nil
    opens = first & 0x20 != 0
    var rest = input.dropFirst()
    var last = Step.drop
    while let byte = rest.popFirst(), steps.count < Self.mostSteps {
      let n = Int(byte & 0x1F)
      switch byte >> 5 {
      case 0, 1:
        last = .say(Array(rest.prefix(n + 1)), toServer: byte >> 5 == 1)
        rest = rest.dropFirst(n + 1)
        steps.append(last)
      case 2: steps.append(.pass(toClient: n % 3 != 1, toServer: n % 3 != 2, bit: nil))
      case 3: steps.append(.wait(Self.spans[n % Self.spans.count] * 1_000_000))
      case 4: steps.append(Self.ends[n % Self.ends.count])
      case 5:
        guard case .say(let bytes, let toServer) = last else { continue }
        let all = (0..<8 * n).flatMap { _ in bytes }
        if !all.isEmpty { steps.append(.say(all, toServer: toServer)) }
      case 6: steps.append(.pass(toClient: true, toServer: true, bit: UInt8(n % 8)))
      default: steps.append(.drop)
      }
    }
  }

  /// Milliseconds. A session of the plans below is pinged each 400 ms or each second, and opens within 2 s.
  private static let spans: [UInt64] = [1, 100, 450, 1_100, 2_500, 6_000]

  private static let ends: [Step] = [
    .finish(client: true), .finish(client: false),
    .close(client: true, resets: false), .close(client: true, resets: true),
    .close(client: false, resets: false), .close(client: false, resets: true),
  ]

  // MARK: Plans

  /// Made once: those with TLS have a certificate of their own.
  private static let sessions: [PreparedRun] = plans.map { lines in
    let text =
      """
      server: {listen: "127.0.0.1:9001", processes: 1}
      clients: {sources: 127.0.0.2, processes: 1, connect-timeout: 2s, retries: 0}
      \(lines)
      phases:
        - ramp: {to: 1}
        - hold: {for: 1h, messages: beat}
        - close: fin
      """
    do {
      return try PreparedRun(
        try Plan.read(text: text, file: "sessions.plan", overrides: [:]),
        onSimulated: SimulatedHost(), seed: 1)
    } catch {
      fatalError("a plan of the fuzz target cannot be read: \(error)")
    }
  }

  private static let plans: [String] =
    [("{websocket: {ping: 400ms}}", "send: ping"), ("websocket", "bytes: 300B")].map(plan)
    + ["3.1.1", "5"].flatMap { version in
      [
        plan(
          "{mqtt: {version: \(version), keep-alive: 1s, subscribe: t}}",
          "publish: {topic: t, payload: ping}, expect: echo"),
        plan("{mqtt: {version: \(version)}}", "publish: {topic: t, payload: ping, qos: 1}"),
      ]
    } + [
      plan("http", "request: {body: ping}"),
      "tls: {}\n" + plan("raw", "send: ping"), "tls: {versions: 1.2}\n" + plan("raw", "send: ping"),
      "tls: {}\n" + plan("websocket", "send: ping"),
      "tls: {}\n" + plan("mqtt", "publish: {topic: t, payload: ping, qos: 1}"),
    ]

  private static func plan(_ spoken: String, _ message: String) -> String {
    "protocol: \(spoken)\nmessages: {beat: {every: 300ms, \(message), timeout: 700ms}}"
  }
}
