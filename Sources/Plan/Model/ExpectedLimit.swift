package import Recording

/// A limit that a plan is meant to reach. A property that is nil matches every limit.
package struct ExpectedLimit: Sendable, Equatable {
  /// The errno's name, such as `EMFILE`.
  package var errno: String?
  /// The call that failed, by `FailedCall.name`: `socket`, or `tls`, which is no system call.
  package var at: String?
  package var end: End?
  package var resource: Resource?
  /// Bounds for the connections that were held in the phase that met the limit.
  package var connections: ClosedRange<Int>?

  /// Why a limit is not the expected one; nil when it is.
  ///
  /// - Parameter held: the connections that were held in the phase that met the limit.
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
