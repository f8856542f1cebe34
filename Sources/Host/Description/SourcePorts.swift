package import Addressing

/// The source ports of connections where the plan names none.
///
/// A bind leaves a bucket on its port for as long as the connection stands, and the kernel does not
/// give that port to a `connect` without a bind, whatever the addresses (`__inet_hash_connect` in
/// net/ipv4/inet_hashtables.c). A run that bound every port of the kernel's own range would leave
/// nothing to an agent, to SSH or to the proxy under test: their `connect` fails with EADDRNOTAVAIL.
extension HostDescription {
  /// Every port that needs no privilege, unless `net.ipv4.ip_unprivileged_port_start` was changed.
  package static let unprivilegedPorts: ClosedRange<UInt16> = 1024...65535

  /// Ports of a source that a plan may use without taking them from others: first those outside of
  /// the kernel's own range, then the lower nine tenths of that range. Reserved ports are left out. Where
  /// that leaves no port, all unprivileged ports are used after all.
  package var sourcePorts: PortSet {
    let all = PortSet(Self.unprivilegedPorts).subtracting(reservedPorts)
    guard let local = ephemeralPorts, let left = portsLeftToOthers else { return all }
    let below = PortSet(local).subtracting([left] + Self.privileged + reservedPorts)
    let ports = PortSet(all.subtracting([local]).ranges + below.ranges)
    return ports.count > 0 ? ports : PortSet(Self.unprivilegedPorts)
  }

  /// The uppermost tenth of `net.ipv4.ip_local_port_range`, left to other programs' connections: 2,824 of
  /// the usual 28,232 ports. A share, so that whoever widens the range leaves more to others. `connect` shares
  /// a port between destinations, so each destination has all of these ports for itself.
  package var portsLeftToOthers: ClosedRange<UInt16>? {
    ephemeralPorts.map { local in
      local.upperBound - UInt16((local.count + 9) / 10 - 1)...local.upperBound
    }
  }

  /// The most ports of the kernel's own range that can be in use at once, where each source has at
  /// most `each` connections.
  package func localPortsTaken(by ports: PortSet, each: Int) -> Int {
    ephemeralPorts.map { min(ports.count(in: $0), max(0, each)) } ?? 0
  }

  /// Whether a run leaves others fewer ports of the kernel's own range than `portsLeftToOthers` has.
  ///
  /// - Parameter taken: the most ports of that range that the run has in use at once (`localPortsTaken`).
  package func takesFromOthers(_ taken: Int) -> Bool {
    guard let local = ephemeralPorts, let left = portsLeftToOthers else { return false }
    return taken > local.count - left.count
  }

  /// `net.ipv4.ip_local_port_range`: the kernel's own range, from which it gives a port to a
  /// connection that names none.
  package var ephemeralPorts: ClosedRange<UInt16>? {
    localPorts.flatMap { range in
      guard let first = UInt16(exactly: range.lowerBound),
        let last = UInt16(exactly: range.upperBound)
      else { return nil }
      return first...last
    }
  }

  private static let privileged: [ClosedRange<UInt16>] = [0...1023]
}
