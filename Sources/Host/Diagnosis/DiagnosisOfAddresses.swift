import Addressing
import Recording

/// Diagnoses of addresses and ports that a socket could not have.
extension DiagnosisContext {
  /// The address of a text, with its port where the text has one.
  func address(_ text: String?) -> (ip: IPAddress, port: Int?)? {
    guard let text else { return nil }
    if let socket = SocketAddress(text) { return (socket.ip, Int(socket.port)) }
    return IPAddress(text).map { ($0, nil) }
  }

  /// The port that the failed call was to take: the server's listening port, or the client's source port. Nil
  /// where the failure names none.
  func port(of failure: FailureRecord) -> Int? {
    address(failure.end == .server ? failure.endpoint : failure.source)?.port
  }

  /// Diagnoses a client that found no free pair of source port and endpoint.
  ///
  /// Where the failure names a port, the plan has enough pairs, and the run does not hold this one: it waits in
  /// TIME_WAIT, or another program has it. Where nothing waits in TIME_WAIT, or fewer sockets wait than pairs
  /// were skipped, another program has some of those pairs, and the port counts as taken. In all other cases
  /// the source ports have run out.
  func sourcePorts(_ failure: FailureRecord) -> Diagnosed {
    let inTimeWait = after[.timeWait] ?? 0
    if port(of: failure) != nil, inTimeWait < max(1, skippedPairs) { return portTaken(failure) }
    let needed = Capacity.sourcesNeeded(
      goal: demand.goal, ports: demand.portsPerSource, endpoints: demand.endpoints)
    var found = Diagnosed(
      .sourcePorts, knob: "clients.sources", now: demand.sources, needed: needed,
      evidence: addresses(of: failure) + pairs + holders(failure) + levels(.timeWait))
    if needed <= demand.sources {
      // The plan has enough pairs, so someone else holds some of them, or they wait in TIME_WAIT.
      found.needed = demand.sources + 1
      found.evidence.append(Fact("sources", "suffice for the goal, but not all ports are free"))
    }
    return found
  }

  /// Diagnoses a `bind` to port 0 for which the kernel's own range had no port left.
  func kernelPorts(_ failure: FailureRecord) -> Diagnosed {
    let widest = 1024...65535
    let range = host.localPorts
    let needed = Capacity.divideUp(demand.goal, demand.sources * demand.endpoints)
    var found = Diagnosed(
      .sourcePorts, knob: "net.ipv4.ip_local_port_range", now: range?.count, needed: needed,
      evidence: addresses(of: failure) + pairs + levels(.timeWait))
    if let range, range.count < widest.count {
      let from = min(range.lowerBound, widest.lowerBound)
      found.fix = privileged(
        "sysctl -w net.ipv4.ip_local_port_range=\"\(from) \(widest.upperBound)\"")
    }
    if needed > widest.count {
      let sources = Capacity.sourcesNeeded(
        goal: demand.goal, ports: widest.count, endpoints: demand.endpoints)
      found.evidence.append(
        Fact("sources", "\(Format.count(sources)) are needed even with the widest range"))
    }
    return found
  }

  /// Diagnoses a port that another program has.
  func portTaken(_ failure: FailureRecord) -> Diagnosed {
    var evidence = addresses(of: failure)
    if failure.end == .client { evidence += holders(failure) + pairs }
    evidence += levels(.timeWait)
    if let port = port(of: failure) {
      evidence.append(Fact("who holds it", "ss -tanp 'sport = :\(port)'"))
    }
    return Diagnosed(.portTaken, evidence: evidence)
  }

  /// Diagnoses a port that this process may not bind: only a process with CAP_NET_BIND_SERVICE may bind ports
  /// below `net.ipv4.ip_unprivileged_port_start` (ip(7)).
  func portOfRoot(_ failure: FailureRecord) -> Diagnosed {
    guard let port = port(of: failure), let first = host.firstUnprivilegedPort, port < first else {
      return unclassified(failure)
    }
    let setting = "net.ipv4.ip_unprivileged_port_start"
    return Diagnosed(
      .unclassified, knob: setting, now: first, needed: port,
      fix: privileged("sysctl -w \(setting)=\(port)"),
      evidence: addresses(of: failure) + [
        Fact("port \(port)", "is for who has CAP_NET_BIND_SERVICE, which this process has not")
      ])
  }

  /// Diagnoses an address that this host does not have, or cannot use.
  func sourceAddress(_ failure: FailureRecord) -> Diagnosed {
    let text = failure.end == .server ? failure.endpoint : failure.source
    var found = Diagnosed(.sourceAddress, knob: "ip addr", evidence: addresses(of: failure))
    guard let ip = address(text)?.ip else { return found }
    if ip.isV6, let without = withoutIPv6(ip) {
      found.knob = without.knob
      found.fix = without.fix
      found.evidence.append(without.fact)
      return found
    }
    if let unusable = host.unusableAddresses.first(where: { $0.address == ip }) {
      let place = "\(ip)/\(unusable.prefix) dev \(unusable.interface)"
      found.evidence.append(
        Fact(
          "is on \(unusable.interface)",
          unusable.isDuplicate
            ? "dadfailed: another host on the link has it too"
            : "tentative: the kernel has not made sure that no other host has it; on an interface without a "
              + "link it stays so"))
      // Where another host has the address, using it here as well would harm both.
      guard !unusable.isDuplicate else { return found }
      found.fix =
        privileged("ip addr del \(place)") + " && " + privileged("ip addr add \(place) nodad")
      return found
    }
    found.fix = privileged("ip addr add \(ip)/\(ip.isV6 ? 128 : 32) dev lo")
    found.evidence.append(
      Fact(
        "dev lo", "reaches what runs on this host; elsewhere name the interface that leads there")
    )
    return found
  }

  /// Pairs of source port and endpoint that the clients have passed over, because something else on the host,
  /// or TIME_WAIT, held them.
  private var skippedPairs: Double { after[.portsSkipped] ?? 0 }

  /// How many pairs of source port and endpoint the run holds, and how many the clients have passed over, as
  /// evidence.
  private func holders(_ failure: FailureRecord) -> [Fact] {
    let held = after[.established] ?? Double(failure.established)
    return [
      Fact("pairs that the run holds", Format.count(held)),
      Fact("pairs that others hold, or TIME_WAIT", Format.count(skippedPairs)),
    ]
  }

  /// Why this host cannot have the IPv6 address: where IPv6 is switched off its addresses are gone, and none
  /// can be added. Nil where IPv6 is on for the address.
  private func withoutIPv6(_ ip: IPAddress) -> (knob: String?, fix: String?, fact: Fact)? {
    let setting: String
    switch host.ipv6 {
    case .on: return nil
    case .missing: return (nil, nil, Fact("IPv6", "this kernel has none"))
    case .off: setting = "net.ipv6.conf.all.disable_ipv6"
    case .offOnLoopback:
      guard ip.isLoopback else { return nil }
      setting = "net.ipv6.conf.lo.disable_ipv6"
    }
    return (setting, privileged("sysctl -w \(setting)=0"), Fact("IPv6", "is switched off"))
  }

  /// The pairs of source port and endpoint that the plan has, as evidence.
  private var pairs: [Fact] {
    [
      Fact("sources", Format.count(demand.sources)),
      Fact("ports of a source", Format.count(demand.portsPerSource)),
      Fact("endpoints", Format.count(demand.endpoints)),
      Fact("pairs in all", Format.count(demand.tuples)),
    ]
  }
}
