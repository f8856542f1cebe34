package import Addressing
package import Messages
package import TLS

/// All that a client worker needs to know of a plan.
package struct ClientAssignment: Sendable {
  /// The most that `retries` may be. `ConnectionHistory` counts timeouts in seven bits, and gives
  /// the value 127 another meaning.
  package static let mostRetries = 100

  package var share: WorkerShare
  package var sources: [IPAddress]
  /// The source ports that the client may bind, on each address of `sources`.
  package var ports: PortSet
  /// The range from which the kernel gives ports to any program's connections; `ports` may have
  /// some of these. Nil where no range is known.
  package var ephemeralPorts: ClosedRange<UInt16>?
  package var endpoints: [SocketAddress]
  /// Nanoseconds after which the client gives up a handshake.
  package var connectTimeout: UInt64
  /// How often the client begins a connection's handshake again after a timeout; at most
  /// `mostRetries`.
  package var retries: Int
  /// One task per phase of the plan.
  package var tasks: [ClientTask]
  package var patterns: [MessagePattern]
  /// For each phase of the plan, which patterns are played in it, by their place in `patterns`.
  package var patternsOfPhase: [[Int]]
  /// For each phase of the plan, for how many nanoseconds from its start messages become due. Nil,
  /// or no entry: for as long as the phase lasts.
  package var spanOfPhase: [UInt64?]
  /// The message that the plan's server pushes again and again; nil where it pushes none.
  package var pushed: [UInt8]?
  /// Seeds the random text in messages.
  package var seed: UInt64
  /// For each phase of the plan, the times at which a replay begins its connections. Nil,
  /// or no entry: the task's pace alone says when.
  package var recordedArrivals: [ArrivalCurve?]
  /// For each phase of the plan, how connections come back that are lost in it; nil, or no entry, where they do
  /// not. A storm has its own (`ClientTask.storm`).
  package var reconnectOfPhase: [Backoff?]
  /// The numbers of the processors that the worker stays on; empty where any will do.
  package var processors: [Int]
  /// How many nanoseconds before a message is due the client wakes up. It then polls without
  /// sleeping until that instant, so that a late timer does not count as latency. 0 where no
  /// message is due at an instant of its own, or where workers have to share processors.
  package var wakeLead: UInt64
  /// The TLS settings of the connections; nil for plain TCP.
  package var secure: TLSContext?
  /// The share of TLS's handshakes that are to resume a session, from 0 to 1.
  package var resume: Double
  /// The terms of the connections' WebSockets; nil where connections are not WebSockets.
  package var webSocket: WebSocketTerms?
  /// For connections that speak MQTT; nil for others.
  package var mqtt: MQTTTerms?

  package init(
    share: WorkerShare, sources: [IPAddress], ports: PortSet,
    ephemeralPorts: ClosedRange<UInt16>? = nil, endpoints: [SocketAddress], connectTimeout: UInt64,
    retries: Int = 0, tasks: [ClientTask],
    patterns: [MessagePattern] = [], patternsOfPhase: [[Int]] = [], spanOfPhase: [UInt64?] = [],
    pushed: [UInt8]? = nil, seed: UInt64 = 0, recordedArrivals: [ArrivalCurve?] = [],
    reconnectOfPhase: [Backoff?] = [],
    processors: [Int] = [], wakeLead: UInt64 = 0, secure: TLSContext? = nil,
    resume: Double = 0,
    webSocket: WebSocketTerms? = nil,
    mqtt: MQTTTerms? = nil
  ) {
    self.share = share
    self.sources = sources
    self.ports = ports
    self.ephemeralPorts = ephemeralPorts
    self.endpoints = endpoints
    self.connectTimeout = connectTimeout
    self.retries = min(retries, Self.mostRetries)
    self.tasks = tasks
    self.patterns = patterns
    self.patternsOfPhase = patternsOfPhase
    self.spanOfPhase = spanOfPhase
    self.pushed = pushed
    self.seed = seed
    self.recordedArrivals = recordedArrivals
    self.reconnectOfPhase = reconnectOfPhase
    self.processors = processors
    self.wakeLead = wakeLead
    self.secure = secure
    self.resume = resume
    self.webSocket = webSocket
    self.mqtt = mqtt
  }

  /// The most connections that this worker is ever asked to hold.
  var capacity: Int {
    var most = 0
    var base = 0
    for task in tasks {
      switch task {
      case .open(let goal, _), .seek(let goal, _):
        base = max(base, share.part(of: goal))
        most = max(most, base)
      case .churn(let rate, let lifetime, _, _):
        most = max(most, base + mostChurning(rate: rate, lifetime: lifetime))
      case .close: base = 0
      case .keep, .storm: break
      }
    }
    return most
  }

  /// The most connections that wait at once to come back; 0 where none does.
  var returnCapacity: Int { backoffs.isEmpty ? 0 : capacity }

  /// Nanoseconds: the longest wait before any attempt of a connection that comes back.
  var longestBackoff: UInt64 { backoffs.map(\.last).max() ?? 0 }

  private var backoffs: [Backoff] {
    reconnectOfPhase.compactMap(\.self)
      + tasks.compactMap { if case .storm(let backoff, _) = $0 { backoff } else { nil } }
  }

  /// The most connections of a churn that this worker is ever asked to hold, besides those that
  /// stay.
  var churnCapacity: Int {
    tasks.reduce(0) { most, task in
      if case .churn(let rate, let lifetime, _, _) = task {
        max(most, mostChurning(rate: rate, lifetime: lifetime))
      } else {
        most
      }
    }
  }

  /// The most connections of a churn that this worker has at once, where every connection uses up
  /// all its retries and all its time for each handshake.
  private func mostChurning(rate: Double, lifetime: UInt64) -> Int {
    let seconds = (Double(lifetime) + Double(connectTimeout) * Double(1 + retries)) / 1e9
    return share.part(of: Int(min(rate * seconds, 1e9).rounded(.up))) + 1
  }
}
