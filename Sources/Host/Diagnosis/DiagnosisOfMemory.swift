import Recording

/// Diagnoses of memory that the kernel refused, of the memory guard, and of workers that died.
extension DiagnosisContext {
  /// The share of a bound from which on the bound counts as met. It is less than 1, since memory that was
  /// refused is not in use.
  private static let nearly = 0.95

  /// Bytes that the goal takes of the machine.
  private var needed: Int { demand.bytesNeeded(on: host) }
  /// Bytes that the plan's memory guard keeps free.
  private var reserved: Int { demand.bytesGuarded(on: host) }
  /// Bytes that the machine has left now, nearly as the guard measures them (`MemoryMeter.available`): the free
  /// pages that each processor keeps at hand are left out, since no reading has them.
  private var available: Int {
    guard let available = after[.memoryAvailable] else { return host.memoryAvailable }
    let sockets = Int(after[.socketsAllocated] ?? 0)
    let reclaimable = after[.slab].flatMap { slab in
      after[.slabUnreclaimable].map { Int(max(0, slab - $0)) }
    }
    return MemoryMeter.left(
      of: Int(available), reclaimable: reclaimable,
      pinned: sockets * host.bytesPinnedPerSocket)
  }
  /// The control group that leaves the least now; another may have left less when the run began.
  private var group: GroupBound? { tightestGroup ?? host.memoryGroup }
  /// Bytes that this group leaves now; nil without a group.
  private var groupLeft: Int? {
    group.map { group in after[.cgroupMemoryLeft].map { Int($0) } ?? group.left }
  }

  private var evidence: [Fact] {
    [
      Fact("memory available", Format.bytes(available)),
      Fact("memory before the run", Format.bytes(host.memoryAvailable)),
      Fact("memory for the goal", Format.bytes(needed)),
    ] + levels(.tcpPages, .slab)
      + rises(.abortsOnMemory, .oomKills, .cgroupKills, .cgroupFull, .cgroupOutOfMemory)
  }

  /// Diagnoses ENOMEM and ENOBUFS. They do not say which bound was met, so the bound that is nearly used up
  /// counts.
  func memory(_ failure: FailureRecord) -> Diagnosed {
    if let group, let groupLeft,
      Double(groupLeft) <= Double(group.most) * (1 - Self.nearly)
    {
      return limitOfGroup(group, .memory)
    }
    if let found = tcpBound() { return found }
    guard isMachineShort else { return limitOfUnknownBound }
    return limitOfMachine(.memory, held: failure.established)
  }

  /// Diagnoses that the memory guard has stopped growth.
  func memoryGuard(_ failure: FailureRecord) -> Diagnosed {
    let missing = max(0, demand.goal - failure.established)
    var (found, short): (Diagnosed, Int)
    if let group, let groupLeft, groupLeft < available {
      found = limitOfGroup(group, .memoryGuard)
      short =
        missing * demand.bytesPerConnection(in: group.group, on: host) + reserved - groupLeft
    } else {
      found = limitOfMachine(.memoryGuard, held: failure.established)
      short = missing * demand.bytesPerConnection(on: host) + reserved - available
    }
    found.evidence += [
      Fact("guarded", Format.bytes(reserved)),
      Fact("short of the goal by", Format.bytes(max(0, short))),
    ]
    return found
  }

  /// Diagnoses why a worker died. Anyone may have killed it, so memory was short only if the kernel's counts of
  /// out-of-memory kills rose. Where there are memory groups, the count of the worker's own group decides,
  /// because the host's count also rises when another group runs out.
  func death(of worker: WorkerRecord) -> Diagnosed {
    let end = worker.signal.map { "signal \($0)" } ?? "exit code \(worker.exitCode ?? 0)"
    let died = [Fact("worker \(worker.id)", "process \(worker.pid) ended with \(end)")]
    if let found = outOfProcessorTime(worker, died) { return found }
    let ofHost = (rise(.oomKills) ?? 0) > 0
    let killed = rise(.cgroupKills).map { $0 > 0 } ?? (ofHost && !host.hasMemoryGroups)
    guard worker.signal == 9, killed else {
      var found = Diagnosed(.workerDied, evidence: died + rises(.oomKills, .cgroupKills))
      if worker.signal == 9, ofHost, rise(.cgroupKills) == nil {
        let log = privileged("dmesg | grep 'Killed process \(worker.pid) '")
        found.evidence.append(Fact("killed for want of memory", "not told here; `\(log)` tells"))
      }
      return found
    }
    var found: Diagnosed
    // The memory of a killed worker is free again by now. So the group's counts of events decide, not its level.
    if let group = host.memoryGroup,
      (rise(.cgroupOutOfMemory) ?? rise(.cgroupFull) ?? 0) > 0
    {
      found = limitOfGroup(group, .memory)
    } else if isMachineShort || !host.hasMemoryGroups || needed > host.memoryAvailable {
      // Connections of the other workers still take theirs.
      found = limitOfMachine(.memory, held: Int(after[.established] ?? 0))
    } else {
      found = limitOfUnknownBound
    }
    found.evidence = died + found.evidence
    return found
  }

  /// The kernel ends a process that has used up RLIMIT_CPU: by SIGXCPU at the soft limit, by SIGKILL at the
  /// hard one (setrlimit(2)). Nil where the worker has used less than that, or ended otherwise. The kernel compares
  /// the time that it counts at its clock's ticks; the exact one decides only where that is not known.
  private func outOfProcessorTime(_ worker: WorkerRecord, _ died: [Fact]) -> Diagnosed? {
    let used = worker.timeAtTicks ?? worker.userTime + worker.systemTime
    guard let most = host.processorTime, worker.signal == 24 || worker.signal == 9,
      used >= Double(most) - 0.1
    else { return nil }
    let fix =
      host.mayRaiseHardLimit
      ? "ulimit -t unlimited" : privileged("prlimit --pid $$ --cpu=unlimited:unlimited")
    return Diagnosed(
      .workerDied, knob: "RLIMIT_CPU", now: most, fix: fix,
      evidence: died + [
        Fact("processor time", "\(Format.count(used)) s: all that RLIMIT_CPU grants a process")
      ])
  }

  private var isMachineShort: Bool {
    Double(available) < Double(host.memoryTotal) * (1 - Self.nearly)
  }

  /// Memory that ran out, and no known bound was near its end.
  private var limitOfUnknownBound: Diagnosed {
    Diagnosed(
      .memory, evidence: evidence + [Fact("bound", "none that is known was near its end")])
  }

  /// The machine's own memory ran out. No command adds any.
  ///
  /// - Parameter held: connections of this run that take memory now.
  private func limitOfMachine(_ resource: Resource, held: Int) -> Diagnosed {
    let ours = held * demand.bytesPerConnection(on: host) + demand.ownBytes(on: host)
    let others = max(host.memoryTotal - host.memoryAvailable, host.memoryTotal - available - ours)
    return Diagnosed(
      resource, knob: "RAM", now: host.memoryTotal,
      needed: Capacity.raised(from: host.memoryTotal, to: max(0, others) + needed + reserved),
      evidence: evidence)
  }

  /// A control group's memory ran out.
  private func limitOfGroup(_ bound: GroupBound, _ resource: Resource) -> Diagnosed {
    let evidence =
      [Fact("cgroup", bound.group.directory)]
      + (groupLeft.map { [Fact("left in the group", Format.bytes($0))] } ?? []) + evidence
    // The bound is in a file of a group that this process cannot see, so no command can be named.
    guard !bound.isOfGroupAbove else {
      return Diagnosed(resource, knob: bound.setting, now: bound.most, evidence: evidence)
    }
    let change = SettingChange(
      .group(bound.group), bound.setting, from: bound.most,
      to: Capacity.withHeadroom(
        bound.used + demand.bytesNeeded(in: bound.group, on: host) + reserved))
    return diagnosed(resource, raisedBy: change, now: bound.most, evidence: evidence)
  }

  /// Diagnoses `net.ipv4.tcp_mem`, which bounds the pages that the buffers of all TCP sockets take (tcp(7)). Nil
  /// where it was not nearly met.
  private func tcpBound() -> Diagnosed? {
    guard let bounds = host.tcpMemory, let pages = after[.tcpPages],
      pages >= Double(bounds[2]) * Self.nearly
    else { return nil }
    let held = max(1, after[.established] ?? after[.socketsInUse] ?? 1)
    let goal = Double(demand.goal) / held * pages
    let wanted = Capacity.withHeadroom(max(2 * bounds[2], Int(min(goal, 0x1p40))))
    let low = wanted / 2
    let change = SettingChange(
      "net.ipv4.tcp_mem", from: bounds, to: [low, low / 2 * 3, wanted])
    return diagnosed(
      .memory, raisedBy: change, now: bounds[2], needed: wanted, evidence: evidence)
  }
}
