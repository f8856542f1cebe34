package import Addressing

/// Walks the (source, port, endpoint) tuples that one client worker may use.
///
/// The client names every port itself. The kernel's own choice takes 70 times longer once half of
/// the range is in use, because the kernel tries ports of one parity first. The walk uses each source
/// port once before any is shared between endpoints, because a shared port costs the kernel a
/// search. It spreads the load evenly over sources and endpoints from the first connection on.
/// Worker i of n takes every nth tuple from the ith on, so no two workers share a tuple.
package struct SourceWalk: Sendable {
  package struct Step: Sendable, Equatable {
    /// The tuple's place on this worker's walk; `step(at:)` finds the tuple again.
    package var position: UInt32
    /// The place of the source address among the sources.
    package var source: Int
    package var port: UInt16
    /// The place of the endpoint among the endpoints.
    package var endpoint: Int
  }

  private let sourceCount: UInt64
  private let ports: PortSet
  /// How many pairs of a source address and a port there are.
  private let sourcePortCount: UInt64
  private let endpointCount: UInt64
  private let share: WorkerShare
  /// How many tuples are this worker's.
  package let count: UInt64
  private var position: UInt64 = 0

  package init(sources: Int, ports: PortSet, endpoints: Int, share: WorkerShare) {
    sourceCount = UInt64(sources)
    self.ports = ports
    sourcePortCount = UInt64(sources) * UInt64(ports.count)
    endpointCount = UInt64(endpoints)
    self.share = share
    let total = sourcePortCount * endpointCount
    let own =
      total / UInt64(share.count)
      + (UInt64(share.index) < total % UInt64(share.count) ? 1 : 0)
    // A position has 32 bits in the connection table; nobody walks 4 billion tuples in one worker.
    count = min(own, UInt64(UInt32.max))
  }

  /// The position of the next tuple; after the last one the first comes again.
  package mutating func next() -> UInt32 {
    let next = UInt32(position)
    position = position + 1 == count ? 0 : position + 1
    return next
  }

  /// The place of a tuple's source among the sources.
  package func source(at position: UInt32) -> Int {
    Int(share.ordinal(Int(position)) % sourcePortCount % sourceCount)
  }

  package func step(at position: UInt32) -> Step {
    let ordinal = share.ordinal(Int(position))
    let sourcePort = ordinal % sourcePortCount
    let lap = ordinal / sourcePortCount
    return Step(
      position: position, source: Int(sourcePort % sourceCount),
      port: ports[Int(sourcePort / sourceCount)],
      // Each lap over the source ports pairs every one of them with another endpoint.
      endpoint: Int((sourcePort + lap) % endpointCount))
  }
}
