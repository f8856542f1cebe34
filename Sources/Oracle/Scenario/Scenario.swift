package import Plan
package import Simulation
import SystemPackage

/// All that one seed makes: a plan, a host, and what goes wrong on it.
package struct Scenario: CustomStringConvertible {
  /// What goes wrong in it, so that the checks know what may be asked.
  package enum Theme: String, CaseIterable {
    /// Nothing: every promise is kept, and every count is exact.
    case calm
    /// The host has too little of one thing.
    case shortage
    /// One system call of one worker fails, once or from then on.
    case fault
    /// A worker is killed or stopped, a signal comes, or the disk is full.
    case event
    /// Anything, together.
    case storm
  }

  /// A fault, or chance that strikes any call, at one worker.
  package struct Misfortune {
    package var worker: Int
    package var fault: Fault?
    /// The share of calls that fail.
    package var chance: Double = 0
  }

  package let seed: UInt64
  package let theme: Theme
  package let text: String
  package let plan: Plan
  package let host: SimulatedHost
  /// Server workers come first, in the order of their endpoints, then the clients.
  package let servers: Int
  package let clients: Int
  package let misfortunes: [Misfortune]
  package let events: [SimulatedWorkers.Event]
  /// The most bytes that one read, or one write, of any process moves.
  package let transfer: Int
  /// How many pages of a recording the disk has room for; nil for any number.
  package let pages: Int?

  package var description: String {
    var lines = ["seed \(seed): \(theme.rawValue)"]
    lines += text.split(separator: "\n").map { "  \($0)" }
    lines.append(
      "  host: \(host.descriptorsPerProcess) descriptors per process, files \(host.files ?? -1),"
        + " watches \(host.watches), memory \(host.memory / host.memoryPerSocket) sockets, latency"
        + " \(host.dials.latency) ns, \(host.dials.costPerCall) ns per call, loss \(host.dials.loss),"
        + " buffers \(host.dials.bufferSize), transfer \(transfer), silent \(host.dials.silentEndpoints.count),"
        + " refusing \(host.dials.refusals.count)")
    for misfortune in misfortunes {
      let what =
        misfortune.fault.map {
          "\($0.call) fails with \($0.errno.rawValue), from its call \($0.nth) on,"
            + " \($0.count == .max ? "for ever" : "\($0.count) times")"
        } ?? "\(misfortune.chance) of all calls fail"
      lines.append("  worker \(misfortune.worker): \(what)")
    }
    if let pages { lines.append("  the disk has room for \(pages) pages") }
    for event in events { lines.append("  at \(event.at): \(event.kind)") }
    return lines.joined(separator: "\n")
  }
}
