import Linux
package import Probe

/// A worker, or a server of somebody else, that is stepped turn by turn in this thread and has a
/// simulated process of its own.
package protocol SimulatedWorker: AnyObject {
  /// One turn of the worker's loop; false when it has ended.
  func turn() -> Bool
}

/// A client worker in a simulated process. Its kernel is that of the process, or stands on it.
package final class SimulatedClient<System: Kernel & ~Copyable>: SimulatedWorker {
  package let process: SimulatedProcess
  package var client: Client<System>

  /// - Parameter board: must outlive the worker.
  init(
    _ process: SimulatedProcess, over kernel: consuming System, _ assignment: ClientAssignment,
    board: Scoreboard
  ) throws(WorkerSetupFailure) {
    self.process = process
    client = try Client(kernel: kernel, assignment: assignment, board: board)
  }

  package func turn() -> Bool { client.turn() }
}

extension SimulatedClient where System == SimulatedKernel {
  /// A client without layers.
  ///
  /// - Parameter board: must outlive the worker.
  package convenience init(
    _ process: SimulatedProcess, _ assignment: ClientAssignment, board: Scoreboard
  ) throws(WorkerSetupFailure) {
    try self.init(
      process, over: SimulatedKernel(process: process), assignment, board: board)
  }
}

/// A server worker in a simulated process. Its kernel is that of the process, or stands on it.
package final class SimulatedServer<System: Kernel & ~Copyable>: SimulatedWorker {
  package let process: SimulatedProcess
  private(set) var server: Server<System>

  /// - Parameter board: must outlive the worker.
  init(
    _ process: SimulatedProcess, over kernel: consuming System, _ assignment: ServerAssignment,
    board: Scoreboard
  ) throws(WorkerSetupFailure) {
    self.process = process
    server = try Server(kernel: kernel, assignment: assignment, board: board)
  }

  package func turn() -> Bool { server.turn() }
}

extension SimulatedServer where System == SimulatedKernel {
  /// A server without layers.
  ///
  /// - Parameter board: must outlive the worker.
  package convenience init(
    _ process: SimulatedProcess, _ assignment: ServerAssignment, board: Scoreboard
  ) throws(WorkerSetupFailure) {
    try self.init(
      process, over: SimulatedKernel(process: process), assignment, board: board)
  }
}

extension Worker.Role {
  /// A worker in a simulated process that plays the role, with the layers that its assignment asks for.
  ///
  /// - Parameter board: must outlive the worker.
  package func worker(
    in process: SimulatedProcess, board: Scoreboard
  ) throws(WorkerSetupFailure) -> any SimulatedWorker {
    let kernel = SimulatedKernel(process: process)
    return switch self {
    case .client(let assignment):
      try Layers(assignment, board, seed: assignment.seed &+ UInt64(assignment.share.index)).put(
        on: kernel, for: ClientMaker(process: process, assignment: assignment, board: board))
    case .server(let assignment):
      try Layers(assignment, board, seed: 0).put(
        on: kernel, for: ServerMaker(process: process, assignment: assignment, board: board))
    }
  }
}

private struct ClientMaker: KernelUser {
  let process: SimulatedProcess
  let assignment: ClientAssignment
  let board: Scoreboard

  func use<System: Kernel & ~Copyable>(
    _ kernel: consuming System
  ) throws(WorkerSetupFailure) -> any SimulatedWorker {
    try SimulatedClient(process, over: kernel, assignment, board: board)
  }
}

private struct ServerMaker: KernelUser {
  let process: SimulatedProcess
  let assignment: ServerAssignment
  let board: Scoreboard

  func use<System: Kernel & ~Copyable>(
    _ kernel: consuming System
  ) throws(WorkerSetupFailure) -> any SimulatedWorker {
    try SimulatedServer(process, over: kernel, assignment, board: board)
  }
}
