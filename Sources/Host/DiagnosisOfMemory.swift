import Recording

/// Memory: refused by the kernel, held back by the guard, or taken by the OOM killer.
extension Scene {
  /// A bound counts as met from this share of it on: what was refused is not counted in it.
  private static let nearly = 0.95

  private var needed: Int { demand.bytesNeeded(on: host) }
  private var reserved: Int { demand.bytesGuarded(on: host) }
  private var available: Int {
    after[.memoryAvailable].map { Int($0) } ?? host.memoryAvailable
  }

  private var evidence: [Fact] {
    [
      Fact("memory available", Format.bytes(available)),
      Fact("memory before the run", Format.bytes(host.memoryAvailable)),
      Fact("memory for the goal", Format.bytes(needed)),
    ] + levels(.tcpPages, .slab) + rises(.abortsOnMemory, .oomKills, .cgroupOutOfMemory)
  }

  /// ENOMEM and ENOBUFS do not say which bound was met; its own level does.
  func memory() -> Diagnosed {
    if let found = cgroupBound() ?? tcpBound() { return found }
    guard Double(available) < Double(host.memoryTotal) * (1 - Self.nearly) else {
      return Diagnosed(
        .memory, evidence: evidence + [Fact("bound", "none that is known was near its end")])
    }
    return machine(.memory)
  }

  func memoryGuard(_ failure: FailureRecord) -> Diagnosed {
    var found = machine(.memoryGuard)
    let missing =
      max(0, demand.goal - failure.established) * demand.bytesPerConnection(on: host)
    found.evidence += [
      Fact("guarded", Format.bytes(reserved)),
      Fact("short of the goal by", Format.bytes(max(0, missing + reserved - available))),
    ]
    return found
  }

  func death(of worker: WorkerRecord) -> Diagnosed {
    let end = worker.signal.map { "signal \($0)" } ?? "exit code \(worker.exitCode ?? 0)"
    let died = [Fact("worker \(worker.id)", "process \(worker.pid) ended with \(end)")]
    let killed = worker.signal == 9 && (rise(.oomKills) ?? 0) > 0
    guard killed else {
      return Diagnosed(.workerDied, evidence: died + rises(.oomKills))
    }
    var found = cgroupBound() ?? machine(.memory)
    found.evidence = died + found.evidence
    return found
  }

  /// The machine's own memory: no command adds any.
  private func machine(_ resource: Resource) -> Diagnosed {
    let others = max(0, host.memoryTotal - host.memoryAvailable)
    return Diagnosed(
      resource, knob: "RAM", now: host.memoryTotal, needed: others + needed + reserved,
      evidence: evidence)
  }

  private func cgroupBound() -> Diagnosed? {
    guard let cgroup = host.cgroup else { return nil }
    let current = after[.cgroupMemory].map { Int($0) } ?? cgroup.current
    // What was killed has been given back by the time one looks; the group's own count stays.
    let killed = (rise(.cgroupOutOfMemory) ?? 0) > 0
    guard killed || Double(current) >= Double(cgroup.maximum) * Self.nearly else { return nil }
    let wanted = Capacity.withHeadroom(cgroup.current + needed)
    let tee = host.user == 0 ? "tee" : "sudo tee"
    return Diagnosed(
      .memory, knob: "memory.max", now: cgroup.maximum, needed: wanted,
      fix: "echo \(wanted) | \(tee) \(cgroup.directory)/memory.max",
      evidence: [
        Fact("cgroup", cgroup.directory), Fact("memory.current", Format.bytes(current)),
      ] + evidence)
  }

  /// `net.ipv4.tcp_mem` counts the pages that all TCP sockets buffer (tcp(7)).
  private func tcpBound() -> Diagnosed? {
    guard let bounds = host.tcpMemory, let pages = after[.tcpPages],
      pages >= Double(bounds[2]) * Self.nearly
    else { return nil }
    let held = max(1, after[.established] ?? after[.socketsInUse] ?? 1)
    let goal = Double(demand.goal) / held * pages
    let wanted = Capacity.withHeadroom(max(2 * bounds[2], Int(min(goal, 0x1p40))))
    let low = wanted / 2
    return Diagnosed(
      .memory, knob: "net.ipv4.tcp_mem", now: bounds[2], needed: wanted,
      fix: privileged("sysctl -w net.ipv4.tcp_mem=\"\(low) \(low / 2 * 3) \(wanted)\""),
      evidence: evidence)
  }
}
