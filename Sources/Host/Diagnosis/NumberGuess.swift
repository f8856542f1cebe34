package import Recording

/// A guess at the limit of someone else's server, from the number of connections that it held when it took no
/// more. Nothing else is known of the server's host, so the evidence is marked as a guess.
package enum NumberGuess {
  /// The most descriptors that a server is assumed to need besides its connections: standard streams,
  /// listeners, epoll, logs.
  private static let ownFiles = 32

  /// The guess as evidence; nil where the number is near no usual limit.
  ///
  /// - Parameter held: connections that the server held when it took no more.
  package static func fact(heldAtStop held: Int) -> Fact? {
    words(held).map { Fact(name, $0) }
  }

  /// The name of the evidence.
  package static let name = "a guess"

  private static func words(_ held: Int) -> String? {
    let limits = "grep 'open files' /proc/PID/limits"
    // Usual values of RLIMIT_NOFILE. Among them are 1,024, the usual soft limit; 524,288, systemd's hard
    // limit; and 1,048,576, common for containers. 65,535 is left out: it is more likely the number of source
    // ports, for which see below.
    for limit in [1024, 4096, 65_536, 524_288, 1_048_576]
    where (limit - ownFiles..<limit).contains(held) && held != 65_535 {
      return """
        the server may have \(Format.count(limit)) descriptors (RLIMIT_NOFILE), less what it has \
        open itself; on its host: \(limits)
        """
    }
    // The kernel's default range of source ports, 32768 to 60999, has 28,232.
    if (28_200...28_232).contains(held) {
      return """
        a proxy may be out of source ports towards one backend, of which the default range has \
        28,232; on its host: sysctl net.ipv4.ip_local_port_range
        """
    }
    if (64_500...65_535).contains(held) {
      return """
        a proxy may be out of source ports towards one backend, of which an address has at most \
        65,535; on its host: ss -s
        """
    }
    // One more than a power of two counts as well: a listener's queue takes one connection beyond its
    // backlog.
    for power in 6...24 where held == 1 << power || held == 1 << power + 1 {
      return """
        \(Format.count(1 << power)) is a power of two, as tables, pools and backlogs have; on its \
        host: look for it in the server's configuration, and in ss -ltn
        """
    }
    return nil
  }
}
