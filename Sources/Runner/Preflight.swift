import Addressing
import Host
import Linux
import Plan
import Probe
import Recording

/// What would spoil a run before it begins: a host that is too small, or not clean.
enum Preflight {
  /// Reading every socket of the host takes seconds beyond this many.
  private static let mostSockets = 200_000.0

  /// One sentence a finding; none when the run may begin.
  static func findings(_ outlook: Outlook) -> [String] {
    [prediction(outlook), others()].compactMap(\.self) + sockets(outlook)
  }

  private static func prediction(_ outlook: Outlook) -> String? {
    guard let predicted = outlook.predicted, predicted.connections < outlook.plan.goal else {
      return nil
    }
    return "the host will stop before the goal of \(Format.count(outlook.plan.goal)): at "
      + "\(outlook.predictionLine ?? ""); see `runner doctor \(outlook.plan.file)`"
  }

  private static func others() -> String? {
    let family = CurrentProcess.family
    let others = CurrentProcess.named("runner").filter { !family.contains($0) }
    guard let first = others.min() else { return nil }
    return "another run is under way (process \(first)): both would share the host's limits"
  }

  private static func sockets(_ outlook: Outlook) -> [String] {
    let readings = KernelSeries(host: outlook.host).readings().values
    let open = (readings[.socketsInUse] ?? 0) + (readings[.timeWait] ?? 0)
    guard open <= mostSockets else {
      return ["\(Format.count(Int(open))) TCP sockets are on this host already"]
    }
    let table = TCPTable(
      ProcFile.text(of: "/proc/net/tcp") ?? "", ProcFile.text(of: "/proc/net/tcp6") ?? "")
    var findings: [String] = []
    let taken = outlook.staffing.servers.map(\.endpoint).filter(table.hasListener(on:))
    if let first = taken.first {
      let more = taken.count > 1 ? " and \(taken.count - 1) more" : ""
      findings.append(
        "somebody listens on \(first)\(more) already; `ss -tlnp 'sport = :\(first.port)'` says who")
    }
    let waiting = table.timeWaits(of: Set(outlook.staffing.sources))
    if waiting > 0 {
      findings.append(
        "\(Format.count(waiting)) source ports of the plan are in TIME_WAIT; "
          + "they are free again a minute after they were closed")
    }
    return findings
  }
}
