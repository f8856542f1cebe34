package import Recording

/// Reads, while a run goes on, what lies between the two ends, and what the server end has of the clients'
/// connections.
package protocol PathReadings: AnyObject {
  /// Begins a phase: `findings` starts anew, but for `conntrackMost`, which is the whole run's.
  ///
  /// - Parameters:
  ///   - counters: the kernel's series as they stand.
  ///   - clientsHaveConnected: whether the clients have begun any connection, in any phase.
  func begin(_ counters: [Series.Key: Double], clientsHaveConnected: Bool)
  /// Looks at the listeners and at handshakes without an answer; returns the path's readings for the next
  /// sample.
  ///
  /// - Parameters:
  ///   - counters: the kernel's series as they stand.
  ///   - timedOut: whether handshakes of this phase have met the clients' own deadline.
  func look(_ counters: [Series.Key: Double], timedOut: Bool) -> [Reading]
  /// Looks at the accept queue of each listening socket, to know what is lost when the socket is closed. To
  /// be called often while connections come and go.
  func lookAtQueues()
  /// What was seen since the phase began.
  var findings: PathFindings { get }
  /// Whether the kernel of every endpoint can be asked, and has a listener there.
  var knowsServer: Bool { get }
  /// Whether every endpoint is in the network namespace of this process. Only then do the kernel's series, which
  /// are that namespace's, tell of the endpoints.
  var isInOwnNamespace: Bool { get }
  /// Connections that wait to be accepted, less those that are recognised as other programs'.
  var waiting: Int { get }
  /// The ephemeral ports as long as no client uses any of them, which makes a connection from such a port
  /// another program's; nil once a client does.
  var portsFreeOfClients: ClosedRange<UInt16>? { get set }
  /// Connections that the server may still accept: those that wait to be accepted; where none do, those whose
  /// handshake the server's kernel has not seen finish.
  var possibleAcceptances: Int { get }
  /// Counts how many connections of the processes `clients` the endpoints have, by asking the kernels; nil
  /// where no kernel can be asked. A server's own count is no proof: other programs of this host may connect
  /// from the same addresses, and NAT may rewrite addresses.
  ///
  /// - Parameter held: how many connections these processes hold now.
  func acceptance(of clients: [Int32], holding held: Int) -> AcceptanceCount?
  /// Of the connections that the last `acceptance` found with addresses rewritten by NAT, those that the
  /// endpoints still have.
  var stillHeldBehindNAT: Int { get }
  /// Connections from the clients' addresses that processes at the endpoints have, and whose client end is
  /// gone from this host; nil where that cannot be known.
  var leftAtServer: Int? { get }
  /// Connections from the clients' addresses that processes at the endpoints have, and whose client end is on
  /// this host, in a client or in another program; nil where that cannot be known.
  var heldAtBothEnds: Int? { get }
  /// Ends the tracing of dropped packets, which costs the host something; does nothing where none is under
  /// way.
  func stopTracing()
}
