package import Addressing
package import Messages
package import Recording

/// What should happen: a `.plan` file, read and found valid.
package struct Plan: Sendable, Equatable {
  package var name: String
  package var description: String
  /// Path of the file as the user gave it.
  package var file: String
  package var text: String
  /// The values that overrides and the environment gave to the text. A recording keeps them as its
  /// `overrides`, so that the text reads the same again wherever it is judged.
  package var settings: [String: String]
  /// The names among them that the text does not declare, so that the environment gave their values.
  package var undeclared: Set<String>
  /// The files that the plan includes or sends, by the path that leads to them from the plan. A
  /// recording keeps them, for the same reason.
  package var attachments: [String: [UInt8]]
  /// The built-in server; nil when the plan is for someone else's.
  package var server: Server?
  /// Someone else's server: what to connect to. Empty with the built-in one.
  package var targets: [Target]
  package var clients: Clients
  /// Messages that phases name; at most `MessagePattern.most`.
  package var patterns: [MessagePattern]
  package var phases: [Phase]
  package var thresholds: [Threshold]
  package var onLimit: OnLimit
  /// The share that phases may miss of what they promise, unless they say otherwise.
  package var tolerance: Double
  /// A limit that is meant to be reached; reaching it is a pass.
  package var expectedLimit: ExpectedLimit?
  /// Growth stops when less than this is available; nil when the guard is off.
  package var memoryGuard: MemoryGuard?
  package var sampling: Sampling

  /// The most connections that may be held at once: what the host must have room for.
  package var goal: Int { phases.demands.max() ?? 0 }

  /// Whether the built-in server speaks first, so that there are messages without a pattern.
  package var pushes: Bool { server?.reply.pushed != nil }

  /// What to do when a phase stops short of its goal.
  package enum OnLimit: String, Sendable, CaseIterable {
    /// Settle, verify what is held, go on to the next phase.
    case hold
    /// End the run here, in order.
    case stop
    /// End the run here and close everything at once.
    case fail
  }

  package struct Sampling: Sendable, Equatable {
    package var every: Duration
  }
}

/// The built-in server.
package struct Server: Sendable, Equatable {
  /// Each further worker takes the next address of `addresses`; once round, the next port.
  package var addresses: AddressRange
  package var port: UInt16
  package var processes: Processes
  package var reply: ServerReply
  package var readiness: ServerReadiness
  /// Connections that may wait for `accept`, capped by `net.core.somaxconn`.
  package var backlog: Int

  /// One for each server worker.
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

  /// Nil for a name.
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
  package var connectTimeout: Duration
  /// How often a handshake that has timed out is tried again.
  package var retries: Int

  /// Where connections come from.
  package enum Sources: Sendable, Equatable {
    case ranges([AddressRange])
    /// All addresses of that network interface, of the family that the server needs.
    case interface(String)
  }

  /// Which ports of every source connections come from.
  package enum Ports: Sendable, Equatable {
    /// The ports that the host's other programs can spare.
    case auto
    case range(ClosedRange<UInt16>)

    /// How many a host can have at most.
    var most: Int {
      switch self {
      case .auto: 64_512
      case .range(let range): range.count
      }
    }
  }

  /// How many addresses the plan names; nil for an interface, which only the host knows.
  package var sourceCount: Int? {
    switch sources {
    case .ranges(let ranges): ranges.reduce(0) { $0 + $1.count }
    case .interface: nil
    }
  }
}
