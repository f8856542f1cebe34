import Linux
package import SystemPackage

/// Runs workers as child processes of this one: the `WorkerHost` of a real run.
package final class ForkedWorkers: WorkerHost {
  /// An event counter that becomes readable when a worker has called for attention.
  package let attention: FileDescriptor

  package init() throws(Errno) { attention = try EventCounter.open() }

  deinit { Socket.close(attention) }

  /// Forks a worker. To be called before any thread exists.
  package func start(
    _ role: Worker.Role, board: Scoreboard
  ) throws(ForkFailure) -> any WorkerProcess {
    let attention = attention
    var call = ForkFailure.Call.eventfd
    do throws(Errno) {
      let wakeUp = try EventCounter.open()
      call = .fork
      do throws(Errno) {
        let child = try ChildProcess.fork(dieWithParent: true) {
          Worker.run(role, board: board, wakeUp: wakeUp, attention: attention)
        }
        return ForkedWorker(child: child, wakeUp: wakeUp)
      } catch {
        Socket.close(wakeUp)
        throw error
      }
    } catch {
      throw ForkFailure(call, error)
    }
  }

  package func reapAny() -> WorkerEnd? {
    ChildProcess.reapAny().map { WorkerEnd(id: $0.child.id, ending: $0.ending, time: $0.time) }
  }
}

private struct ForkedWorker: WorkerProcess {
  let child: ChildProcess
  let wakeUp: FileDescriptor

  var id: Int32 { child.id }
  var processorTime: Double? { child.processorTime }
  var state: Character? { child.state }
  func wake() { EventCounter.signal(wakeUp) }
  func kill() { child.signal(9) }
  func awaitEnd() { _ = child.wait() }
  func release() { Socket.close(wakeUp) }
}
