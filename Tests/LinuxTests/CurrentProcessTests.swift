import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Linux

/// What a process does to itself; each time a child.
@Suite struct CurrentProcessTests {
  @Test(arguments: [[], [0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]] as [[Int32]])
  func `whichever of the three is closed stands open at /dev/null`(closed: [Int32]) throws {
    let ending = try inChild {
      // No other descriptor is free below the next one.
      let next = open("/dev/null", O_RDWR)
      for number in closed { close(number) }
      CurrentProcess.openStandardDescriptors()
      for number in closed {
        var (status, null) = (stat(), stat())
        guard fstat(number, &status) == 0, stat("/dev/null", &null) == 0,
          status.st_rdev == null.st_rdev, fcntl(number, F_GETFL) & O_ACCMODE == O_RDWR
        else { return 1 }
      }
      close(next)
      // What was opened one too many is closed again.
      return open("/dev/null", O_RDWR) == next ? 0 : 2
    }
    #expect(ending == .exited(0))
  }

  @Test func `writing to nobody is a failure, and not the end`() throws {
    let ending = try inChild {
      for signal in [SIGPIPE, SIGXFSZ] { Glibc.signal(signal, SIG_DFL) }
      CurrentProcess.ignoreSignalsOfWriting()
      for signal in [SIGPIPE, SIGXFSZ] { raise(signal) }
      return 7
    }
    #expect(ending == .exited(7))
  }

  @Test func `the group's signals do not end a worker, its own do`() throws {
    let ignoring = try inChild {
      for signal in [SIGINT, SIGTERM, SIGHUP] { Glibc.signal(signal, SIG_DFL) }
      CurrentProcess.ignoreSignalsOfGroup()
      for signal in [SIGINT, SIGTERM, SIGHUP] { raise(signal) }
      return 7
    }
    #expect(ignoring == .exited(7))
    let ending = try inChild {
      Glibc.signal(SIGUSR1, SIG_DFL)
      CurrentProcess.ignoreSignalsOfGroup()
      raise(SIGUSR1)
      return 7
    }
    #expect(ending == .killed(signal: SIGUSR1))
  }

  @Test func `a process that leaves its group leads another one`() throws {
    let ending = try inChild {
      let before = getpgrp()
      CurrentProcess.leaveProcessGroup()
      return before != getpid() && getpgrp() == getpid() ? 0 : 1
    }
    #expect(ending == .exited(0))
  }

  @Test func `an exit unwinds nothing`() throws {
    #expect(
      try inChild {
        defer { _exit(1) }
        CurrentProcess.exit(9)
      } == .exited(9))
  }

  @Test func `a child stops itself, and its group is stopped and resumed`() throws {
    let child = try ChildProcess.fork(dieWithParent: true) {
      SignalSource.unblockAll()
      alarm(60)
      CurrentProcess.leaveProcessGroup()
      CurrentProcess.stop()
      while true { pause() }
    }
    child.leadGroup()
    #expect(getpgid(child.id) == child.id)
    #expect(changed(child, WSTOPPED) == CLD_STOPPED)
    #expect(child.state == "T")
    child.resumeGroup()
    #expect(changed(child, WCONTINUED) == CLD_CONTINUED)
    child.stopGroup()
    #expect(changed(child, WSTOPPED) == CLD_STOPPED)
    child.signal(SIGKILL)
    #expect(child.wait() == .killed(signal: SIGKILL))
    #expect(child.state == nil)
  }

  @Test func `whoever is made to lead a group does`() throws {
    let child = try ChildProcess.fork(dieWithParent: true) {
      alarm(60)
      while true { pause() }
    }
    defer {
      child.signal(SIGKILL)
      _ = child.wait()
    }
    #expect(getpgid(child.id) == getpgrp())
    child.leadGroup()
    #expect(getpgid(child.id) == child.id)
  }

  /// Waits for a change of the child's state, and says which.
  private func changed(_ child: ChildProcess, _ kind: Int32) -> Int32 {
    var information = siginfo_t()
    while waitid(P_PID, id_t(child.id), &information, kind | WEXITED | WNOWAIT) < 0, errno == EINTR
    {}
    // Taken, so that the next wait is for the next change.
    while waitid(P_PID, id_t(child.id), &information, kind) < 0, errno == EINTR {}
    return information.si_code
  }

  @Test func `a child of a program that ignored SIGCHLD still leaves its exit code`() throws {
    let ending = try inChild {
      Glibc.signal(SIGCHLD, SIG_IGN)
      guard let child = try? ChildProcess.fork(dieWithParent: true, { 42 }) else { return 1 }
      return child.wait() == .exited(42) ? 0 : 2
    }
    #expect(ending == .exited(0))
  }

  @Test(arguments: [true, false])
  func `a child dies with its parent where it shall`(dies: Bool) throws {
    let shared = try Memory.map(bytes: 16, shared: true)
    defer { Memory.unmap(shared, bytes: 16) }
    let child = try ChildProcess.fork(dieWithParent: true) {
      SignalSource.unblockAll()
      let parent = getpid()
      _ = try? ChildProcess.fork(dieWithParent: dies) {
        alarm(60)
        shared.storeBytes(of: getpid(), as: Int32.self)
        while getppid() == parent { usleep(1000) }
        // Nobody gets here who dies with it.
        shared.storeBytes(of: 1, toByteOffset: 8, as: Int32.self)
        while true { pause() }
      }
      while true { pause() }
    }
    func grandchild() -> Int32 { shared.load(as: Int32.self) }
    while grandchild() == 0 { usleep(1000) }
    child.signal(SIGKILL)
    _ = child.wait()
    if dies {
      while let state = CurrentProcess.state(of: grandchild()), state != "Z" { usleep(1000) }
    } else {
      while shared.load(fromByteOffset: 8, as: Int32.self) == 0 { usleep(1000) }
      kill(grandchild(), SIGKILL)
    }
    #expect(shared.load(fromByteOffset: 8, as: Int32.self) == (dies ? 0 : 1))
  }

  @Test func `the sum of a process's time is that of its clock`() throws {
    let ending = try inChild {
      let start = CurrentProcess.processorTime()
      var before = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before)
      while CurrentProcess.processorTime() < start + 0.02 {}
      var after = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after)
      let passed =
        Double(after.tv_sec - before.tv_sec) + Double(after.tv_nsec - before.tv_nsec) / 1e9
      return passed >= 0.019 ? 0 : 1
    }
    #expect(ending == .exited(0))
  }

  @Test func `timers are exact from then on`() throws {
    let ending = try inChild {
      CurrentProcess.useExactTimers()
      let slack = ProcFile.text(of: "/proc/self/timerslack_ns")
      return slack == nil || slack == "1\n" ? 0 : 1
    }
    #expect(ending == .exited(0))
  }

  @Test func `a real-time priority lasts as long as the body, and is given back`() throws {
    let ending = try inChild {
      var (one, before) = (sched_param(sched_priority: 1), sched_param())
      let mayBe = sched_setscheduler(0, SCHED_RR, &one) == 0
      if mayBe { sched_setscheduler(0, SCHED_OTHER, &before) }
      let within = CurrentProcess.withRealTimePriority { sched_getscheduler(0) }
      guard within == (mayBe ? SCHED_RR : SCHED_OTHER) else { return 1 }
      guard sched_getscheduler(0) == SCHED_OTHER else { return 2 }
      guard mayBe else { return 0 }
      // Whoever has chosen a class of its own keeps it.
      var nine = sched_param(sched_priority: 9)
      sched_setscheduler(0, SCHED_FIFO, &nine)
      let kept = CurrentProcess.withRealTimePriority { sched_getscheduler(0) }
      sched_getparam(0, &before)
      return kept == SCHED_FIFO && before.sched_priority == 9 ? 0 : 3
    }
    #expect(ending == .exited(0))
  }

  @Test(.enabled(if: geteuid() == 0, "needs root"))
  func `the tasks of a user are its threads, and nobody else's`() throws {
    let ending = try inChild {
      // A user that nobody else is; its children die with it.
      guard setuid(64_321) == 0 else { return 100 }
      let alone = CurrentProcess.tasksOfUser()
      guard let child = try? ChildProcess.fork(dieWithParent: true, { while true { pause() } })
      else { return 101 }
      let two = CurrentProcess.tasksOfUser()
      child.signal(SIGKILL)
      _ = child.wait()
      return alone == 1 && two == 2 && CurrentProcess.tasksOfUser() == 1 ? 0 : 1
    }
    #expect(ending == .exited(0))
  }

  @Test func `a score that cannot be taken is refused`() throws {
    let ending = try inChild {
      guard KillOrder.take(500), ProcFile.text(of: "/proc/self/oom_score_adj") == "500\n" else {
        return 1
      }
      return KillOrder.take(1001) ? 2 : 0
    }
    #expect(ending == .exited(0))
    #expect(KillOrder.early == 1000)
    #expect(KillOrder.late == -500)
  }

  @Test func `datagrams are sent to itself, or the failure is told`() throws {
    func sent() throws -> Int {
      let lines = try #require(ProcFile.text(of: "/proc/net/snmp")).split(separator: "\n")
        .filter { $0.hasPrefix("Udp:") }.map { $0.split(separator: " ") }
      let place = try #require(lines.first?.firstIndex(of: "OutDatagrams"))
      return try #require(Int(lines[1][place]))
    }
    let before = try sent()
    try Loopback.sendDatagrams(25)
    #expect(try sent() - before >= 25)
    try Loopback.sendDatagrams(0)
    let kept = try inChild {
      let next = open("/dev/null", O_RDWR)
      close(next)
      guard (try? Loopback.sendDatagrams(5)) != nil else { return 1 }
      return open("/dev/null", O_RDWR) == next ? 0 : 2
    }
    #expect(kept == .exited(0))
    let ending = try inChild {
      var limit = rlimit(rlim_cur: 3, rlim_max: 3)
      guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 100 }
      do throws(Errno) {
        try Loopback.sendDatagrams(1)
        return 1
      } catch {
        return error == .tooManyOpenFiles ? 0 : 2
      }
    }
    #expect(ending == .exited(0))
  }
}

/// Which namespaces there are beside the own one.
@Suite(
  .enabled(
    if: geteuid() == 0 && access("/usr/bin/unshare", X_OK) == 0, "needs root and util-linux"))
struct NetworkNamespaceTests {
  private static func here() -> String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self/ns/net")) ?? ""
  }

  @Test func `each of the others is visited once, and the way back is found`() throws {
    let child = Process()
    child.executableURL = URL(filePath: "/usr/bin/unshare")
    child.arguments = ["--net", "sleep", "60"]
    try child.run()
    defer {
      // The threads that run tests block other signals, and a child inherits that.
      kill(child.processIdentifier, SIGKILL)
      child.waitUntilExit()
    }
    let own = Self.here()
    func space() -> String? {
      try? FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/\(child.processIdentifier)/ns/net")
    }
    while space() == own { usleep(1000) }
    let other = try #require(space())
    var visited: [String] = []
    NetworkNamespace.visitOthers { visited.append(Self.here()) }
    #expect(Self.here() == own)
    #expect(visited.count { $0 == other } == 1)
    #expect(!visited.contains(own))
    #expect(Set(visited).count == visited.count)
  }
}
