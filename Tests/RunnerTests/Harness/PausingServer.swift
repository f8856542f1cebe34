import Addressing
import Foundation
import Linux
import Synchronization
import SystemPackage

/// An echo server with one thread that has its moods: it stops for a while in the midst of its
/// work, greets, or answers the first message on each connection with something else.
final class PausingServer: Sendable {
  private let listener: FileDescriptor
  private let end: FileDescriptor
  private let isOver = Atomic<Bool>(false)
  private let ended = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - answers: after so many answers it pauses.
  ///   - pause: for so long.
  ///   - greeting: said to each connection before it has said anything.
  ///   - first: the first answer on each connection; nothing where it is empty.
  init(
    _ endpoint: String, after answers: Int = .max, pause: Duration = .zero, greeting: String = "",
    first: String? = nil
  ) throws {
    guard let address = SocketAddress(endpoint) else { throw Errno.invalidArgument }
    listener = try Socket.open(v6: address.ip.isV6)
    end = try EventCounter.open()
    try Socket.bind(listener, to: address)
    try Socket.listen(listener, backlog: 1024)
    Thread { [self] in
      serve(after: answers, pause: pause, greeting: greeting, first: first)
    }.start()
  }

  /// Closes everything. To be called once.
  func stop() {
    isOver.store(true, ordering: .releasing)
    EventCounter.signal(end)
    ended.wait()
  }

  private func say(_ text: String, on connection: FileDescriptor) {
    guard !text.isEmpty else { return }
    _ = Array(text.utf8).withUnsafeBytes { Socket.send(connection, $0) }
  }

  private func serve(after most: Int, pause: Duration, greeting: String, first: String?) {
    var connections: [FileDescriptor] = []
    var answers = 0
    var known: Set<FileDescriptor> = []
    var bytes = [UInt8](repeating: 0, count: 4096)
    while !isOver.load(ordering: .acquiring) {
      Poll.waitReadable([listener, end] + connections, until: .distantFuture)
      while let connection = try? Socket.accept(listener)?.descriptor {
        connections.append(connection)
        say(greeting, on: connection)
      }
      for connection in connections {
        bytes.withUnsafeMutableBytes { buffer in
          guard case .moved(let count) = Socket.receive(connection, into: buffer) else { return }
          if let first, known.insert(connection).inserted { return say(first, on: connection) }
          _ = Socket.send(connection, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
          answers += 1
          if answers == most {
            Poll.waitReadable([end], until: .now().advanced(by: pause))
          }
        }
      }
    }
    for descriptor in connections + [listener, end] { Socket.close(descriptor) }
    ended.signal()
  }
}
