import Addressing
import Foundation
import Linux
import Synchronization
import SystemPackage

/// Someone else's server: it accepts whatever comes, says nothing, and may have a limit of its own.
final class SilentServer: Sendable {
  private let listener: FileDescriptor
  /// Wakes the thread to end the server.
  private let end: FileDescriptor
  private let isOver = Atomic<Bool>(false)
  private let leavesSome = Atomic<Int>(.max)
  private let count = Atomic<Int>(0)
  private let ended = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - most: how many connections it keeps; it closes those that come after them.
  ///   - accepted: how many it accepts; it leaves those that come after them in its queue.
  ///   - backlog: how many its queue takes, and one more.
  init(
    _ endpoint: String, keeping most: Int = .max, accepting accepted: Int = .max,
    backlog: Int32 = 1024
  ) throws {
    guard let address = SocketAddress(endpoint) else { throw Errno.invalidArgument }
    listener = try Socket.open(v6: address.ip.isV6)
    end = try EventCounter.open()
    try Socket.bind(listener, to: address)
    try Socket.listen(listener, backlog: backlog)
    let thread = Thread { [self] in serve(keeping: most, accepting: accepted) }
    thread.start()
  }

  /// How many connections it has accepted so far.
  var accepted: Int { count.load(ordering: .relaxed) }

  /// Closes all but so many of the connections that it has; it goes on to accept others.
  func close(allBut kept: Int) {
    leavesSome.store(kept, ordering: .releasing)
    EventCounter.signal(end)
  }

  /// Closes everything. To be called once.
  func stop() {
    isOver.store(true, ordering: .releasing)
    EventCounter.signal(end)
    ended.wait()
  }

  private func serve(keeping most: Int, accepting: Int) {
    var kept: [FileDescriptor] = []
    while !isOver.load(ordering: .acquiring) {
      let sources = accepted < accepting ? [listener, end] : [end]
      Poll.waitReadable(sources, until: .distantFuture)
      EventCounter.clear(end)
      let leaves = leavesSome.exchange(.max, ordering: .acquiring)
      while kept.count > leaves { Socket.close(kept.removeLast()) }
      while accepted < accepting, let connection = try? Socket.accept(listener)?.descriptor {
        count.add(1, ordering: .relaxed)
        if kept.count < most { kept.append(connection) } else { Socket.close(connection) }
      }
    }
    for descriptor in kept + [listener, end] { Socket.close(descriptor) }
    ended.signal()
  }
}
