import Addressing
import Plan
import Simulation
import SystemPackage

extension Scenario {
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
    let theme = pick(
      [.calm, .shortage, .shortage, .fault, .fault, .event, .storm] as [Scenario.Theme])
    let servers = number(1...3)
    let clients = number(1...3)
    var written = PlanWriter(servers: servers, clients: clients, theme: theme, &self)
    while true {
      // A few of the plans that chance writes mean nothing, such as a ramp to fewer than stand.
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
      shorten(&host, plan, servers: servers, clients: clients)
    }
    var misfortunes: [Scenario.Misfortune] = []
    var events: [SimulatedWorkers.Event] = []
    var pages: Int?
    let workers = servers + clients
    switch theme {
    case .calm, .shortage: break
    case .fault: misfortunes = [fault(servers: servers, workers: workers, plan)]
    case .event:
      if happens(0.2) { pages = number(20...150) } else { events = happening(workers) }
    case .storm:
      for _ in 0..<number(0...3) {
        misfortunes.append(fault(servers: servers, workers: workers, plan))
      }
      if happens(0.5) {
        misfortunes.append(
          Scenario.Misfortune(worker: number(0...workers - 1), chance: pick([0.0005, 0.005, 0.03])))
      }
      if happens(0.4) { events += happening(workers) }
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
    // Many calls for each message are no reason to be late.
    if transfer < .max { host.dials.costPerCall = 100 }
    return Scenario(
      seed: seed, theme: theme, text: text, plan: plan, host: host, servers: servers,
      clients: clients, misfortunes: misfortunes, events: events,
      transfer: transfer, pages: pages)
  }

  private static func endpoint(of plan: Plan) -> SocketAddress? {
    plan.server?.endpoints.prefix(1).first
  }

  /// Gives the host too little of one thing, or not quite too little.
  private mutating func shorten(
    _ host: inout SimulatedHost, _ plan: Plan, servers: Int, clients: Int
  ) {
    let goal = max(20, plan.goal)
    let some = number(max(10, goal / 5)...goal * 3 / 2)
    switch number(0...3) {
    case 0: host.descriptorsPerProcess = 12 + some / max(1, pick([1, clients, servers]))
    case 1: host.watches = 2 * some
    case 2: host.files = 6 * (servers + clients) + 2 * some
    default: host.memory = 2 * some * host.memoryPerSocket
    }
  }

  private mutating func fault(servers: Int, workers: Int, _ plan: Plan) -> Scenario.Misfortune {
    let worker = number(0...workers - 1)
    let calls = SimulatedCall.allCases.filter { !Chaos.errnos(of: $0).isEmpty }
    let call = pick(calls)
    let often = call == .receive || call == .send ? 400 : max(2, plan.goal)
    return Scenario.Misfortune(
      worker: worker,
      fault: Fault(
        call: call, errno: pick(Chaos.errnos(of: call)), nth: pick([1, 2, number(1...often)]),
        count: pick([1, 1, number(1...20), .max])))
  }

  private mutating func happening(_ workers: Int) -> [SimulatedWorkers.Event] {
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
