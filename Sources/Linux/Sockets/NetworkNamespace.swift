import CLinux
import Glibc

/// The network namespaces of this host. Source: network_namespaces(7), setns(2).
package enum NetworkNamespace {
  /// Runs `body` once inside each network namespace that has a name or a process, except this thread's own.
  /// Does nothing where this process may not enter namespaces, or could not come back.
  ///
  /// Only the calling thread enters. A socket that `body` opens belongs to that namespace for good.
  package static func visitOthers(_ body: () -> Void) {
    guard let own = Space("/proc/thread-self/ns/net"), own.enter() else { return }
    var seen: Set<UInt64> = [own.inode]
    for path in paths {
      guard let space = Space(path), seen.insert(space.inode).inserted, space.enter() else {
        continue
      }
      body()
      // Entering the own namespace worked above, so it works again.
      guard own.enter() else { fatalError("the way back to the own network namespace is gone") }
    }
  }

  /// Paths of the namespaces that have a name, then of those that processes are in.
  private static var paths: [String] {
    Folder.names(in: "/run/netns").map { "/run/netns/\($0)" }
      + Folder.names(in: "/proc").filter { Int32($0) != nil }.map { "/proc/\($0)/ns/net" }
  }

  private struct Space: ~Copyable {
    let descriptor: Int32
    /// Tells the namespace from the others; 0 where it cannot be read.
    let inode: UInt64

    init?(_ path: String) {
      let opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
      guard opened >= 0 else { return nil }
      descriptor = opened
      var status = stat()
      inode = unsafe fstat(opened, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    deinit { close(descriptor) }

    func enter() -> Bool { runner_enter_network(descriptor) == 0 }
  }
}
