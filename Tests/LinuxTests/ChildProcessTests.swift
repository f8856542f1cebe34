import Glibc
import Linux
import SystemPackage
import Testing

/// Runs `body` in a forked child. A child of a process with threads may hang on a lock that one of
/// them held, so an alarm ends it, and another one gets its chance.
func inChild(_ body: () -> Int32) throws -> ChildProcess.Ending {
  for _ in 0..<2 {
    let child = try ChildProcess.fork(dieWithParent: true) {
      // The threads that run tests block every signal, and a child inherits that.
      SignalSource.unblockAll()
      alarm(30)
      closeSockets()
      return body()
    }
    let ending = child.wait()
    if let ending, ending != .killed(signal: SIGALRM) { return ending }
  }
  return .killed(signal: SIGALRM)
}

/// The tests of other threads close their sockets and expect the peer to notice, whoever was forked meanwhile.
private func closeSockets() {
  for descriptor in Int32(3)..<1024 {
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { close(descriptor) }
  }
}

@Suite struct ChildProcessTests {
  @Test(arguments: [0, 1, 105, 255] as [Int32])
  func `a child's exit code comes back`(code: Int32) throws {
    #expect(try inChild { code } == .exited(code))
  }

  @Test func `a child that was killed says by which signal`() throws {
    let child = try ChildProcess.fork(dieWithParent: true) {
      pause()
      return 0
    }
    child.signal(SIGKILL)
    #expect(child.wait() == .killed(signal: SIGKILL))
  }

  @Test func `a process stays on the processors that it is given`() throws {
    func allowed() -> Substring? {
      ProcFile.text(of: "/proc/self/status")?.split(separator: "\n")
        .first { $0.hasPrefix("Cpus_allowed_list:") }?.dropFirst("Cpus_allowed_list:\t".count)
    }
    let list = try #require(allowed())
    let last = try #require(list.split { $0 == "," || $0 == "-" }.last.flatMap { Int($0) })
    let outcome = try inChild {
      CurrentProcess.restrict(to: [])
      guard allowed() == list else { return 1 }
      CurrentProcess.restrict(to: [last])
      return allowed() == "\(last)" ? 0 : 2
    }
    #expect(outcome == .exited(0))
  }

  @Test func `a child is a process of its own`() throws {
    let parent = CurrentProcess.id
    #expect(try inChild { CurrentProcess.id == parent ? 1 : 0 } == .exited(0))
    #expect(try inChild { getppid() == parent ? 0 : 1 } == .exited(0))
  }

  @Test func `any child that has ended is reaped, and none before it has`() throws {
    // In a child, so that no other test's children are taken.
    let outcome = try inChild {
      guard ChildProcess.reapAny() == nil else { return 1 }
      guard
        let child = try? ChildProcess.fork(
          dieWithParent: true,
          {
            pause()
            return 0
          })
      else { return 2 }
      guard ChildProcess.reapAny() == nil else { return 3 }
      child.signal(SIGTERM)
      while true {
        guard let ended = ChildProcess.reapAny() else { continue }
        return ended.child == child && ended.ending == .killed(signal: SIGTERM) ? 0 : 4
      }
    }
    #expect(outcome == .exited(0))
  }

  @Test func `a child keeps the descriptors that it is given, in order, and no others`() throws {
    let (first, second) = (try EventCounter.open(), try EventCounter.open())
    defer { for counter in [first, second] { Socket.close(counter) } }
    let outcome = try inChild {
      EventCounter.signal(second)
      guard let kept = try? CurrentProcess.keepOnly([second, first]),
        kept.map(\.rawValue) == [3, 4]
      else { return 1 }
      guard fcntl(5, F_GETFD) < 0, fcntl(4, F_GETFD) == FD_CLOEXEC else { return 2 }
      var events = [pollfd(fd: 3, events: Int16(POLLIN), revents: 0)]
      events.append(pollfd(fd: 4, events: Int16(POLLIN), revents: 0))
      guard poll(&events, 2, 0) == 1, events[0].revents != 0 else { return 3 }
      return 0
    }
    #expect(outcome == .exited(0))
  }

  @Test func `shared pages are common to parent and child, private ones are not`() throws {
    let shared = try Memory.map(bytes: 8, shared: true)
    let own = try Memory.map(bytes: 8, shared: false)
    defer {
      Memory.unmap(shared, bytes: 8)
      Memory.unmap(own, bytes: 8)
    }
    #expect(shared.load(as: UInt64.self) == 0)
    let outcome = try inChild {
      shared.storeBytes(of: 7, as: UInt64.self)
      own.storeBytes(of: 7, as: UInt64.self)
      return 0
    }
    #expect(outcome == .exited(0))
    #expect(shared.load(as: UInt64.self) == 7)
    #expect(own.load(as: UInt64.self) == 0)
  }

  @Test func `the processor time of a child is known while it runs and when it has ended`() throws {
    let child = try ChildProcess.fork(dieWithParent: true) {
      let start = CurrentProcess.processorTime()
      while CurrentProcess.processorTime() < start + 0.05 {}
      pause()
      return 0
    }
    while try #require(child.processorTime) < 0.05 { usleep(1000) }
    child.signal(SIGKILL)
    let ended = try #require(child.reap())
    #expect(child.reap() == nil)
    #expect(ended.child == child)
    #expect(ended.ending == .killed(signal: SIGKILL))
    #expect(ended.time.user + ended.time.system >= 0.05)
    #expect(child.processorTime == nil)
  }

  @Test func `a child that RLIMIT_CPU has ended had used it up at the clock's ticks`() throws {
    let child = try ChildProcess.fork(dieWithParent: true) {
      SignalSource.unblockAll()
      var limit = rlimit(rlim_cur: 1, rlim_max: 1)
      guard setrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit) == 0 else { return 1 }
      // Work in short bursts, of which the ticks miss some: the exact time is another one.
      while true {
        let start = CurrentProcess.processorTime()
        while CurrentProcess.processorTime() < start + 0.003 {}
        usleep(1000)
      }
    }
    let ended = try #require(child.reap())
    #expect(ended.ending == .killed(signal: SIGKILL))
    let time = try #require(ended.time.atTicks)
    #expect(time >= 1 && time < 1.1, "exact: \(ended.time.user + ended.time.system)")
  }
}
