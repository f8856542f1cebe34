package import Addressing
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
  /// The built-in server; nil when the plan is for someone else's.
  package var server: Server?
  /// Someone else's server: the endpoints to connect to. Empty with the built-in one.
  package var targets: [SocketAddress]
  package var clients: Clients
  package var phases: [Phase]
  package var thresholds: [Threshold]
  package var onLimit: OnLimit
  /// A limit that is meant to be reached; reaching it is a pass.
  package var expectedLimit: ExpectedLimit?
  /// Growth stops when less than this is available; nil when the guard is off.
  package var memoryGuard: MemoryGuard?
  package var sampling: Sampling

  /// The most connections that any phase asks for.
  package var goal: Int { phases.compactMap(\.goal).max() ?? 0 }

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
  package var reply: Reply
  package var readiness: Readiness
  /// Connections that may wait for `accept`, capped by `net.core.somaxconn`.
  package var backlog: Int

  package enum Reply: String, Sendable, CaseIterable {
    case echo, discard
  }

  package enum Readiness: String, Sendable, CaseIterable {
    /// Answers at once; waits for EPOLLOUT only when the socket is full.
    case direct
    /// EPOLLIN, then EPOLLOUT, then EPOLLIN again, as the classic sample server does.
    case rearm
  }

  /// The endpoint of each of `count` server workers.
  package func endpoints(_ count: Int) -> [SocketAddress] {
    (0..<count).map { worker in
      SocketAddress(
        addresses[worker % addresses.count], port + UInt16(worker / addresses.count))
    }
  }
}

/// The client end.
package struct Clients: Sendable, Equatable {
  package var sources: [AddressRange]
  package var ports: ClosedRange<UInt16>
  package var processes: Processes
  package var connectTimeout: Duration

  package var sourceCount: Int { sources.reduce(0) { $0 + $1.count } }
}
