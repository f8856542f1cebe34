package import Recording

/// What is known of the way between the two ends, and of someone else's server.
package protocol PathReadings: AnyObject {
  /// Begins a phase: the findings start anew, but for the highest level of connection tracking.
  ///
  /// - Parameter hasClients: whether the clients have begun any connection, in any phase.
  func begin(_ counters: [Series.Key: Double], hasClients: Bool)
  /// Looks at it all, and returns what belongs into the next sample.
  func look(_ counters: [Series.Key: Double], timedOut: Bool) -> [Reading]
  /// Looks at what waits at each socket of the listeners: to be called often while connections come and go.
  func lookAtQueues()
  var findings: PathFindings { get }
  /// Whether every endpoint has a listener whose kernel can be asked.
  var knowsServer: Bool { get }
  /// Whether every endpoint is in the network namespace of this process, whose counters are read.
  var isInOwnNamespace: Bool { get }
  /// Connections that wait to be accepted, but for those that can be seen to be others'.
  var waiting: Int { get }
  /// Ephemeral ports, while no client uses any: a connection from one of them is another program's.
  var portsNoClientUses: ClosedRange<UInt16>? { get set }
  /// Connections that wait to be accepted; where none do, those whose handshakes are half done.
  var pending: Int { get }
  /// Which connections of the processes `clients` the endpoints have. A server's own number is no proof where
  /// other programs of this host connect from the same addresses, or where NAT rewrites some of them. Nil
  /// where no kernel can be asked.
  ///
  /// - Parameter held: connections of these processes now.
  func acceptance(of clients: [Int32], holding held: Int) -> AcceptanceCount?
  /// Connections behind NAT, of those at the last look, that the endpoints still have.
  var stillHeldBehindNAT: Int { get }
  /// Connections from the clients' addresses that processes at the endpoints have and that this host
  /// has no other end of any more; nil where that cannot be known.
  var leftAtServer: Int? { get }
  /// Connections from the clients' addresses, other programs' included, that processes at the endpoints
  /// have and this host has the other end of; nil where that cannot be known.
  var heldAtBothEnds: Int? { get }
  /// Ends what costs the host something while it is watched.
  func stopTracing()
}
