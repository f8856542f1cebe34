import GRDB
import Synchronization

extension DatabaseQueue {
  /// All that were opened: where they can be reached, a look for leaked memory is not misled.
  private static let opened = Mutex<[DatabaseQueue]>([])

  /// Opens a database whose queue is never given back, but only closed. To give one back libdispatch starts
  /// a thread, whose first one watches an event counter by epoll, and ends the program where it cannot: on a
  /// host whose epoll watches are used up, as by what is being measured.
  static func lasting(
    path: String, configuration: Configuration = Configuration()
  ) throws -> DatabaseQueue {
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    opened.withLock { $0.append(queue) }
    return queue
  }

  /// Uses the database, and closes it whatever comes of that.
  func whileOpen<Result>(_ body: (DatabaseQueue) throws -> Result) throws -> Result {
    defer { try? close() }
    return try body(self)
  }
}
