package import Addressing
package import Messages
package import Recording

/// What a run should do: a `.plan` file, read and found valid.
package struct Plan: Sendable, Equatable {
  package var name: String
  package var description: String
  /// Path of the file as the user gave it.
  package var file: String
  /// The YAML of the file, without what it includes.
  package var text: String
  /// The values that overrides and the environment gave to variables in the text. A recording keeps
  /// them as its `overrides`, so that the text reads the same again wherever the run is judged.
  package var settings: [String: String]
  /// The names in `settings` that the text does not declare as variables: the environment, or an
  /// override in its place, gave their values, which may be secrets.
  package var undeclared: Set<String>
  /// The files that the plan includes, sends or plays, by their path as seen from the plan. A
  /// recording keeps them, for the same reason as `settings`. Of a file of `data` it has the names of
  /// the columns only.
  package var attachments: [String: [UInt8]]
  /// The built-in server; nil when the plan is for someone else's.
  package var server: Server?
  /// What to connect to on someone else's servers; empty with the built-in server.
  package var targets: [Target]
  package var clients: Clients
  /// Nil for plain connections.
  package var tls: PlanTLS?
  /// What is spoken over the connections.
  package var `protocol`: PlanProtocol
  /// What texts take from files for each connection.
  package var data: [DataTable]
  /// The message patterns that phases play; at most `MessagePattern.most`.
  package var patterns: [MessagePattern]
  package var phases: [Phase]
  package var thresholds: [Threshold]
  package var onLimit: OnLimit
  /// The share of what it promises that a phase without a `tolerate` of its own may miss, 0 to 1.
  package var tolerance: Double
  /// A limit that is meant to be reached; reaching it is a pass.
  package var expectedLimit: ExpectedLimit?
  /// Growth stops when less memory than this is available; nil when the guard is off.
  package var memoryGuard: MemoryGuard?
  package var sampling: Sampling

  /// The most connections that may be held at once, and that the host must have room for.
  package var mostConnections: Int { phases.demands.max() ?? 0 }

  /// Whether the built-in server speaks first, so that there are messages without a pattern.
  package var pushes: Bool { server?.reply.pushed != nil }

  /// What to do when a limit makes a phase break its promise.
  package enum OnLimit: String, Sendable, CaseIterable {
    /// Check that the held connections are alive, where the built-in server can be asked, and go on with
    /// the next phase.
    case hold
    /// Of the phases that follow, drive only those that close.
    case stop
    /// Drive no further phase: the end of the run closes everything.
    case fail
  }

  package struct Sampling: Sendable, Equatable {
    /// The time between two samples.
    package var every: Duration
  }
}

/// The built-in server.
package struct Server: Sendable, Equatable {
  /// Each further worker listens on the next of these addresses. After the last address the first
  /// one comes again, with the next port.
  package var addresses: AddressRange
  package var port: UInt16
  package var processes: Processes
  package var reply: ServerReply
  package var readiness: ServerReadiness
  /// Connections that may wait for `accept`, capped by `net.core.somaxconn`.
  package var backlog: Int

  /// The endpoints that server workers may listen on, one each.
  package var endpoints: EndpointRange { EndpointRange(addresses, port: port) }
}

/// Someone else's server, as the plan names it.
package struct Target: Sendable, Hashable {
  /// An address in text, or a name that is looked up once, when the run starts.
  package var host: String
  package var port: UInt16

  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// The host as an address; nil for a name.
  package var address: IPAddress? { IPAddress(host) }
}

extension Target: CustomStringConvertible {
  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// The client end.
package struct Clients: Sendable, Equatable {
  package var sources: Sources
  package var ports: Ports
  package var processes: Processes
  /// The runner's own deadline for a connection to be established, with the handshake of TLS and the
  /// upgrade to a WebSocket where the plan has these.
  package var connectTimeout: Duration
  /// How often a handshake that has timed out is tried again.
  package var retries: Int
  /// How connections come back that are lost in a ramp or a hold; nil where they do not.
  package var reconnect: Reconnect?

  /// Where connections come from.
  package enum Sources: Sendable, Equatable {
    case ranges([AddressRange])
    /// All addresses of the named network interface that have the server's family.
    case interface(String)
  }

  /// The ports, at each source address, that connections come from.
  package enum Ports: Sendable, Equatable {
    /// The ports that the host's other programs can spare.
    case auto
    case range(ClosedRange<UInt16>)

    /// How many ports a source can have at most.
    var most: Int {
      switch self {
      // 1024 to 65535: those that need no privilege. The host may have to leave some of them out.
      case .auto: 64_512
      case .range(let range): range.count
      }
    }
  }

  /// How many source addresses the plan names; nil for an interface, as only the host knows its
  /// addresses.
  package var sourceCount: Int? {
    switch sources {
    case .ranges(let ranges): ranges.reduce(0) { $0 + $1.count }
    case .interface: nil
    }
  }
}
