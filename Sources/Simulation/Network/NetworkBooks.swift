package import SystemPackage

/// What has really happened in a simulated network. The program that runs in it never sees this; whoever checks
/// what the program says, does.
package struct NetworkBooks {
  /// A system call that failed.
  package struct Failure {
    /// Nanoseconds, on the network's clock.
    package let instant: UInt64
    /// The place of its process, in the order in which the processes began.
    package let process: Int
    package let call: SimulatedCall
    package let errno: Errno
  }

  /// How many connections stood at an instant.
  package struct Census {
    package let instant: UInt64
    /// Established at the client, and not closed or broken there.
    package let atClient: Int
    /// Accepted by a server, and not closed or broken there.
    package let atServer: Int
  }

  /// In the order of time; no more than `mostFailures`.
  package private(set) var failures: [Failure] = []
  /// In the order of time, one entry per change.
  package private(set) var census: [Census] = []
  /// Handshakes that ended well at the client.
  package private(set) var established = 0
  /// Connections that an `accept` has returned.
  package private(set) var accepted = 0

  package static let mostFailures = 1_000_000

  mutating func note(_ failure: Failure) {
    if failures.count < Self.mostFailures { failures.append(failure) }
  }

  mutating func establish(at now: UInt64) {
    established += 1
    count(1, 0, at: now)
  }

  mutating func accept(at now: UInt64) {
    accepted += 1
    count(0, 1, at: now)
  }

  mutating func leaveClient(at now: UInt64) { count(-1, 0, at: now) }
  mutating func leaveServer(at now: UInt64) { count(0, -1, at: now) }

  private mutating func count(_ client: Int, _ server: Int, at now: UInt64) {
    let last = census.last
    census.append(
      Census(
        instant: now, atClient: (last?.atClient ?? 0) + client,
        atServer: (last?.atServer ?? 0) + server))
  }
}
