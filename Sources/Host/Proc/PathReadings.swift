package import Recording

/// What is known of the way between the two ends, and of someone else's server.
package protocol PathReadings: AnyObject {
  /// Begins a phase: the findings start anew, but for the highest level of connection tracking.
  func begin(_ counters: [Series.Key: Double])
  /// Looks at it all, and returns what belongs into the next sample.
  func look(_ counters: [Series.Key: Double], timedOut: Bool) -> [Reading]
  var findings: PathFindings { get }
  /// Whether every endpoint has a listener whose kernel can be asked.
  var knowsServer: Bool { get }
  /// Whether every endpoint is in the network namespace of this process, whose counters are read.
  var isInOwnNamespace: Bool { get }
  /// Connections that wait to be accepted.
  var waiting: Int { get }
  /// Connections that wait to be accepted; where none do, those whose handshakes are half done.
  var pending: Int { get }
  /// Whether, by their number, processes at the endpoints have so many connections from the clients'
  /// addresses, and none waits. The kernel goes through all connections of the host for it.
  func hasAccepted(_ held: Int) -> Bool
  /// Connections of the processes `clients` that no process at the endpoints has, counted one by one: a
  /// server's own number is no proof where other programs of this host have connections from the same
  /// addresses, or where a rule translates some of the addresses. Nil where no kernel can be asked.
  ///
  /// - Parameter held: connections of these processes now.
  func unaccepted(of clients: [Int32], holding held: Int) -> Unaccepted?
  /// Connections from the clients' addresses that processes at the endpoints have and that this host
  /// has no other end of any more; nil where that cannot be known.
  var leftAtServer: Int? { get }
  /// Connections from the clients' addresses, other programs' included, that processes at the endpoints
  /// have and this host has the other end of; nil where that cannot be known.
  var heldAtBothEnds: Int? { get }
  /// Ends what costs the host something while it is watched.
  func stopTracing()
}
