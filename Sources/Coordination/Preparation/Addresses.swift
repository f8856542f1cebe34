package import Addressing
import Linux
package import Plan
package import Recording
import SystemPackage

/// Where a run connects from and to: what the plan names, looked up once, before anything starts.
package struct Addresses: Equatable {
  package let sources: [IPAddress]
  /// The ports that connections of every source may come from.
  package let ports: PortSet
  /// The ports that the kernel gives to any program's connections.
  package let ephemeralPorts: ClosedRange<UInt16>?
  /// Someone else's servers, in the plan's order; empty with the built-in one.
  package let targets: [SocketAddress]
  /// Whether all servers are on this host: the built-in one, which always is, or someone else's.
  package let serverIsHere: Bool
  /// For the recording: the addresses of the plan's names and of its interface, and the ports.
  package let facts: [Fact]

  /// Asks the host for the addresses of the plan's names and of its interface, and checks what could not be
  /// checked without the host when the plan was read.
  ///
  /// - Parameter allowPublic: whether targets may be anywhere; else they must be loopback, private
  ///   or link-local addresses, or this host's own.
  package init(
    of plan: Plan, allowPublic: Bool, lookup: AddressLookup = .host
  ) throws(InvalidPlan) {
    let found = try Self.candidates(of: plan, lookup)
    let v6 = Self.usesV6(plan, targets: found)
    let targets = try Self.targets(of: plan, from: found, v6: v6)
    let sources = try Self.sources(of: plan, v6: v6, lookup)
    let ports: PortSet
    switch plan.clients.ports {
    case .auto: ports = lookup.ports()
    case .range(let range): ports = PortSet(range)
    }
    facts =
      zip(plan.targets, targets).filter { $0.0.address == nil }
      .map { Fact("address of \($0.host)", "\($1.ip)") }
      + Self.interfaceFacts(of: plan, sources)
      + [Fact("ports of each source", "\(Format.count(ports.count)): \(ports)")]
    self.sources = sources
    self.ports = ports
    ephemeralPorts = lookup.ephemeralPorts()
    self.targets = targets
    serverIsHere = targets.allSatisfy { lookup.isOwn($0.ip) }
    if !allowPublic { try Self.refusePublicTargets(plan, targets, lookup) }
    try Self.checkReach(plan, sources, targets, lookup)
    try Self.checkRoom(
      plan.boundingSearches(sources: sources.count, ports: ports.count), sources: sources.count,
      ports: ports.count)
  }

  // MARK: Names

  /// For each target, every address that it may have.
  private static func candidates(
    of plan: Plan, _ lookup: AddressLookup
  ) throws(InvalidPlan) -> [[IPAddress]] {
    var found: [[IPAddress]] = []
    var errors: [Diagnostic] = []
    for target in plan.targets {
      do throws(NameLookup.Failure) {
        found.append(try lookup.addresses(of: target))
      } catch {
        errors.append(plan.diagnostic("target \(target): \(error)", near: target.host))
      }
    }
    guard errors.isEmpty else { throw InvalidPlan(file: plan.file, diagnostics: errors) }
    return found
  }

  /// Whether both ends use IPv6. The plan's source addresses decide. Where it names none, the address of its
  /// server does. Where it has no server either, IPv6 is used only if IPv4 does not reach all of its targets.
  private static func usesV6(_ plan: Plan, targets: [[IPAddress]]) -> Bool {
    if case .ranges(let ranges) = plan.clients.sources, let first = ranges.first {
      return first.first.isV6
    }
    if let server = plan.server { return server.addresses.first.isV6 }
    let isPossible = { v6 in targets.allSatisfy { $0.contains { $0.isV6 == v6 } } }
    return !isPossible(false) && isPossible(true)
  }

  /// For each target, the first of its addresses that is of the run's family.
  private static func targets(
    of plan: Plan, from found: [[IPAddress]], v6: Bool
  ) throws(InvalidPlan) -> [SocketAddress] {
    var targets: [SocketAddress] = []
    for (target, addresses) in zip(plan.targets, found) {
      guard let address = addresses.first(where: { $0.isV6 == v6 }) else {
        let list = addresses.map { "\($0)" }.joined(separator: ", ")
        let what = target.address == nil ? "\(target.host) is \(list); " : ""
        let problem = AddressProblem.mixedFamilies(server: false)
        throw plan.invalid(problem.message, hint: what + problem.hint, near: target.host)
      }
      let endpoint = SocketAddress(address, target.port)
      // A repeated endpoint would count twice as room for connections, though each source port connects to it
      // only once.
      if let other = targets.firstIndex(of: endpoint) {
        throw plan.invalid(
          "targets \(plan.targets[other]) and \(target) are both \(endpoint)", near: target.host)
      }
      targets.append(endpoint)
    }
    return targets
  }

  // MARK: Sources

  private static func sources(
    of plan: Plan, v6: Bool, _ lookup: AddressLookup
  ) throws(InvalidPlan) -> [IPAddress] {
    switch plan.clients.sources {
    case .ranges(let ranges):
      let isServerOfFamily = plan.server.map { $0.addresses.first.isV6 == v6 } ?? true
      guard isServerOfFamily, ranges.allSatisfy({ $0.first.isV6 == v6 }) else {
        let problem = AddressProblem.mixedFamilies(server: plan.server != nil)
        throw plan.invalid(problem.message, hint: problem.hint, near: "sources")
      }
      return ranges.flatMap(\.addresses)
    case .interface(let name):
      return try sources(on: name, of: plan, v6: v6, lookup)
    }
  }

  private static func sources(
    on name: String, of plan: Plan, v6: Bool, _ lookup: AddressLookup
  ) throws(InvalidPlan) -> [IPAddress] {
    let interfaces: [NetworkInterface]
    do throws(Errno) {
      interfaces = try lookup.interfaces()
    } catch {
      throw plan.invalid("the host does not tell its interfaces: \(error)", near: "interface")
    }
    guard let interface = interfaces.first(where: { $0.name == name }) else {
      throw plan.invalid(
        "there is no interface \(UserWord.shown(name)) on this host",
        hint: "there are: \(interfaces.map(\.name).joined(separator: ", "))", near: "interface")
    }
    let sources = interface.addresses.filter { $0.isV6 == v6 }
    guard !sources.isEmpty else {
      let others = interface.addresses.map { "\($0)" }.joined(separator: ", ")
      throw plan.invalid(
        "interface \(UserWord.shown(name)) has no \(v6 ? "IPv6" : "IPv4") address to connect from",
        hint: others.isEmpty ? "it has none at all" : "it has \(others)", near: "interface")
    }
    return sources
  }

  private static func interfaceFacts(of plan: Plan, _ sources: [IPAddress]) -> [Fact] {
    guard case .interface(let name) = plan.clients.sources else { return [] }
    return [Fact("addresses of \(name)", sources.map { "\($0)" }.joined(separator: ", "))]
  }

  // MARK: Checks

  /// Refuses public targets that are not this host's own: a typing error must not load someone else's server.
  private static func refusePublicTargets(
    _ plan: Plan, _ targets: [SocketAddress], _ lookup: AddressLookup
  ) throws(InvalidPlan) {
    for (target, endpoint) in zip(plan.targets, targets)
    where !endpoint.ip.isNearby && !lookup.isOwn(endpoint.ip) {
      let refusal = PublicTargetRefusal(target, endpoint.ip)
      throw plan.invalid(refusal.message, hint: refusal.hint, near: target.host)
    }
  }

  /// Refuses a loopback source where a target is another host: `connect` would fail with
  /// EINVAL, or EHOSTUNREACH for IPv6.
  private static func checkReach(
    _ plan: Plan, _ sources: [IPAddress], _ targets: [SocketAddress], _ lookup: AddressLookup
  ) throws(InvalidPlan) {
    guard let source = sources.first(where: \.isLoopback) else { return }
    for (target, endpoint) in zip(plan.targets, targets) where !lookup.isOwn(endpoint.ip) {
      throw plan.invalid(
        "target \(target) is another host, and nothing gets there from \(source)",
        hint: "set 'sources' of clients to addresses that lead there, for example"
          + " {interface: eth0}", near: target.host)
    }
  }

  private static func checkRoom(
    _ plan: Plan, sources: Int, ports: Int
  ) throws(InvalidPlan) {
    let errors = zip(plan.phases, plan.phases.demands).compactMap { phase, demand -> Diagnostic? in
      let problem = AddressProblem.shortage(
        goal: demand, sources: sources, ports: ports,
        endpoints: plan.server?.mostEndpoints ?? plan.targets.count, server: plan.server != nil)
      return problem.map {
        Diagnostic(
          line: phase.line, column: 1, message: $0.message, sourceLine: plan.line(phase.line),
          hint: $0.hint)
      }
    }
    guard errors.isEmpty else { throw InvalidPlan(file: plan.file, diagnostics: errors) }
  }
}

/// Why a public target is refused until the user allows it.
package struct PublicTargetRefusal {
  package let message: String
  package let hint = "--allow-public lets connections go there"

  package init(_ target: Target, _ address: IPAddress) {
    let what = target.address == nil ? "is \(address), a public address" : "is a public address"
    message = "target \(target) \(what): no load goes there by a slip of the pen"
  }
}
