import Addressing
import Plan
import Recording
import Simulation
import SystemPackage

extension Scenario {
  /// Whether a seed aims at something that chance seldom makes. Every third seed does.
  package static func isAimed(_ seed: UInt64) -> Bool { seed % 3 == 2 }

  /// Which of the seeds with a protocol a seed is, from 0; nil for one without. Every fourth seed has one.
  static func spokenTurn(_ seed: UInt64) -> Int? {
    ([4, 7, 9] as [UInt64]).firstIndex(of: seed % 12).map { Int(seed / 12) * 3 + $0 }
  }

  /// Seeds for tests: all of the first 200, and of the others below 2,400 those that aim at something.
  package static let quickSeeds = (0..<2400 as Range<UInt64>).filter {
    $0 < 200 || isAimed($0) || $0 < 800 && spokenTurn($0) != nil
  }

  /// The same seed makes the same scenario, on every machine.
  package init(seed: UInt64) {
    var maker = ScenarioMaker(seed: seed)
    self = maker.make()
  }
}

/// Draws a scenario from one generator, in one order.
struct ScenarioMaker {
  private let seed: UInt64
  var chance: SeededGenerator

  init(seed: UInt64) {
    self.seed = seed
    chance = SeededGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 ^ 0x5EED)
  }

  mutating func pick<T>(_ values: [T]) -> T { values.randomElement(using: &chance)! }
  mutating func number(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &chance) }
  mutating func happens(_ share: Double) -> Bool { chance.chance(share) }

  mutating func make() -> Scenario {
    if let turn = Scenario.spokenTurn(seed) { return makeSpoken(turn) }
    guard Scenario.isAimed(seed) else { return makeByChance() }
    let turn = Int(seed / 3)
    // All aims come up before one comes again, in an order in which neighbours have little in common.
    return switch turn % 4 {
    case 0, 1: make(Self.aim(turn / 4 * 2 + turn % 4, of: Aim.all, stride: 97))
    case 2: make(Self.aim(turn / 4, of: LimitAim.all, stride: 41))
    default: makePeer()
    }
  }

  /// The aim whose turn it is. From turn to turn it lies `stride` places further on in the list.
  ///
  /// - Parameter stride: the least stride. A larger one is taken where it has a factor in common with the number
  ///   of aims: else some of them would never come up.
  static func aim<T>(_ turn: Int, of all: [T], stride: Int) -> T {
    var stride = stride
    while greatestCommonDivisor(stride, all.count) > 1 { stride += 1 }
    return all[turn * stride % all.count]
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    b == 0 ? a : greatestCommonDivisor(b, a % b)
  }

  private mutating func makeByChance() -> Scenario {
    let theme = pick(
      [.calm, .shortage, .shortage, .fault, .fault, .event, .storm] as [Scenario.Theme])
    let servers = number(1...3)
    let clients = number(1...3)
    var written = PlanWriter(servers: servers, clients: clients, theme: theme, &self)
    while true {
      // A few of the plans that chance writes are refused, such as a ramp to fewer than are open.
      if let plan = try? Plan.read(text: written.text, file: "seed-\(seed).plan", overrides: [:]) {
        return finish(theme, written.text, plan, servers: servers, clients: clients)
      }
      written = PlanWriter(servers: servers, clients: clients, theme: theme, &self)
    }
  }

  private mutating func finish(
    _ theme: Scenario.Theme, _ text: String, _ plan: Plan, servers: Int, clients: Int
  ) -> Scenario {
    var host = SimulatedHost()
    host.dials.latency = pick([0, 0, 50_000, 1_000_000])
    host.dials.costPerCall = pick([1_000, 2_000, 5_000])
    host.dials.timerLateness = pick([0, 0, 50_000])
    if theme == .shortage || theme == .storm && happens(0.3) {
      makeScarce(&host, plan, servers: servers, clients: clients)
    }
    var misfortunes: [Scenario.Misfortune] = []
    var events: [SimulatedWorkers.Event] = []
    var pages: Int?
    let workers = servers + clients
    switch theme {
    case .calm, .shortage, .peer, .limit: break
    case .fault: misfortunes = [fault(servers: servers, workers: workers, plan)]
    case .event:
      if happens(0.2) { pages = number(20...150) } else { events = randomEvents(workers) }
    case .storm:
      for _ in 0..<number(0...3) {
        misfortunes.append(fault(servers: servers, workers: workers, plan))
      }
      if happens(0.5) {
        misfortunes.append(
          Scenario.Misfortune(worker: number(0...workers - 1), chance: pick([0.0005, 0.005, 0.03])))
      }
      if happens(0.4) { events += randomEvents(workers) }
      if happens(0.3) { host.dials.loss = pick([0.001, 0.02, 0.2]) }
      if happens(0.1), let endpoint = Self.endpoint(of: plan) {
        host.dials.silentEndpoints = [endpoint]
      }
      if happens(0.1), let endpoint = Self.endpoint(of: plan) {
        host.dials.refusals = [endpoint: pick([.noRouteToHost, .networkUnreachable])]
      }
      host.dials.bufferSize = pick([64, 65_536])
    }
    let transfer = happens(0.3) ? pick([1, 2, 7, 20]) : Int.max
    // Short transfers take many calls for each message. With calls this cheap the worker still keeps up.
    if transfer < .max { host.dials.costPerCall = 100 }
    return Scenario(
      seed: seed, theme: theme, text: text, plan: plan, host: host, servers: servers,
      clients: clients, misfortunes: misfortunes, events: events,
      transfer: transfer, pages: pages)
  }

  // MARK: Protocols

  private mutating func makeSpoken(_ turn: Int) -> Scenario {
    if turn.isMultiple(of: 2) {
      return make(Self.aim(turn / 2, of: RefusalAim.all, stride: 37))
    }
    let tongue = pick(Speech.Tongue.allCases)
    let theme = pick(
      [.calm, .calm, .shortage, .fault, .fault, .event, .peer, .peer, .storm] as [Scenario.Theme])
    let servers = theme == .peer ? 0 : number(1...2)
    let clients = number(1...2)
    while true {
      let text = PlanWriter(servers: servers, clients: clients, theme: theme, in: tongue, &self)
        .text
      guard let plan = try? Plan.read(text: text, file: "seed-\(seed).plan", overrides: [:]) else {
        continue
      }
      guard theme == .peer else {
        return finish(theme, text, plan, servers: servers, clients: clients)
      }
      var host = SimulatedHost()
      host.dials.latency = pick([0, 50_000])
      return Scenario(
        seed: seed, theme: .peer, text: text, plan: plan, host: host, servers: 0,
        clients: clients, misfortunes: [], events: [], transfer: pick([.max, .max, 7]),
        peer: spokenManner(tongue, upTo: plan.mostConnections), noise: pick(Self.noises))
    }
  }

  private mutating func make(_ aim: RefusalAim) -> Scenario {
    let clients = number(1...2)
    let text = SpokenPlan.text(for: aim, clients: clients, &self)
    var host = SimulatedHost()
    host.dials.latency = pick([0, 50_000])
    return Scenario(
      seed: seed, theme: .peer, text: text, plan: readable(text), host: host, servers: 0,
      clients: clients, misfortunes: [], events: [],
      transfer: pick([.max, .max, 7]), peer: .speaks(SpokenPlan.speech(for: aim, &self)),
      refusal: aim, noise: pick(Self.noises))
  }

  private mutating func spokenManner(
    _ tongue: Speech.Tongue, upTo goal: Int
  ) -> SimulatedPeer.Manner {
    let every = number(2...20)
    switch number(0...9) {
    case 0: return .neverListens
    case 1: return .neverAccepts
    case 2: return .neverReads
    case 3: return .closes(every: every, resets: happens(0.5))
    case 4:
      return .capped(
        at: number(1...max(2, goal)), pick([.closes, .resets, .complains, .stopsAccepting]))
    case 5: return .speaks(Speech(tongue))
    default:
      var speech = Speech(tongue, pick(RefusalAim.refusals(in: tongue)))
      speech.first = number(1...max(1, goal))
      speech.every = every
      speech.after = pick([0, 100_000_000, 1_000_000_000])
      return .speaks(speech)
    }
  }

  // MARK: What chance seldom makes

  private static let noises = [0, 0.01, 0.1, 0.5]

  private mutating func make(_ aim: Aim) -> Scenario {
    let text = PlanWriter(for: aim, &self).text
    let isServer =
      aim.call == .accept
      || aim.call != .connect && aim.call != .bind
        && aim.call != .open && aim.call != .reuseAddress && aim.kind != .close && happens(0.3)
    // A fault that begins at the first call and strikes again (`count`, `step`) meets the later
    // positions as well.
    let (nth, step) =
      switch aim.position {
      case .first: (1, 7)
      case .early: (number(2...60), 3)
      case .late: (number(101...130), 1)
      }
    let fault = Fault(
      call: aim.call, errno: aim.errno, nth: nth, count: pick([1, 3, .max, .max]), step: step)
    var host = SimulatedHost()
    host.dials.latency = pick([0, 0, 50_000])
    // The noise includes false alarms. One before the hold would make the worker call early, and the hold's first
    // call would be the worker's second.
    let noise = pick(aim.position == .first && aim.kind == .hold ? [0] : Self.noises)
    return Scenario(
      seed: seed, theme: .fault, text: text, plan: readable(text), host: host, servers: 1,
      clients: 1, misfortunes: [Scenario.Misfortune(worker: isServer ? 0 : 1, fault: fault)],
      events: [], noise: noise)
  }

  private mutating func make(_ aim: LimitAim) -> Scenario {
    let text = PlanWriter(for: aim, &self).text
    var host = SimulatedHost()
    host.dials.latency = 50_000
    var events: [SimulatedWorkers.Event] = []
    // The ends of connections that the host has room for: two per connection.
    let ends = 2 * number(60...150)
    let endpoint = SocketAddress(.v4(0x7F00_0001), 9000)
    switch aim.resource {
    case .descriptorsPerProcess: host.descriptorsPerProcess = 12 + ends / 2
    case .descriptorsPerHost: host.files = 12 + ends
    case .epollWatches: host.watches = ends
    case .memory: host.dials.sockets = ends
    case .packetsDropped: host.dials.conntrack = ends / 2
    case .noRoute: host.dials.refusals = [endpoint: pick([.noRouteToHost, .networkUnreachable])]
    case .workerDied: events = [.init(at: .milliseconds(number(250...350)), .kill(number(0...1)))]
    default: break
    }
    return Scenario(
      seed: seed, theme: .limit, text: text, plan: readable(text), host: host,
      servers: aim.manner == nil ? 1 : 0, clients: 1, misfortunes: [], events: events,
      peer: aim.manner, limit: aim.resource, noise: pick(Self.noises))
  }

  private mutating func makePeer() -> Scenario {
    let clients = number(1...2)
    while true {
      let text = PlanWriter(servers: 0, clients: clients, theme: .peer, &self).text
      guard let plan = try? Plan.read(text: text, file: "seed-\(seed).plan", overrides: [:]) else {
        continue
      }
      var host = SimulatedHost()
      host.dials.latency = pick([0, 50_000])
      return Scenario(
        seed: seed, theme: .peer, text: text, plan: plan, host: host, servers: 0,
        clients: clients, misfortunes: [], events: happens(0.2) ? suspension() : [],
        transfer: pick([.max, .max, 7]), peer: manner(upTo: plan.mostConnections),
        noise: pick(Self.noises))
    }
  }

  /// The whole machine is suspended for a while, and its clock goes on.
  private mutating func suspension() -> [SimulatedWorkers.Event] {
    [
      .init(
        at: .milliseconds(number(100...2_000)), .suspend(.milliseconds(pick([300, 3_000, 20_000]))))
    ]
  }

  private mutating func manner(upTo goal: Int) -> SimulatedPeer.Manner {
    let every = number(2...20)
    return switch number(0...11) {
    case 0: .echoes
    case 11: .neverListens
    case 1: .neverAccepts
    case 2: .neverReads
    case 3: .answersWrongly(every: every)
    case 4: .leavesOut(every: every)
    case 5: .answersLate(by: pick([10_000_000, 700_000_000, 1_500_000_000]))
    case 6: .speaksFirst
    case 7: .answersAndCloses(every: every)
    case 8: .closes(every: every, resets: happens(0.5))
    case 9: .closesIdle(after: pick([300_000_000, 2_000_000_000]))
    default:
      .capped(
        at: number(1...max(2, goal)), pick([.closes, .resets, .complains, .stopsAccepting]))
    }
  }

  private func readable(_ text: String) -> Plan {
    do { return try Plan.read(text: text, file: "seed-\(seed).plan", overrides: [:]) } catch {
      fatalError("the plan of seed \(seed) cannot be read: \(error)\n\(text)")
    }
  }

  private static func endpoint(of plan: Plan) -> SocketAddress? {
    plan.server?.endpoints.prefix(1).first
  }

  /// Gives the host little of one resource: too little for the plan, or just enough.
  private mutating func makeScarce(
    _ host: inout SimulatedHost, _ plan: Plan, servers: Int, clients: Int
  ) {
    let goal = max(20, plan.mostConnections)
    // About as many connections as the host has room for.
    let room = number(max(10, goal / 5)...goal * 3 / 2)
    switch number(0...3) {
    case 0: host.descriptorsPerProcess = 12 + room / max(1, pick([1, clients, servers]))
    case 1: host.watches = 2 * room
    case 2: host.files = 6 * (servers + clients) + 2 * room
    default: host.memory = 2 * room * host.memoryPerSocket
    }
  }

  private mutating func fault(servers: Int, workers: Int, _ plan: Plan) -> Scenario.Misfortune {
    let worker = number(0...workers - 1)
    let calls = SimulatedCall.allCases.filter { !Chaos.errnos(of: $0).isEmpty }
    let call = pick(calls)
    // About how often a run makes the call.
    let usual = call == .receive || call == .send ? 400 : max(2, plan.mostConnections)
    return Scenario.Misfortune(
      worker: worker,
      fault: Fault(
        call: call, errno: pick(Chaos.errnos(of: call)), nth: pick([1, 2, number(1...usual)]),
        count: pick([1, 1, number(1...20), .max])))
  }

  private mutating func randomEvents(_ workers: Int) -> [SimulatedWorkers.Event] {
    let at = Duration.milliseconds(number(1...6_000))
    let worker = number(0...workers - 1)
    switch number(0...3) {
    case 0: return [.init(at: at, .signal(2))]
    case 1: return [.init(at: at, .kill(worker))]
    case 2: return [.init(at: at, .stop(worker))]
    default:
      return [
        .init(at: at, .stop(worker)),
        .init(at: at + .milliseconds(number(10...4_000)), .resume(worker)),
      ]
    }
  }
}
