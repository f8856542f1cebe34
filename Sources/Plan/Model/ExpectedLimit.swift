package import Recording

/// A limit that a plan is meant to reach. What it leaves out may be anything.
package struct ExpectedLimit: Sendable, Equatable {
  /// `EMFILE`
  package var errno: String?
  /// The system call: `socket`
  package var at: String?
  package var end: End?
  package var resource: Resource?
  /// Connections that stood when it was reached.
  package var connections: ClosedRange<Int>?

  /// Why a limit is not the expected one; nil when it is.
  package func mismatch(with limit: LimitRecord, held: Int) -> String? {
    if let errno, limit.errno?.name != errno { return "expected \(errno)" }
    if let at, limit.syscall != at { return "expected it at \(at)" }
    if let end, limit.end != end { return "expected it at the \(end.rawValue)" }
    if let resource, limit.resource != resource { return "expected \(resource.rawValue)" }
    if let connections, !connections.contains(held) {
      let (first, last) = (connections.lowerBound, connections.upperBound)
      let upTo = first == last ? "" : " to \(Format.count(last))"
      return "expected \(Format.count(first))\(upTo) connections"
    }
    return nil
  }
}
