package import Recording

/// What a run asks of its host while it goes on: the door to the kernel's files. The other side is
/// this host, or a simulated one.
package protocol HostReadings: AnyObject {
  /// The kernel's series, as they stand.
  func readings() -> [Reading]
  /// Bytes that can still be had; nil where nothing tells.
  func availableMemory() -> Int?
  /// Bytes that no other process shares; nil where nothing tells.
  func privateBytes(of process: Int32) -> Int?
  /// Seconds of processor time that this process has used.
  func ownProcessorTime() -> Double
  /// What lies between the two ends.
  var path: any PathReadings { get }
}

/// What is known of the way between the two ends, and of someone else's server.
package protocol PathReadings: AnyObject {
  /// A phase begins: what is found from now on is its own.
  func begin(_ counters: [Series.Key: Double])
  /// Looks at it all, and returns what belongs into the next sample.
  func look(_ counters: [Series.Key: Double], timedOut: Bool) -> [Reading]
  var findings: PathFindings { get }
  /// Whether every endpoint has a listener whose kernel can be asked.
  var knowsServer: Bool { get }
  /// Connections that wait to be accepted.
  var waiting: Int { get }
  /// Connections that wait to be accepted; where none do, those whose handshakes are half done.
  var pending: Int { get }
  /// How many of the connections that the clients hold a process at the endpoints has accepted; nil
  /// where that cannot be known.
  func accepted(of held: Int) -> Int?
  /// Connections from the clients' addresses that processes at the endpoints have and that this host
  /// has no other end of any more; nil where that cannot be known.
  var leftAtServer: Int? { get }
  /// Ends what costs the host something while it is watched.
  func stopTracing()
}
