import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Linux

@Suite struct DirectoryLockTests {
  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  /// A child with a name that has locked a directory, once it has.
  private func holder(of path: String, named name: String) throws -> ChildProcess {
    let ready = try EventCounter.open()
    defer { Socket.close(ready) }
    let text = name.utf8CString
    let child = try ChildProcess.fork(dieWithParent: true) {
      SignalSource.unblockAll()
      let file = open("/proc/self/comm", O_WRONLY)
      text.withUnsafeBytes { _ = write(file, $0.baseAddress, $0.count - 1) }
      guard (try? DirectoryLock.take(path)) == .taken else { return 1 }
      EventCounter.signal(ready)
      alarm(60)
      while true { pause() }
    }
    Poll.waitReadable([ready], until: .now().advanced(by: .seconds(30)))
    return child
  }

  @Test func `one process has a directory, and the others are told which`() throws {
    try inFolder { path in
      #expect(!DirectoryLock.isHeld(path))
      let name = "lock-\(getpid() % 10_000_000)"
      let child = try holder(of: path, named: name)
      #expect(DirectoryLock.isHeld(path))
      let attempt = try DirectoryLock.take(path)
      // Not every host shows who has a lock.
      let shows = ProcFile.text(of: "/proc/locks")?.contains(" \(child.id) ") == true
      #expect(attempt == .held(by: shows ? child.id : nil))
      if shows {
        #expect(DirectoryLock.holders(named: name) == [child.id])
        #expect(DirectoryLock.holders(named: name + "x").isEmpty)
      }
      child.signal(SIGKILL)
      _ = child.wait()
      #expect(!DirectoryLock.isHeld(path))
      #expect(DirectoryLock.holders(named: name).isEmpty)
      #expect(try inChild { (try? DirectoryLock.take(path)) == .taken ? 0 : 1 } == .exited(0))
    }
  }

  @Test func `several that hold locks are told in order, and locks of other directories are not`()
    throws
  {
    try inFolder { first in
      try inFolder { second in
        let name = "many-\(getpid() % 10_000_000)"
        let children = [
          try holder(of: first, named: name), try holder(of: second, named: name),
        ]
        defer {
          for child in children {
            child.signal(SIGKILL)
            _ = child.wait()
          }
        }
        guard ProcFile.text(of: "/proc/locks")?.contains(" \(children[0].id) ") == true else {
          return
        }
        #expect(DirectoryLock.holders(named: name) == children.map(\.id).sorted())
        #expect(try DirectoryLock.take(first) == .held(by: children[0].id))
        #expect(try DirectoryLock.take(second) == .held(by: children[1].id))
      }
    }
  }

  @Test func `what is no directory cannot be locked`() throws {
    try inFolder { path in
      #expect(throws: Errno.noSuchFileOrDirectory) { try DirectoryLock.take(path + "/none") }
      #expect(!DirectoryLock.isHeld(path + "/none"))
      try FileSystem.write([1], to: path + "/file")
      #expect(throws: Errno.notDirectory) { try DirectoryLock.take(path + "/file") }
    }
  }
}
