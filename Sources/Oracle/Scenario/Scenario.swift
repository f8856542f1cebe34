package import Plan
package import Recording
package import Simulation
import SystemPackage

/// All that one seed makes: a plan, a host, and what goes wrong on it.
package struct Scenario: CustomStringConvertible {
  /// What goes wrong in a scenario. The checks ask for less where more goes wrong.
  package enum Theme: String, CaseIterable {
    /// Nothing: every promise is kept, and every count is exact.
    case calm
    /// The host has too little of one thing.
    case shortage
    /// One kind of system call fails at one worker: once, some times, or from some call on.
    case fault
    /// A worker is killed or stopped, a signal comes, or the disk is full.
    case event
    /// The server is somebody else's, and in most scenarios misbehaves.
    case peer
    /// The run meets one limit, and the scenario says which.
    case limit
    /// Anything, together.
    case storm
  }

  /// A fault at one worker, or chance that strikes any of its calls.
  package struct Misfortune {
    /// The worker's place: see `Scenario.servers`.
    package var worker: Int
    package var fault: Fault?
    /// The share of the worker's calls that fail by chance, from 0 to 1.
    package var chance: Double = 0
  }

  package let seed: UInt64
  package let theme: Theme
  package var text: String
  package var plan: Plan
  package let host: SimulatedHost
  /// How many workers each end has. Servers have the first places, in the order of their endpoints,
  /// and clients the places after them.
  package let servers: Int
  package let clients: Int
  package var misfortunes: [Misfortune]
  package var events: [SimulatedWorkers.Event]
  /// The most bytes that one read or one write of a worker moves.
  package var transfer = Int.max
  /// How many pages of a recording the disk has room for; nil for any number.
  package var pages: Int?
  /// What the server at the plan's target does; nil where the plan has a server of its own.
  package var peer: SimulatedPeer.Manner?
  /// The limit that the run is to meet; nil where chance decides.
  package var limit: Resource?
  /// The refusal that the run is to meet; nil where chance decides.
  package var refusal: RefusalAim?
  /// The share of waits that end early, or bring events that announce nothing new (`EventNoise`); from 0 to 1.
  package var noise = 0.0

  package var description: String {
    var lines = ["seed \(seed): \(theme.rawValue)"]
    lines += text.split(separator: "\n").map { "  \($0)" }
    lines.append(
      "  host: \(host.descriptorsPerProcess) descriptors per process, files \(host.files ?? -1),"
        + " watches \(host.watches), memory \(host.memory / host.memoryPerSocket) sockets, latency"
        + " \(host.dials.latency) ns, \(host.dials.costPerCall) ns per call, loss \(host.dials.loss),"
        + " buffers \(host.dials.bufferSize), transfer \(transfer),"
        + " silent \(host.dials.silentEndpoints.count),"
        + " refusing \(host.dials.refusals.count), tracking \(host.dials.conntrack ?? -1)"
    )
    for misfortune in misfortunes {
      let what =
        misfortune.fault.map {
          "\($0.call) fails with \($0.errno.rawValue), from its call \($0.nth) on,"
            + " \($0.count == .max ? "for ever" : "\($0.count) times")"
            + ($0.step == 1 ? "" : ", each \($0.step)th")
        } ?? "\(misfortune.chance) of all calls fail"
      lines.append("  worker \(misfortune.worker): \(what)")
    }
    if let limit { lines.append("  the limit: \(limit.rawValue)") }
    if let peer { lines.append("  the server at the target: \(peer)") }
    if let refusal { lines.append("  the refusal: \(refusal)") }
    if noise > 0 { lines.append("  \(noise) of all waits are disturbed") }
    if let pages { lines.append("  the disk has room for \(pages) pages") }
    for event in events { lines.append("  at \(event.at): \(event.kind)") }
    return lines.joined(separator: "\n")
  }
}
