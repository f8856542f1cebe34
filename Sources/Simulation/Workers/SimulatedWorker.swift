import Linux
package import Probe

/// A worker, or a server of somebody else, that is stepped turn by turn in this thread and has a
/// simulated process of its own.
package protocol SimulatedWorker: AnyObject {
  /// One turn of the worker's loop; false when it has ended.
  func turn() -> Bool
}

/// A client worker in a simulated process.
package final class SimulatedClient: SimulatedWorker {
  package let process: SimulatedProcess
  package var client: Client<SimulatedKernel>

  /// - Parameter board: must outlive the worker.
  package init(
    _ process: SimulatedProcess, _ assignment: ClientAssignment, board: Scoreboard
  ) throws(WorkerSetupFailure) {
    self.process = process
    client = try Client(
      kernel: SimulatedKernel(process: process), assignment: assignment, board: board)
  }

  package func turn() -> Bool { client.turn() }
}

/// A server worker in a simulated process.
package final class SimulatedServer: SimulatedWorker {
  package let process: SimulatedProcess
  private(set) var server: Server<SimulatedKernel>

  /// - Parameter board: must outlive the worker.
  package init(
    _ process: SimulatedProcess, _ assignment: ServerAssignment, board: Scoreboard
  ) throws(WorkerSetupFailure) {
    self.process = process
    server = try Server(
      kernel: SimulatedKernel(process: process), assignment: assignment, board: board)
  }

  package func turn() -> Bool { server.turn() }
}
