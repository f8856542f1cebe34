import Addressing
import Recording

extension Server {
  /// The most endpoints that `processes: auto` is taken to lead to. How many there will be depends on the
  /// host, which the reader does not know.
  ///
  /// Even under the smallest descriptor limit that distributions ship, a server worker holds some 1,000
  /// connections, and 256 workers hold 256,000. A host that holds many more connections than that has a
  /// higher limit, and needs fewer workers.
  package static let mostAutoEndpoints = 256

  /// The most endpoints that the server can come to have.
  package var mostEndpoints: Int {
    switch processes {
    case .count(let count): count
    case .auto: min(Self.mostAutoEndpoints, endpoints.count)
    }
  }

  /// The value of `listen` as a plan writes it: `127.0.0.1-127.0.0.4:9000`.
  package var listen: String {
    addresses.first.isV6 ? "[\(addresses)]:\(port)" : "\(addresses):\(port)"
  }
}

extension Phase {
  /// The phase with the fewest connections that it may open: a search without `to` ends where it begins.
  fileprivate var withSmallestSearch: Phase { boundingSearchWithoutTo { $0.from } }

  /// The phase with this end, if it is a search without `to`; any other phase as it is.
  fileprivate func boundingSearchWithoutTo(at end: (Phase.Search) -> Int) -> Phase {
    guard case .search(var search) = kind, !search.hasEnd else { return self }
    search.most = end(search)
    search.hasEnd = true
    var phase = self
    phase.kind = .search(search)
    return phase
  }
}

extension Plan {
  /// The plan for a host with this many source addresses, and ports per address: a search without
  /// `to` ends at the connections that these allow to one endpoint, if that is before the end that the
  /// reader gave it, and at least at its `from`.
  package func boundingSearches(sources: Int, ports: Int) -> Plan {
    var plan = self
    plan.phases = phases.map { phase in
      phase.boundingSearchWithoutTo { max($0.from, min(sources * ports, $0.most)) }
    }
    return plan
  }
}

extension Reader {
  /// Reports what is wrong between parts of the plan, each of which is right by itself.
  mutating func crossCheck(
    server: Server?, targets: [Target], clients: Clients?, phases: [PlacedPhase],
    fields: [String: Item.Field]
  ) {
    checkOrder(phases)
    guard let clients else { return }
    checkFamilies(server: server, targets: targets, clients: clients, fields: fields)
    guard server != nil || !targets.isEmpty else { return }
    checkAddressSpace(
      // A target's name is looked up once, and stands for one address.
      endpoints: server?.mostEndpoints ?? targets.count,
      server: server != nil, clients: clients, phases: phases)
  }

  private mutating func checkFamilies(
    server: Server?, targets: [Target], clients: Clients, fields: [String: Item.Field]
  ) {
    let ends = server.map { [$0.addresses.first] } ?? targets.compactMap(\.address)
    // Only the host knows the addresses of a name or an interface.
    guard !ends.isEmpty, case .ranges(let sources) = clients.sources else { return }
    let isOneFamily = ends.allSatisfy { end in
      sources.allSatisfy { $0.first.isV6 == end.isV6 }
    }
    guard !isOneFamily else { return }
    let place = ["clients", "server", "target"].lazy.compactMap { fields[$0]?.item.place }.first
    report(place ?? .start, AddressProblem.mixedFamilies(server: server != nil))
  }

  private mutating func checkAddressSpace(
    endpoints: Int, server: Bool, clients: Clients, phases: [PlacedPhase]
  ) {
    guard let sources = clients.sourceCount else { return }
    let sound = phases.filter { $0.phase != nil }
    let demands = sound.compactMap { $0.phase?.withSmallestSearch }.demands
    for (phase, demand) in zip(sound, demands) {
      guard let place = phase.goalPlace,
        let problem = AddressProblem.shortage(
          goal: demand, sources: sources, ports: clients.ports.most, endpoints: endpoints,
          server: server)
      else { continue }
      report(place, problem)
    }
  }

  private mutating func report(_ place: Place, _ problem: AddressProblem) {
    report(place, problem.message, hint: problem.hint)
  }

  /// A storm cuts what is open.
  private mutating func checkStorm(_ storm: Phase.Storm, _ phase: PlacedPhase, open: Int) {
    guard let place = phase.goalPlace else { return }
    if open == 0 {
      report(
        place, "the storm has nothing to cut: no connection is open by then",
        hint: "a 'ramp' before it opens some")
    } else if case .count(let count) = storm.drop, count > open {
      report(
        place,
        "the storm cannot cut \(Format.count(count)) connections: \(Format.count(open)) are open by"
          + " then", hint: "write at most \(Format.count(open)), or a share such as 50%")
    } else if case .count = storm.drop, open - storm.cut(of: open) >= storm.target(of: open) {
      let left = open - storm.cut(of: open)
      report(
        place,
        "the storm would be over at once: \(Format.count(storm.target(of: open))) are to be there again,"
          + " and the cut leaves \(Format.count(left))",
        hint: "write until: 100%, or cut more")
    }
  }

  /// Reports ramps and searches that begin with more connections open than they ask for: a ramp closes
  /// none, and a search goes up from its `from`.
  private mutating func checkOrder(_ phases: [PlacedPhase]) {
    var open = 0
    for phase in phases {
      if phase.phase?.kind.phaseKind.closes == true { open = 0 }
      if case .storm(let storm) = phase.phase?.kind { checkStorm(storm, phase, open: open) }
      guard let goal = phase.phase?.least else { continue }
      if goal < open, let place = phase.goalPlace {
        let what = phase.phase?.goal == nil ? "search from" : "ramp to"
        report(
          place,
          "a \(what) \(Format.count(goal)) opens nothing: \(Format.count(open)) connections are"
            + " open by then", hint: "a 'close' between the two ends them")
      }
      open = max(open, goal)
    }
  }
}
