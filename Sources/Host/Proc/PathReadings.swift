package import Recording

/// Reads, while a run goes on, what happens between the two ends, and which of the clients' connections the server
/// end has.
package protocol PathReadings: AnyObject {
  /// Begins a phase: `findings` starts anew, but for `conntrackMost`, which is the whole run's.
  ///
  /// - Parameters:
  ///   - counters: the kernel's series as they stand.
  ///   - clientsHaveConnected: whether the clients have begun any connection, in any phase.
  func begin(_ counters: [Series.Key: Double], clientsHaveConnected: Bool)
  /// Looks at the listeners and at handshakes without an answer, and adds what it sees to `findings`. Returns the
  /// path's readings for the next sample.
  ///
  /// - Parameters:
  ///   - counters: the kernel's series as they stand.
  ///   - timedOut: whether the phase has a failure that is a timeout: of the client's own deadline for
  ///     handshakes, or ETIMEDOUT.
  func look(_ counters: [Series.Key: Double], timedOut: Bool) -> [Reading]
  /// Looks at the accept queue of each listening socket, to know how many connections are lost when the socket is
  /// closed. To be called often while connections come and go.
  func lookAtQueues()
  /// What was seen since the phase began.
  var findings: PathFindings { get }
  /// Whether every endpoint has a listener whose kernel can be asked.
  var knowsServer: Bool { get }
  /// Whether every endpoint is in the network namespace of this process. The kernel's series are those of this
  /// namespace, so only then do they say anything about the endpoints.
  var isInOwnNamespace: Bool { get }
  /// Connections that wait to be accepted at all endpoints, less those recognised as other programs'.
  var waiting: Int { get }
  /// The ephemeral ports, as long as no client uses any of them: a connection from one of these ports is then
  /// another program's. Nil once a client uses one.
  var portsFreeOfClients: ClosedRange<UInt16>? { get set }
  /// Connections that the server may still accept: those that wait to be accepted. Where none waits, those whose
  /// handshake the server's kernel has not seen finish.
  var possibleAcceptances: Int { get }
  /// Counts, by asking the kernels of both ends, which connections of the processes `clients` the endpoints have;
  /// nil where no kernel can be asked. A server's own count is no proof: other programs of this host may
  /// connect from the same addresses, and NAT may rewrite addresses.
  ///
  /// - Parameter held: how many connections these processes hold now.
  func acceptance(of clients: [Int32], holding held: Int) -> AcceptanceCount?
  /// Of the connections that the last `acceptance` found with addresses rewritten by NAT, those that the
  /// endpoints still have.
  var stillHeldBehindNAT: Int { get }
  /// Connections from the clients' addresses that processes at the endpoints have, and whose client end is
  /// gone from this host; nil where nobody can know.
  var leftAtServer: Int? { get }
  /// Connections from the clients' addresses that processes at the endpoints have, and whose client end is on
  /// this host, in a client or in another program; nil where nobody can know.
  var heldAtBothEnds: Int? { get }
  /// Ends the tracing of dropped packets, which costs the host processor time. Does nothing where no trace is
  /// under way.
  func stopTracing()
}
