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
  /// Ports that no client has taken: what comes from one is another program's, whatever its address.
  var strangersPorts: ClosedRange<UInt16>? { get set }
  /// Connections that wait to be accepted; where none do, those whose handshakes are half done.
  var pending: Int { get }
  /// Which connections of the processes `clients` the endpoints have: a server's own number is no proof
  /// where other programs of this host have connections from the same addresses, or where a rule
  /// translates some of the addresses. Nil where no kernel can be asked.
  ///
  /// - Parameter held: connections of these processes now.
  func acceptance(of clients: [Int32], holding held: Int) -> AcceptanceCount?
  /// Of the connections that were looked at last, those that the endpoints have still under a translated
  /// address.
  var translatedLeft: Int { get }
  /// Connections from the clients' addresses that processes at the endpoints have and that this host
  /// has no other end of any more; nil where that cannot be known.
  var leftAtServer: Int? { get }
  /// Connections from the clients' addresses, other programs' included, that processes at the endpoints
  /// have and this host has the other end of; nil where that cannot be known.
  var heldAtBothEnds: Int? { get }
  /// Ends what costs the host something while it is watched.
  func stopTracing()
}
