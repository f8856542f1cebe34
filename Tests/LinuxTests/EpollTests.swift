import Addressing
import CLinux
import Linux
import SystemPackage
import Testing

@Suite struct EpollTests {
  private func wait(
    _ epoll: FileDescriptor, _ duration: Duration = .zero
  ) throws -> [(token: UInt64, seen: EpollEvents)] {
    var events = [ReadyEvent](repeating: ReadyEvent(token: 0, seen: .none), count: 4)
    let deadline = Instant.now().advanced(by: duration)
    let count = try Epoll.wait(epoll, into: &events, until: deadline)
    return events[..<count].map { ($0.token, $0.seen) }
  }

  @Test(arguments: [0, 1, 0xFFFF_FFFF_FFFF, .max] as [UInt64])
  func `all 64 bits of a token come back`(token: UInt64) throws {
    let (epoll, counter) = (try Epoll.open(), try EventCounter.open())
    defer { for descriptor in [epoll, counter] { Socket.close(descriptor) } }
    try Epoll.control(epoll, .add, counter, .readable, token: token)
    #expect(try wait(epoll).isEmpty)
    EventCounter.signal(counter)
    let ready = try wait(epoll)
    #expect(ready.map(\.token) == [token])
    #expect(ready.first?.seen == .readable)
  }

  @Test func `a level is announced until it is gone, an edge once`() throws {
    let (epoll, level, edge) = (
      try Epoll.open(), try EventCounter.open(), try EventCounter.open()
    )
    defer { for descriptor in [epoll, level, edge] { Socket.close(descriptor) } }
    try Epoll.control(epoll, .add, level, .readable, token: 1)
    try Epoll.control(epoll, .add, edge, .readable | .edgeTriggered, token: 2)
    EventCounter.signal(level)
    EventCounter.signal(edge)
    #expect(try Set(wait(epoll).map(\.token)) == [1, 2])
    #expect(try wait(epoll).map(\.token) == [1])
    // Without a read in between, something new is still something new.
    EventCounter.signal(edge)
    #expect(try Set(wait(epoll).map(\.token)) == [1, 2])
    EventCounter.clear(level)
    #expect(try wait(epoll).isEmpty)
  }

  @Test func `a registration can be changed and taken back`() throws {
    let (epoll, counter) = (try Epoll.open(), try EventCounter.open())
    defer { for descriptor in [epoll, counter] { Socket.close(descriptor) } }
    try Epoll.control(epoll, .add, counter, .readable, token: 1)
    #expect(throws: Errno.fileExists) {
      try Epoll.control(epoll, .add, counter, .readable, token: 1)
    }
    try Epoll.control(epoll, .modify, counter, .writable, token: 2)
    #expect(try wait(epoll).map(\.token) == [2])
    try Epoll.control(epoll, .delete, counter, .none, token: 0)
    #expect(try wait(epoll).isEmpty)
    #expect(throws: Errno.noSuchFileOrDirectory) {
      try Epoll.control(epoll, .delete, counter, .none, token: 0)
    }
  }

  @Test func `a wait ends at its deadline, not before`() throws {
    let epoll = try Epoll.open()
    defer { Socket.close(epoll) }
    let before = Instant.now()
    #expect(try wait(epoll, .milliseconds(3)).isEmpty)
    #expect(Instant.now().nanoseconds(since: before) >= 3_000_000)
    // One that is over already does not wait at all, nor for ever.
    var events = [ReadyEvent(token: 0, seen: .none)]
    #expect(try Epoll.wait(epoll, into: &events, until: Instant(nanoseconds: 0)) == 0)
  }

  @Test func `a wait that can never bring anything says so`() throws {
    let counter = try EventCounter.open()
    defer { Socket.close(counter) }
    var events = [ReadyEvent(token: 0, seen: .none)]
    // It is no epoll instance.
    #expect(throws: Errno.invalidArgument) {
      try Epoll.wait(counter, into: &events, until: .now())
    }
    #expect(throws: Errno.badFileDescriptor) {
      try Epoll.wait(FileDescriptor(rawValue: 1_000_000), into: &events, until: .now())
    }
  }

  @Test func `conditions combine and are told apart`() {
    let both: EpollEvents = .readable | .hangUp
    #expect(both.has(.readable))
    #expect(both.has(.writable | .hangUp))
    #expect(!both.has(.writable | .error))
    #expect(!EpollEvents.none.has(both))
  }

  @Test(
    arguments: [
      (-1, -1), (0, 0), (1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2),
      (2_147_483_647_000_000, .max), (2_147_483_648_000_000, .max), (.max, .max),
    ] as [(Int64, Int32)])
  func `where only milliseconds can be waited for, they are enough, and as many as fit`(
    nanoseconds: Int64, milliseconds: Int32
  ) {
    #expect(runner_milliseconds(nanoseconds) == milliseconds)
  }
}
