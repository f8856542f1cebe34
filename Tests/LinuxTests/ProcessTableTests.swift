import Glibc
import Linux
import SystemPackage
import Testing

@Suite struct ProcessTableTests {
  @Test func `the family is this process and its ancestors`() throws {
    let family = CurrentProcess.family
    #expect(family.contains(CurrentProcess.id))
    #expect(family.contains(getppid()))
    #expect(!family.contains(0))
  }

  @Test func `a child has its parent in its family, and not the other way round`() throws {
    let parent = CurrentProcess.id
    let ending = try inChild {
      let family = CurrentProcess.family
      return family.contains(parent) && family.contains(CurrentProcess.id) ? 0 : 1
    }
    #expect(ending == .exited(0))
    let child = try NamedChild("family-test")
    defer { child.bury() }
    #expect(!CurrentProcess.family.contains(child.id))
  }

  @Test(arguments: ["runner-test", "a) Z 1 (b", "fifteen-letters"])
  func `a process is found by its name until it has ended, buried or not`(name: String) throws {
    let child = try NamedChild(name)
    defer { child.bury() }
    #expect(CurrentProcess.named(name).contains(child.id))
    child.kill()
    #expect(child.isThere)
    #expect(!CurrentProcess.named(name).contains(child.id))
  }

  @Test func `a part of a name is no name`() throws {
    let child = try NamedChild("runner-part")
    defer { child.bury() }
    #expect(!CurrentProcess.named("runner").contains(child.id))
    #expect(CurrentProcess.named("").isEmpty)
  }
}

/// A child that goes by a name of its own and does nothing.
private struct NamedChild {
  private let child: ChildProcess

  init(_ name: String) throws {
    let ready = try EventCounter.open()
    defer { Socket.close(ready) }
    let text = name.utf8CString
    child = try ChildProcess.fork(dieWithParent: true) {
      SignalSource.unblockAll()
      let file = open("/proc/self/comm", O_WRONLY)
      text.withUnsafeBytes { _ = write(file, $0.baseAddress, $0.count - 1) }
      EventCounter.signal(ready)
      alarm(60)
      while true { pause() }
    }
    Poll.waitReadable([ready], until: .now().advanced(by: .seconds(10)))
  }

  var id: Int32 { child.id }

  /// Still in the table, be it as a zombie.
  var isThere: Bool { Glibc.kill(id, 0) == 0 }

  /// Ends it and leaves it a zombie.
  func kill() {
    child.signal(SIGKILL)
    var information = siginfo_t()
    while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
  }

  func bury() {
    child.signal(SIGKILL)
    _ = child.wait()
  }
}
