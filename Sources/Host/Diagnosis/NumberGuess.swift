package import Recording

/// What a number usually is, at which someone else's server stops. It is a guess, and says so: the
/// number is all that is known of the peer's host.
package enum NumberGuess {
  /// Files that a server has open besides its connections: streams, listeners, epoll, logs.
  private static let ownFiles = 32

  /// Nil for a number that says nothing.
  ///
  /// - Parameter stood: connections that stood when the server took no more.
  package static func fact(stood: Int) -> Fact? {
    words(stood).map { Fact(name, $0) }
  }

  /// What such evidence is called.
  package static let name = "a guess"

  private static func words(_ stood: Int) -> String? {
    let limits = "grep 'open files' /proc/PID/limits"
    // The usual soft limits of RLIMIT_NOFILE; the last one is that of a service under systemd.
    for limit in [1024, 4096, 65_536, 524_288, 1_048_576]
    where (limit - ownFiles..<limit).contains(stood) && stood != 65_535 {
      return """
        the server may have \(Format.count(limit)) descriptors (RLIMIT_NOFILE), less what it has \
        open itself; on its host: \(limits)
        """
    }
    // 32768 to 60999, which is the kernel's default.
    if (28_200...28_232).contains(stood) {
      return """
        a proxy may be out of source ports towards one backend, of which the default range has \
        28,232; on its host: sysctl net.ipv4.ip_local_port_range
        """
    }
    if (64_500...65_535).contains(stood) {
      return """
        a proxy may be out of source ports towards one backend, of which an address has at most \
        65,535; on its host: ss -s
        """
    }
    // A listener's queue takes one more than its backlog.
    for power in 6...24 where stood == 1 << power || stood == 1 << power + 1 {
      return """
        \(Format.count(1 << power)) is a power of two, as tables, pools and backlogs have; on its \
        host: look for it in the server's configuration, and in ss -ltn
        """
    }
    return nil
  }
}
