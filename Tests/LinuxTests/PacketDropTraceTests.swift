import Addressing
import Glibc
import SystemPackage
import Testing

@testable import Linux

/// Tracing of dropped packets; the machine's own, so one test after the other.
@Suite(.serialized, .enabled(if: geteuid() == 0, "needs root"))
struct PacketDropTraceTests {
  /// Where the kernel has no reasons, or does not let a container ask, there is nothing to test.
  private func trace() throws -> PacketDropTrace {
    guard let trace = PacketDropTrace(reasons: ["NO_SOCKET"]) else {
      try Test.cancel("this kernel tells no reasons to this process")
    }
    return trace
  }

  /// Instances of this process and of the children that a test has forked.
  private func instances() throws -> Set<String> {
    guard let directory = TracingDirectory() else {
      try Test.cancel("this kernel lets this process trace nothing")
    }
    let opened = try #require(opendir("\(directory.path)/instances"))
    withExtendedLifetime(directory) {}
    defer { closedir(opened) }
    var names: Set<String> = []
    while let entry = readdir(opened) {
      names.insert(
        withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        })
    }
    return names.filter { $0.hasPrefix("runner-") }
  }

  @Test func `a SYN that nobody waits for is told with the kernel's reason`() throws {
    let trace = try trace()
    let nobody = SocketAddress(try #require(IPAddress("127.31.11.1")), 9)
    var counted = 0
    let deadline = Instant.now().advanced(by: .seconds(20))
    while counted < 3, .now() < deadline {
      let socket = try Socket.open(v6: false)
      try? Socket.connect(socket, to: nobody)
      Socket.close(socket)
      counted += trace.read()["NO_SOCKET"] ?? 0
      Poll.waitReadable([], until: .now().advanced(by: .milliseconds(20)))
    }
    #expect(counted >= 3)
  }

  @Test func `the instance goes with the trace`() throws {
    var held: PacketDropTrace? = try trace()
    let name = try #require(held?.path.split(separator: "/").last.map(String.init))
    #expect(try instances().contains(name))
    held = nil
    #expect(held == nil)
    // A child that another test has forked meanwhile may keep it for as long as it lives; then the next
    // one that traces removes it.
    let deadline = Instant.now().advanced(by: .seconds(60))
    while try instances().contains(name), .now() < deadline {
      Poll.waitReadable([], until: .now().advanced(by: .milliseconds(100)))
      _ = PacketDropTrace(reasons: ["NO_SOCKET"])
    }
    #expect(try !instances().contains(name))
  }

  @Test func `what a killed process has left is removed, and what is in use is not`() throws {
    let own = try trace()
    let ready = try EventCounter.open()
    defer { Socket.close(ready) }
    let child = try ChildProcess.fork(dieWithParent: true) {
      let trace = PacketDropTrace(reasons: ["NO_SOCKET"])
      EventCounter.signal(ready)
      Poll.waitReadable([], until: .now().advanced(by: .seconds(60)))
      withExtendedLifetime(trace) {}
      return 0
    }
    Poll.waitReadable([ready], until: .now().advanced(by: .seconds(30)))
    child.signal(SIGKILL)
    _ = child.wait()
    // The next one that traces removes it, whoever that is.
    let next = try trace()
    let names = try instances()
    #expect(!names.contains("runner-\(child.id)"))
    for kept in [own, next] {
      #expect(names.contains(String(kept.path.split(separator: "/").last ?? "")))
    }
    withExtendedLifetime((own, next)) {}
  }
}
