import CLinux
import Glibc

/// The network namespaces of this host. Source: network_namespaces(7), setns(2).
package enum NetworkNamespace {
  /// Does something inside of each network namespace but this process's own. Nothing happens where this process may not enter any, or could not come back.
  ///
  /// Only the calling thread goes there; what it opens there stays there.
  package static func visitOthers(_ body: () -> Void) {
    guard let own = Space("/proc/thread-self/ns/net"), own.enter() else { return }
    var seen: Set<UInt64> = [own.number]
    for path in paths {
      guard let space = Space(path), seen.insert(space.number).inserted, space.enter() else {
        continue
      }
      body()
      // It was entered above by the same right.
      guard own.enter() else { fatalError("the way back to the own network namespace is gone") }
    }
  }

  /// Those that have a name, then those that processes are in.
  private static var paths: [String] {
    Folder.names(in: "/run/netns").map { "/run/netns/\($0)" }
      + Folder.names(in: "/proc").filter { Int32($0) != nil }.map { "/proc/\($0)/ns/net" }
  }

  private struct Space: ~Copyable {
    let descriptor: Int32
    /// What tells it from the others: its inode.
    let number: UInt64

    init?(_ path: String) {
      let opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
      guard opened >= 0 else { return nil }
      descriptor = opened
      var status = stat()
      number = unsafe fstat(opened, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    deinit { close(descriptor) }

    func enter() -> Bool { runner_enter_network(descriptor) == 0 }
  }
}
