import GRDB
import Synchronization

extension DatabaseQueue {
  /// All queues that were opened: as they stay reachable, a leak checker does not report them.
  private static let opened = Mutex<[DatabaseQueue]>([])

  /// Opens a database whose dispatch queue is never released; `close()` only closes the database.
  ///
  /// To release a queue, libdispatch starts a thread. Its first thread watches an event counter by
  /// epoll, and libdispatch ends the program where that fails: on a host whose epoll watches are
  /// used up, as by the run that is recorded.
  static func lasting(
    path: String, configuration: Configuration = Configuration()
  ) throws -> DatabaseQueue {
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    opened.withLock { $0.append(queue) }
    return queue
  }

  /// Runs `body`, and closes the database whether or not it throws.
  func whileOpen<Result>(_ body: (DatabaseQueue) throws -> Result) throws -> Result {
    defer { try? close() }
    return try body(self)
  }
}
