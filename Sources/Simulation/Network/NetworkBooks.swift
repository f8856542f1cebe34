package import SystemPackage

/// What has really happened in a simulated network. The program that runs in the network never sees
/// the books; they are for whoever checks what the program says.
package struct NetworkBooks {
  /// A system call that failed.
  package struct Failure {
    /// Nanoseconds, on the network's clock.
    package let instant: UInt64
    /// The place of the calling process, from 0, in the order in which the processes began.
    package let process: Int
    package let call: SimulatedCall
    /// Which of the process's calls of this kind it was, from 1.
    package let number: Int
    package let errno: Errno
  }

  /// How many connections stood at an instant.
  package struct Census {
    /// Nanoseconds, on the network's clock.
    package let instant: UInt64
    /// Established at the client, and not closed or broken there.
    package let atClient: Int
    /// Accepted by a server, and not closed or broken there.
    package let atServer: Int
    /// Of `atClient`, those that no server has accepted.
    package let unaccepted: Int
    /// The connections of `atClient`, and those that broke there without the client knowing yet. The client
    /// knows once a call has returned the connection's error, once it has closed the connection, or once it waits
    /// again after an event that announced the end.
    package let knownToClient: Int

    package init(
      instant: UInt64, atClient: Int, atServer: Int, unaccepted: Int, knownToClient: Int
    ) {
      self.instant = instant
      self.atClient = atClient
      self.atServer = atServer
      self.unaccepted = unaccepted
      self.knownToClient = knownToClient
    }

    /// Before the first connection.
    package static func empty(at instant: UInt64) -> Census {
      Census(instant: instant, atClient: 0, atServer: 0, unaccepted: 0, knownToClient: 0)
    }
  }

  /// The first `mostFailures` failures, in the order of time.
  package private(set) var failures: [Failure] = []
  /// In the order of time, one entry per change.
  package private(set) var census: [Census] = []
  /// Handshakes that ended well at the client.
  package private(set) var established = 0
  /// Connections that an `accept` has returned, but for those that their client had reset by then.
  package private(set) var accepted = 0

  /// By how many the descriptors that workers had open when they ended differ from those that they counted.
  package internal(set) var miscounted = 0

  package static let mostFailures = 1_000_000

  mutating func note(_ failure: Failure) {
    if failures.count < Self.mostFailures { failures.append(failure) }
  }

  mutating func establish(at now: UInt64) {
    established += 1
    count(client: 1, unaccepted: 1, known: 1, at: now)
  }

  /// - Parameter stands: whether the client still has the connection.
  mutating func accept(stands: Bool, at now: UInt64) {
    accepted += 1
    count(server: 1, unaccepted: stands ? -1 : 0, at: now)
  }

  /// - Parameter isKnown: whether the client knows of the end, because it has closed the connection itself. If
  ///   not, `hearOfEnd` follows.
  mutating func leaveClient(wasAccepted: Bool, isKnown: Bool, at now: UInt64) {
    count(client: -1, unaccepted: wasAccepted ? 0 : -1, known: isKnown ? -1 : 0, at: now)
  }

  mutating func hearOfEnd(at now: UInt64) { count(known: -1, at: now) }

  mutating func leaveServer(at now: UInt64) { count(server: -1, at: now) }

  private mutating func count(
    client: Int = 0, server: Int = 0, unaccepted: Int = 0, known: Int = 0, at now: UInt64
  ) {
    let last = census.last ?? .empty(at: now)
    census.append(
      Census(
        instant: now, atClient: last.atClient + client, atServer: last.atServer + server,
        unaccepted: last.unaccepted + unaccepted, knownToClient: last.knownToClient + known))
  }
}
