import CLinux
import Glibc
package import SystemPackage

/// Locks on directories, so that only one process at a time writes to a directory.
///
/// The lock is on the directory itself (flock(2)). So no file is left behind, nobody can put a link in the place of
/// a lock file, and the kernel releases the lock when the process ends, however it ends.
package enum DirectoryLock {
  /// What came of an attempt to lock a directory.
  package enum Attempt: Equatable, Sendable {
    case taken
    /// Another process has the lock; its PID, where this process can see it.
    case held(by: Int32?)
    /// `flock` failed for another reason than a lock that is held, as on a file system that has no locks.
    case unknown
  }

  /// Locks a directory until this process ends. A worker that is forked later closes its copy of the
  /// descriptor, so it does not keep the lock. Throws where the directory cannot be opened.
  package static func take(_ path: String) throws(Errno) -> Attempt {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw lastError }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return .taken }
    // Another process may hold the lock only for an instant, to see whether it is free (`isHeld`).
    if errno == EWOULDBLOCK { usleep(10_000) }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return .taken }
    let error = errno
    let holder = error == EWOULDBLOCK ? holder(of: descriptor) : nil
    close(descriptor)
    return error == EWOULDBLOCK ? .held(by: holder) : .unknown
  }

  /// Whether a process holds the lock of a directory now. To find out, this takes a free lock for an instant;
  /// `take` tries a second time for that reason.
  package static func isHeld(_ path: String) -> Bool {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// The PIDs of processes that have this name and hold an exclusive `flock` lock, on whatever file or directory.
  /// Source: proc_locks(5).
  package static func holders(named name: String) -> [Int32] {
    let holders = Set(locks().map(\.process)).filter { $0 > 0 }
    return holders.filter { ProcFile.text(of: "/proc/\($0)/comm") == name + "\n" }.sorted()
  }

  private static func holder(of descriptor: Int32) -> Int32? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    let found = locks().filter { $0.inode == UInt64(status.st_ino) && $0.process > 0 }
    let device = DeviceNumber(status.st_dev)
    // On some file systems /proc/locks has another device number than `fstat`: then the inode must do.
    return (found.first { $0.device == device } ?? found.first)?.process
  }

  private struct Lock {
    var process: Int32
    var device: DeviceNumber
    var inode: UInt64
  }

  private struct DeviceNumber: Equatable {
    var major: UInt32
    var minor: UInt32

    /// Source: makedev(3), which is a macro.
    init(_ device: dev_t) {
      let bits = UInt64(device)
      major = UInt32(truncatingIfNeeded: bits >> 8 & 0xFFF | bits >> 32 & ~0xFFF)
      minor = UInt32(truncatingIfNeeded: bits & 0xFF | bits >> 12 & ~0xFF)
    }

    init?(_ text: some StringProtocol) {
      let parts = text.split(separator: ":")
      guard parts.count == 2, let major = UInt32(parts[0], radix: 16),
        let minor = UInt32(parts[1], radix: 16)
      else { return nil }
      (self.major, self.minor) = (major, minor)
    }
  }

  /// The exclusive `flock` locks that processes hold. /proc/locks has one lock per line:
  /// "3: FLOCK  ADVISORY  WRITE 4711 fe:01:131074 0 EOF". A process that waits for a lock has a line as well, with
  /// an arrow before the kind.
  private static func locks() -> [Lock] {
    (ProcFile.text(of: "/proc/locks") ?? "").split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count >= 6, fields[1] == "FLOCK", fields[3] == "WRITE",
        let process = Int32(fields[4])
      else { return nil }
      let place = fields[5].split(separator: ":")
      guard place.count == 3, let inode = UInt64(place[2]),
        let device = DeviceNumber("\(place[0]):\(place[1])")
      else { return nil }
      return Lock(process: process, device: device, inode: inode)
    }
  }
}
