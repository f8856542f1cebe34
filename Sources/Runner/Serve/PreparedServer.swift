import Addressing
import Coordination
import Host
import Linux
import Messages
import Plan
import Probe
import Recording
import SystemPackage

/// The built-in server alone, before it starts: its workers, and how many connections they can
/// hold.
struct PreparedServer {
  /// The goal of the prediction where the request has no number of connections.
  private static let usualGoal = 1_000_000

  enum Spoken: String {
    case raw, http, websocket, mqtt
  }

  struct Request {
    var endpoints: EndpointRange
    var processes: Processes
    /// How many connections to have room for; nil where the user does not say.
    var connections: Int?
    var reply: ServerReply
    var readiness: ServerReadiness
    var spoken: Spoken
    /// Nil for plain connections.
    var tls: PlanTLS?
    var backlog: Int
  }

  let host: HostDescription
  let demand: Demand
  let prediction: [PredictionTerm]
  var servers: [ServerAssignment]

  /// Raises this process's descriptor limit, which the workers inherit, as far as the process may.
  /// A limit above `ServerAssignment.mostDescriptors` is lowered to that number.
  ///
  /// - Parameter pipes: how many pipes each worker has to this process.
  /// - Throws: `Errno`, or `TLSError` where a certificate cannot be used.
  init(_ request: Request, pipes: Int) throws {
    let secure = try request.tls.map {
      // A ticket lets clients resume their sessions, which is theirs to decide here.
      try SecureContexts.server($0, at: request.endpoints.addresses, tickets: 1).context
    }
    var host = HostDescription.current()
    let most = ServerAssignment.mostDescriptors
    try host.raiseDescriptors(to: most)
    if host.descriptors.hard > most {
      host.descriptors = ResourceLimit(soft: most, hard: most)
      try host.descriptors.apply()
    }
    host.tryTracking()
    // 1 for the listener.
    let overhead = descriptorsPerWorker + 1 + pipes
    let goal = request.connections ?? Self.usualGoal
    let count: Int
    // Per worker this process holds a descriptor to wake it and, until all are forked, both ends of
    // each pipe.
    let room = Capacity.mostWorkers([.auto], room: host.workersAtMost / (1 + 2 * pipes))
    switch request.processes {
    case .count(let wanted): count = wanted
    case .auto:
      // Without a number of connections there is one process, because users expect a server on one
      // endpoint.
      let needed = Capacity.workersNeeded(
        goal: request.connections ?? 1, descriptors: host.descriptorsPerProcess, overhead: overhead)
      count = min(needed ?? 1, request.endpoints.count, Server.mostAutoEndpoints, room)
    }
    let limit = host.descriptors.soft
    servers = (0..<count).map { worker in
      ServerAssignment(
        endpoint: request.endpoints[worker], backlog: Int32(clamping: request.backlog),
        reply: request.reply, readiness: request.readiness,
        speaksHTTP: request.spoken == .http, descriptorLimit: limit, secure: secure,
        webSocket: request.spoken == .websocket
          ? WebSocketTerms(request: nil, kind: request.reply.isText ? .text : .binary) : nil,
        mqtt: request.spoken == .mqtt ? MQTTTerms(passesOn: request.reply == .echo) : nil)
    }
    var demand = Demand(
      goal: goal, serverWorkers: count, overhead: overhead,
      isLoopback: servers.allSatisfy(\.endpoint.ip.isLoopback), backlog: request.backlog)
    demand.addLayers(
      tls: request.tls, isWebSocket: request.spoken == .websocket, isMQTT: request.spoken == .mqtt,
      hasServer: true)
    self.demand = demand
    prediction = Capacity.predict(demand, on: host)
    self.host = host
  }
}

extension Demand {
  /// What a server alone asks of its host. Clients of a server on loopback are on this host too.
  fileprivate init(goal: Int, serverWorkers: Int, overhead: Int, isLoopback: Bool, backlog: Int) {
    self.init(
      goal: goal, clientWorkers: nil, serverWorkers: .count(serverWorkers),
      bothEndsHere: isLoopback, sources: 1, portsPerSource: 1, endpoints: serverWorkers,
      backlog: backlog)
    serverOverhead = overhead
  }
}
