import GRDB
import Synchronization

extension DatabaseQueue {
  /// All queues that were opened. They stay reachable here, so that a leak checker does not report them.
  private static let opened = Mutex<[DatabaseQueue]>([])

  /// Opens a database whose dispatch queue is never released; `close()` only closes the database.
  ///
  /// To release a dispatch queue, libdispatch starts a thread. The first thread that libdispatch starts adds an
  /// eventfd to an epoll instance. Where that fails, libdispatch aborts the program. It fails on a host whose epoll
  /// watches are used up, and the recorded run itself may use them up.
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
