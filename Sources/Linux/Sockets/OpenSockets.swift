import Glibc

/// Finds the sockets that processes have open, by their descriptors. Source: proc_pid_fd(5).
package enum OpenSockets {
  /// The inodes of the sockets that these processes have. Nil where one of the processes is gone, or where
  /// this process may not look at it. Takes one readlink per descriptor.
  package static func inodes(of processes: [Int32]) -> Set<UInt32>? {
    var inodes: Set<UInt32> = []
    for folder in processes.map({ "/proc/\($0)/fd" }) {
      let names = Folder.names(in: folder)
      // A process of the run has descriptors as long as it lives. So no names mean that it is gone, or that
      // this process may not look.
      guard !names.isEmpty else { return nil }
      for name in names {
        if let inode = inode("\(folder)/\(name)") { inodes.insert(inode) }
      }
    }
    return inodes
  }

  /// The number in a link to `socket:[123]`; nil for anything else that may be open.
  private static func inode(_ path: String) -> UInt32? {
    let link = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
      guard let start = text.baseAddress else { return "" }
      let length = unsafe readlink(path, start, text.count)
      return unsafe String(
        decoding: UnsafeRawBufferPointer(text).prefix(max(0, length)), as: UTF8.self)
    }
    guard link.hasPrefix("socket:["), link.hasSuffix("]") else { return nil }
    return UInt32(link.dropFirst(8).dropLast())
  }
}
