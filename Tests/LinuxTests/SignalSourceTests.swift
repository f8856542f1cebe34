import Glibc
import SystemPackage
import Testing

@testable import Linux

/// In a child, whose signals are nobody else's.
@Suite struct SignalSourceTests {
  /// What a source makes of these signals, which this process sends itself.
  private func taken(_ signals: [Int32]) throws -> [Int32] {
    var result: [Int32] = []
    let (reading, writing) = try Pipe.open()
    defer { Socket.close(reading) }
    let ending = try inChild {
      guard var source = try? SignalSource([SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD]) else {
        return 1
      }
      guard source.next() == nil else { return 2 }
      for signal in signals {
        kill(getpid(), signal)
        if let taken = source.next() {
          var byte = UInt8(taken)
          guard write(writing.rawValue, &byte, 1) == 1 else { return 3 }
        }
      }
      return source.next() == nil ? 0 : 4
    }
    #expect(ending == .exited(0))
    Socket.close(writing)
    var byte: UInt8 = 0
    while read(reading.rawValue, &byte, 1) == 1 { result.append(Int32(byte)) }
    return result
  }

  @Test(
    arguments: [
      ([SIGINT], [SIGINT]), ([SIGUSR1, SIGUSR1], [SIGUSR1, SIGUSR1]), ([], []),
      // timeout(1) sends its signal twice.
      ([SIGTERM, SIGTERM], [SIGTERM]), ([SIGTERM, SIGTERM, SIGTERM], [SIGTERM]),
      ([SIGINT, SIGTERM], [SIGINT, SIGTERM]), ([SIGTERM, SIGINT], [SIGTERM, SIGINT]),
      // A terminal that goes sends more than one.
      ([SIGHUP, SIGTERM], [SIGHUP]), ([SIGTERM, SIGHUP], [SIGTERM]), ([SIGHUP, SIGINT], [SIGHUP]),
      ([SIGHUP, SIGHUP], [SIGHUP]),
      ([SIGHUP, SIGUSR1], [SIGHUP, SIGUSR1]), ([SIGUSR1, SIGHUP], [SIGUSR1, SIGHUP]),
      ([SIGCHLD, SIGHUP, SIGCHLD], [SIGCHLD, SIGHUP, SIGCHLD]),
      // What asks for something else does not come between.
      ([SIGTERM, SIGUSR1, SIGTERM], [SIGTERM, SIGUSR1]),
      ([SIGHUP, SIGCHLD, SIGHUP], [SIGHUP, SIGCHLD]),
    ] as [([Int32], [Int32])])
  func `a request that comes twice is one request`(sent: [Int32], expected: [Int32]) throws {
    #expect(try taken(sent) == expected)
  }

  /// A supervisor may send its signal again and again.
  @Test func `a request that is repeated for longer is heard again`() throws {
    let ending = try inChild {
      guard var source = try? SignalSource([SIGTERM]) else { return 1 }
      kill(getpid(), SIGTERM)
      guard source.next() == SIGTERM else { return 2 }
      for _ in 0..<2000 {
        usleep(5000)
        kill(getpid(), SIGTERM)
        if source.next() == SIGTERM { return 0 }
      }
      return 3
    }
    #expect(ending == .exited(0))
  }

  @Test func `what another process sends is a request of its own`() throws {
    let ending = try inChild {
      guard var source = try? SignalSource([SIGTERM]) else { return 1 }
      kill(getpid(), SIGTERM)
      guard source.next() == SIGTERM else { return 2 }
      let parent = getpid()
      guard
        let child = try? ChildProcess.fork(
          dieWithParent: true, { kill(parent, SIGTERM) == 0 ? 0 : 1 }),
        child.wait() == .exited(0)
      else { return 3 }
      return source.next() == SIGTERM ? 0 : 4
    }
    #expect(ending == .exited(0))
  }

  @Test func `signals are held back until somebody collects them`() throws {
    let ending = try inChild {
      Glibc.signal(SIGUSR1, SIG_DFL)
      guard (try? SignalSource.block([SIGUSR1])) != nil else { return 1 }
      raise(SIGUSR1)
      guard var source = try? SignalSource([SIGUSR1]) else { return 2 }
      guard source.next() == SIGUSR1 else { return 3 }
      Poll.waitReadable([source.descriptor], until: .now())
      raise(SIGUSR1)
      guard Poll.waitReadable([source.descriptor], until: .now()) == [true] else { return 4 }
      SignalSource.unblockAll()
      return 5
    }
    // What was not collected ends the process once it is let through.
    #expect(ending == .killed(signal: SIGUSR1))
  }

  @Test func `a signal that is only counted ends the process at the last one`() throws {
    let first = try inChild {
      SignalSource.endProcess([SIGUSR1], after: 1, since: nil, code: 33)
      raise(SIGUSR1)
      return 1
    }
    #expect(first == .exited(33))
    // Zero is one as well.
    let none = try inChild {
      SignalSource.endProcess([SIGUSR1], after: 0, since: nil, code: 34)
      raise(SIGUSR1)
      return 1
    }
    #expect(none == .exited(34))
    // A second one at once may be the same request, and does not count.
    let second = try inChild {
      SignalSource.endProcess([SIGUSR1], after: 2, since: nil, code: 35)
      raise(SIGUSR1)
      raise(SIGUSR1)
      return 1
    }
    #expect(second == .exited(1))
    // Nor does one soon after the last one that was read.
    let repeated = try inChild {
      SignalSource.endProcess([SIGUSR1], after: 1, since: .now(), code: 37)
      raise(SIGUSR1)
      return 1
    }
    #expect(repeated == .exited(1))
    // Whoever goes on is heard: what does not count puts nothing off.
    let impatient = try inChild {
      SignalSource.endProcess([SIGUSR1], after: 1, since: .now(), code: 38)
      for _ in 0..<20 {
        raise(SIGUSR1)
        usleep(100_000)
      }
      return 1
    }
    #expect(impatient == .exited(38))
    let blocked = try inChild {
      guard (try? SignalSource.block([SIGUSR2])) != nil else { return 2 }
      SignalSource.endProcess([SIGUSR1, SIGUSR2], after: 1, since: nil, code: 36)
      raise(SIGUSR2)
      return 1
    }
    #expect(blocked == .exited(36))
  }

  @Test func `when the last request to end came is known, and nothing else counts`() throws {
    let ending = try inChild {
      guard var source = try? SignalSource([SIGTERM, SIGUSR1]) else { return 1 }
      raise(SIGUSR1)
      guard source.next() == SIGUSR1, source.lastEnding == nil else { return 2 }
      let before = Instant.now()
      raise(SIGTERM)
      guard source.next() == SIGTERM, let last = source.lastEnding else { return 3 }
      return before <= last && last <= .now() ? 0 : 4
    }
    #expect(ending == .exited(0))
  }

  @Test func `a hang-up that is ignored is no request to end`() throws {
    let ending = try inChild {
      Glibc.signal(SIGHUP, SIG_DFL)
      guard Signal.endings == [SIGINT, SIGTERM, SIGHUP] else { return 1 }
      Glibc.signal(SIGHUP, SIG_IGN)
      return Signal.endings == [SIGINT, SIGTERM] ? 0 : 2
    }
    #expect(ending == .exited(0))
  }
}
