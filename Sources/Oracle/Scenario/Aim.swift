import Linux
package import Recording
package import Simulation
package import SystemPackage

/// A kind of failure that a scenario is to meet: which call fails, with which errno, early or late among its
/// worker's calls, in which kind of phase.
package struct Aim: Hashable, Sendable {
  /// Which of the worker's calls of this kind fails.
  package enum Position: String, CaseIterable, Sendable {
    /// The first.
    case first
    /// Another one of the first hundred.
    case early
    /// Any later one.
    case late

    package init(ofCall number: Int) {
      self = number == 1 ? .first : number <= 100 ? .early : .late
    }
  }

  package let call: SimulatedCall
  package let errno: Errno
  package let position: Position
  package let kind: PhaseKind

  /// All kinds of failures that seeds aim at. Scenarios meet others only by chance.
  package static let all: [Aim] = SimulatedCall.allCases.flatMap { call in
    kinds(of: call).flatMap { kind in
      errnos(of: call).flatMap { errno in
        positions(of: call).map { Aim(call: call, errno: errno, position: $0, kind: kind) }
      }
    }
  }

  /// Errnos that the manual pages name for the call: the common ones, which `Chaos` draws too, and rarer ones.
  private static func errnos(of call: SimulatedCall) -> [Errno] {
    let rarer: [Errno] =
      switch call {
      case .open: [.permissionDenied, .addressFamilyNotSupported]
      case .connect: [.timedOut, .permissionDenied, .resourceTemporarilyUnavailable]
      case .accept: [.tooManyOpenFiles, .connectionAbort, .notPermitted, .protocolError]
      case .receive: [.connectionRefused, .noMemory]
      case .send: [.noBufferSpace, .noMemory, .timedOut, .noRouteToHost]
      default: []
      }
    return (Chaos.errnos(of: call) + rarer).unique
  }

  private static func positions(of call: SimulatedCall) -> [Position] {
    // A worker makes the first such call for its first socket, long before a close phase.
    call == .resetOnClose ? [.early, .late] : Position.allCases
  }

  /// The kinds of phases in which seeds aim at a failure of the call; none where no seed does.
  private static func kinds(of call: SimulatedCall) -> [PhaseKind] {
    switch call {
    case .open, .reuseAddress, .bind, .connect, .accept, .watch: [.ramp, .churn, .search]
    case .receive, .send: [.ramp, .hold, .churn, .search]
    case .resetOnClose: [.close]
    case .finishSending, .listen, .pendingError, .close, .openSpare, .rewatch, .unwatch, .wait: []
    }
  }
}

extension Array where Element: Equatable {
  /// Each element once, in the order of its first place.
  var unique: [Element] { reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
}

extension Aim: CustomStringConvertible, Comparable {
  package var description: String {
    "\(call) \(ErrnoName.symbol(of: errno.rawValue)) \(position.rawValue) in \(kind.rawValue)"
  }

  package static func < (a: Aim, b: Aim) -> Bool { a.description < b.description }
}
