package import Addressing
import Host
import Linux
import Messages
import Plan
package import Probe
import Recording

/// How many workers play each end, and what each worker is told before it starts.
package struct Staffing {
  package let servers: [ServerAssignment]
  package let clients: [ClientAssignment]
  /// What the clients connect to: our servers, or someone else's.
  package let endpoints: [SocketAddress]
  package let sources: [IPAddress]

  /// Connections, or messages, per second that one process begins or accepts without falling behind.
  private static let ratePerWorker = 15_000.0
  /// The fewest connections that a client process of `processes: auto` is to have where messages have a
  /// `rate`. Every process sends the same share of the rate. So where one process has one connection and another
  /// has two, the one connection carries twice the messages of each of the two.
  private static let fewestConnections = 16
  /// Descriptors that a worker of `processes: auto` keeps in reserve. Where other programs have taken ports,
  /// endpoints get slightly uneven numbers of connections, and one too many would meet the limit.
  private static let headroom = 50

  /// Nanoseconds that the kernel may take to wake a process whose timer has run out; measured by
  /// `Benchmarks/run timer`.
  private static let latenessOfTimers: UInt64 = 50_000

  /// - Parameters:
  ///   - addresses: those of the plan.
  ///   - descriptorLimit: RLIMIT_NOFILE of every worker, at most `ServerAssignment.mostDescriptors`.
  ///   - processors: those that may be used; more workers than these do not make a ramp faster.
  ///   - room: how many workers can be started, of both ends together.
  ///   - seed: the random text in messages follows from it.
  ///   - recordedArrivals: the arrivals that each phase is to drive again; empty except in a replay.
  ///   - secure: what TLS needs.
  init(
    plan: Plan, addresses: Addresses, descriptorLimit: Int, processors: Processors,
    room: Int = .max, seed: UInt64,
    recordedArrivals: [ArrivalCurve?] = [], secure: SecureContexts = .none
  ) {
    let rate = plan.phases.map(\.connectionsPerSecond).max() ?? 0
    let most = Capacity.mostWorkers(
      [plan.clients.processes, plan.server?.processes], room: room)
    // The most workers where messages have a rate: with more, each would have too few connections for its share
    // (`fewestConnections`). As many workers as the planned rates need are allowed in any case.
    let planned = plan.phases.flatMap {
      [$0.connectionsPerSecond, $0.messageRate(of: plan.patterns, over: plan.mostConnections)]
    }.filter(\.isFinite)
    let mostForShares =
      plan.patterns.contains(where: \.hasRate)
      ? max(
        plan.mostConnections / Self.fewestConnections, Self.workers(forRate: planned.max() ?? 0))
      : most
    func count(_ processes: Processes, ownDescriptors: Int, mostForShares: Int = .max) -> Int {
      switch processes {
      case .count(let count): return count
      case .auto:
        let usable = max(1, descriptorLimit - ownDescriptors - Self.headroom)
        let forDescriptors = (plan.mostConnections + usable - 1) / usable
        return min(
          most,
          max(
            1, forDescriptors, min(Self.workers(forRate: rate), processors.usable, mostForShares)))
      }
    }

    let ownEndpoints = plan.server.map { server in
      let wanted = count(server.processes, ownDescriptors: descriptorsPerWorker + 1)
      return server.endpoints.prefix(min(wanted, server.endpoints.count))
    }
    let endpoints = ownEndpoints ?? addresses.targets
    let clientCount = count(
      plan.clients.processes, ownDescriptors: descriptorsPerWorker, mostForShares: mostForShares)
    let sources = addresses.sources
    let tasks = plan.phases.map(ClientTask.init)
    let patternsOfPhase = plan.phases.map { phase in
      plan.patterns.indices.filter { phase.patterns.contains(plan.patterns[$0].name) }
    }
    let pushed = plan.server?.reply.pushed
    let assigned = ProcessorAssignment(
      servers: ownEndpoints?.count ?? 0, clients: clientCount, on: processors,
      paced: plan.patterns.contains { $0.pace != .unlimited })

    let terms = WebSocketTerms(plan)
    let mqtt = MQTTTerms(plan)

    self.sources = sources
    self.endpoints = endpoints
    servers = (ownEndpoints ?? []).compactMap { endpoint in
      plan.server.map { server in
        ServerAssignment(
          endpoint: endpoint, backlog: Int32(clamping: server.backlog),
          reply: server.reply,
          readiness: server.readiness, speaksHTTP: plan.protocol.isHTTP,
          descriptorLimit: descriptorLimit,
          // A run that opens nothing serves other programs, such as the other shards of its run.
          clients: plan.mostConnections > 0 ? AddressSpan.spans(of: sources) : [],
          ephemeralPorts: addresses.ephemeralPorts,
          processors: assigned.servers, secure: secure.server,
          handshakeTimeout: max(
            ServerAssignment.usualHandshakeTimeout, plan.clients.connectTimeout),
          webSocket: terms, mqtt: mqtt)
      }
    }
    clients = (0..<clientCount).map { index in
      ClientAssignment(
        share: WorkerShare(index: index, count: clientCount), sources: sources,
        ports: addresses.ports, ephemeralPorts: addresses.ephemeralPorts,
        endpoints: endpoints,
        connectTimeout: plan.clients.connectTimeout.nanoseconds, retries: plan.clients.retries,
        tasks: tasks,
        patterns: plan.patterns, patternsOfPhase: patternsOfPhase,
        spanOfPhase: plan.phases.map { $0.messageSpan?.nanoseconds }, pushed: pushed, seed: seed,
        recordedArrivals: recordedArrivals,
        reconnectOfPhase: plan.reconnectOfPhase, processors: assigned.clients,
        wakeLead: assigned.mayWaitAwake ? Self.latenessOfTimers : 0, secure: secure.client,
        resume: plan.tls?.resume ?? 0,
        webSocket: terms, mqtt: mqtt)
    }
  }
}

extension Staffing {
  /// How many workers it takes to begin connections, or messages, at `rate` per second.
  private static func workers(forRate rate: Double) -> Int {
    Int((min(rate, 1e9) / ratePerWorker).rounded(.up))
  }
}

extension Plan {
  /// For each phase, how what is lost in it comes back; nil where it does not. A storm has its own backoff.
  fileprivate var reconnectOfPhase: [Backoff?] {
    guard let reconnect = clients.reconnect else { return [] }
    return phases.map { $0.kind.phaseKind.makesGood ? Backoff(reconnect) : nil }
  }
}

extension WebSocketTerms {
  /// Nil where the plan has no WebSockets.
  fileprivate init?(_ plan: Plan) {
    guard case .webSocket(let settings) = plan.protocol else { return nil }
    let host = plan.targets.first.map { "\($0)" } ?? plan.server.map { "\($0.endpoints[0])" }
    // The plan's reader has checked each part of the request, so this does not fail.
    guard let request = try? settings.request(host: host ?? "", plan.data) else { return nil }
    self.init(
      request: request, subprotocols: settings.subprotocols,
      pingInterval: settings.ping?.nanoseconds, kind: settings.isBinary ? .binary : .text)
  }
}

extension MQTTTerms {
  /// Nil where the plan does not speak MQTT.
  fileprivate init?(_ plan: Plan) {
    guard case .mqtt(let settings) = plan.protocol else { return nil }
    func template(_ text: String) -> MessageTemplate { MQTTSettings.template(text, plan.data) }
    self.init(
      version: settings.version,
      clientIdentifier: template(settings.clientIdentifier ?? ""),
      userName: settings.userName.map(template), password: settings.password.map(template),
      keepAlive: settings.keepAlive,
      isClean: settings.isClean, subscriptions: settings.subscriptions.map(template),
      // Every pattern of such a plan has one.
      publications: plan.patterns.compactMap(\.publication),
      passesOn: plan.server?.reply == .echo)
  }
}

extension MessagePattern {
  /// Whether its messages are begun at a rate over all connections.
  var hasRate: Bool { if case .rate = pace { true } else { false } }
}
