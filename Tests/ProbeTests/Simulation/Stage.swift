import Addressing
import Linux
import Messages
import Probe
import SystemPackage
import Testing

@testable import Simulation

/// A client that talks to a server which a test plays by hand, in virtual time.
///
/// Phase 0 opens the connections, phase 1 plays the patterns on them; phase 0 does so, too, where
/// they are played from the start.
final class Stage {
  let world: World
  let peer: ScriptedPeer
  private(set) var sockets: [FileDescriptor] = []
  /// When the phase with the patterns began.
  private(set) var start: UInt64 = 0

  init(
    connections: Int = 1, _ patterns: [MessagePattern],
    dials: SimulatedNetwork.Dials = .init(), pushed: [UInt8]? = nil, seed: UInt64 = 0,
    fromTheStart: Bool = false,
    prepare: (SimulatedProcess) -> Void = { _ in }
  ) throws {
    world = World(dials)
    peer = ScriptedPeer(world.network, at: .first)
    try peer.listen()
    let places = Array(patterns.indices)
    try world.addClient(
      [.open(goal: connections, rate: nil), .keep, .keep, .close(rate: nil, reset: true)],
      messages: Messages(
        patterns: patterns, patternsOfPhase: [fromTheStart ? places : [], places, [], []],
        pushed: pushed, seed: seed),
      prepare: prepare)
    world.check = { [unowned world] in world.expectConsistency(goal: connections) }
    world.play()
    if !fromTheStart { world.run(for: .seconds(1)) }
    while let socket = try peer.accept() { sockets.append(socket) }
    #expect(sockets.count == connections)
  }

  var client: ClientPlayer { world.client }
  var socket: FileDescriptor { sockets[0] }

  /// Begins the phase with the patterns and lets some time pass.
  func begin(for time: Duration = .milliseconds(1)) {
    start = world.network.now
    world.order(.begin, phase: 1)
    world.run(for: time)
  }

  /// What has come on a connection.
  func heard(on place: Int = 0) -> [UInt8] { peer.receive(sockets[place]) }

  /// Says something and lets it arrive.
  func say(_ bytes: some Collection<UInt8>, on place: Int = 0, for time: Duration = .zero) {
    _ = peer.send(sockets[place], bytes)
    world.run(for: max(time, .microseconds(1)))
  }

  /// Gives back all that has come on all connections.
  func echo() {
    for place in sockets.indices {
      let bytes = heard(on: place)
      if !bytes.isEmpty { _ = peer.send(sockets[place], bytes) }
    }
    world.run(for: .microseconds(1))
  }

  /// What became of the messages of a pattern: sent, received, wrong, short, late, missing.
  func outcomes(of pattern: Int = 0) -> [Int] {
    ([.sent, .received, .wrong, .short, .late, .missing] as [MessageCounter])
      .map { client.messages($0, of: pattern) }
  }

  func count(_ counter: Counter) -> Int { Int(client.board[counter]) }
}

extension MessagePattern {
  /// A message every ten seconds unless told otherwise, to be answered within one.
  static func test(
    _ text: String = "0123456789", every: Duration = .seconds(10), rate: Double? = nil,
    expect: Expectation = .echo, timeout: Duration = .seconds(1)
  ) -> MessagePattern {
    MessagePattern(
      name: "test", pace: rate.map { .rate($0) } ?? .every(every.nanoseconds),
      template: MessageTemplate(bytes: Array(text.utf8)), expectation: expect,
      timeout: timeout.nanoseconds)
  }

  /// One that each connection fills in for itself.
  static func test(
    parts: [MessageTemplate.Part], every: Duration = .seconds(10)
  ) -> MessagePattern {
    MessagePattern(
      name: "test", pace: .every(every.nanoseconds), template: MessageTemplate(parts: parts),
      expectation: .echo, timeout: 1_000_000_000)
  }
}

extension Scoreboard {
  /// The counts of a distribution, by bucket.
  func counts(of latency: Latency) -> [UInt64] {
    var counts = [UInt64](repeating: 0, count: LatencyBuckets.count)
    addCounts(of: latency, to: &counts)
    return counts
  }

  func population(of latency: Latency) -> Int { Int(counts(of: latency).reduce(0, +)) }

  /// The largest value, in nanoseconds, to a hundredth of it.
  func largest(_ latency: Latency) -> Double {
    Double(LatencyBuckets.value(at: counts(of: latency).lastIndex { $0 > 0 } ?? 0))
  }
}
