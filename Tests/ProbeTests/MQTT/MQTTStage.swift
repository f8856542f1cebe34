import Addressing
import Linux
import Messages
import Protocols
import SystemPackage
import TLS
import Testing

@testable import Probe
@testable import Simulation

/// A client, a server or both whose connections speak MQTT.
typealias MQTTStage = LayerStage<MQTTKernel<SimulatedKernel>>
/// The same over TLS.
typealias SecureMQTTStage = LayerStage<MQTTKernel<TLSKernel<SimulatedKernel>>>

extension MQTTTerms {
  /// Each connection subscribes to "t/N", and publishes on it.
  static func test(
    _ version: MQTTVersion = .v311, keepAlive: UInt16 = 0, subscribes: Bool = true,
    qos: [MQTTQoS] = [.atLeastOnce], passesOn: Bool = true
  ) -> MQTTTerms {
    let topic = MessageTemplate(parts: [.bytes(Array("t/".utf8)), .connection])
    return MQTTTerms(
      version: version,
      clientIdentifier: MessageTemplate(parts: [.bytes(Array("c".utf8)), .connection]),
      keepAlive: keepAlive, subscriptions: subscribes ? [topic] : [],
      publications: qos.map { MessagePublication(topic: topic, qos: $0) }, passesOn: passesOn)
  }
}

extension LayerStage where System == MQTTKernel<SimulatedKernel> {
  func addServer(_ terms: MQTTTerms = .test()) throws {
    try addServer(reply: terms.passesOn ? .echo : .discard, mqtt: terms) {
      try System(SimulatedKernel(process: $0), terms, isServer: true, descriptors: $1)
    }
  }

  /// - Parameter patterns: are played in phase 1.
  func addClient(
    _ terms: MQTTTerms, _ tasks: [ClientTask], _ patterns: [MessagePattern] = [],
    timeout: Duration = .seconds(10)
  ) throws {
    try addClient(tasks, patterns, timeout: timeout, mqtt: terms) {
      try System(SimulatedKernel(process: $0), terms, isServer: false, descriptors: $1)
    }
  }

  var keepsNothing: Bool {
    (client?.end.connections.kernel.keepsNothing ?? true)
      && (server?.end.kernel.keepsNothing ?? true)
  }
}

extension SessionKernel where Base: ~Copyable, Talk == MQTTSession {
  /// Whether nothing is left of connections that are gone.
  var keepsNothing: Bool {
    surplus.isEmpty && unsent.isEmpty && owed.isEmpty && farewells.isEmpty && finishing.isEmpty
      && behind.isEmpty && broken.isEmpty && failures.isEmpty && endedHere.isEmpty
      && session.openings.isEmpty && session.cuts.isEmpty && session.reasons.isEmpty
      && session.said.isEmpty
  }
}

/// Packets as a test writes them.
enum Packet {
  static func reply(_ reply: MQTTReply, _ version: MQTTVersion = .v311) -> [UInt8] {
    reply.bytes(version)!
  }

  static func publish(
    _ topic: String, _ payload: String, qos: MQTTQoS = .atMostOnce, identifier: UInt16 = 0,
    _ version: MQTTVersion = .v311
  ) -> [UInt8] {
    var publish = MQTTPublish(
      version, topic: .bytes(Array(topic.utf8)), payload: .bytes(Array(payload.utf8)))
    publish.qos = qos
    return try! publish.packet().bytes(identifier: identifier)!
  }

  static func connect(_ version: MQTTVersion = .v311, name: String = "c") -> [UInt8] {
    try! MQTTConnect(version, clientIdentifier: .bytes(Array(name.utf8))).packet().bytes()!
  }

  static func subscribe(
    _ filters: [String], identifier: UInt16 = 1, _ version: MQTTVersion = .v311
  ) -> [UInt8] {
    let subscriptions = filters.map {
      MQTTSubscribe.Subscription(
        .bytes(Array($0.utf8)), MQTTSubscriptionOptions(qos: .atLeastOnce))
    }
    return try! MQTTSubscribe(version, subscriptions).packet().bytes(identifier: identifier)!
  }

  /// A reason string, as the only property, behind its length.
  static func reason(_ text: String) -> [UInt8] {
    [UInt8(text.utf8.count + 3), MQTTProperty.reasonString.rawValue, 0, UInt8(text.utf8.count)]
      + Array(text.utf8)
  }
}

/// What one end has said, packet by packet.
struct HeardPackets {
  private var reader: MQTTReader
  private var topic: [UInt8] = []
  private var payload: [UInt8] = []
  private var filters: [String] = []

  init(_ reader: MQTTReader) { self.reader = reader }

  /// The packets that end in these bytes, such as "PUBLISH t/0 1 #7 text".
  mutating func items(in bytes: [UInt8]) -> [String] {
    var items: [String] = []
    var rest = bytes[...]
    while true {
      let step = Array(rest).withUnsafeBytes { reader.next($0) }
      let used = rest.prefix(step.used)
      rest = rest.dropFirst(step.used)
      switch step.event {
      case .needsMore: return items
      case .piece(.topic, let count), .piece(.topicFilter, let count),
        .piece(.clientIdentifier, let count):
        topic += used.suffix(count)
      case .piece(.payload, let count): payload += used.suffix(count)
      case .publishEnds(let facts, let identifier):
        items.append(
          "PUBLISH \(text(topic)) \(facts.qos.rawValue) #\(identifier) \(text(payload))")
        (topic, payload) = ([], [])
      case .topicFilter:
        filters.append(text(topic))
        topic = []
      case .subscribeEnds(let identifier):
        items.append("SUBSCRIBE #\(identifier) \(filters)")
        filters = []
      case .connectEnds:
        items.append("CONNECT \(text(topic))")
        topic = []
      case .connack(_, let reason): items.append("CONNACK \(reason.code)")
      case .puback(let identifier, let reason): items.append("PUBACK #\(identifier) \(reason.code)")
      case .pubrec(let identifier, _): items.append("PUBREC #\(identifier)")
      case .pubrel(let identifier, _): items.append("PUBREL #\(identifier)")
      case .pubcomp(let identifier, _): items.append("PUBCOMP #\(identifier)")
      case .subackCode(_, let reason): items.append("SUBACK \(reason.code)")
      case .unsubackCode(_, let reason): items.append("UNSUBACK \(reason.code)")
      case .pingreq: items.append("PINGREQ")
      case .pingresp: items.append("PINGRESP")
      case .disconnect(let reason): items.append("DISCONNECT \(reason.code)")
      case .malformed(let malformation): items.append("malformed: \(malformation.words)")
      default: break
      }
    }
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// A client with one connection, and a server that a test plays by hand.
final class MQTTServerByHand {
  let stage: MQTTStage
  let peer: ScriptedPeer
  let version: MQTTVersion
  private(set) var socket = FileDescriptor(rawValue: -1)
  private var packets = HeardPackets(.server)

  /// A message every second that wants its acknowledgement, unless there are other patterns.
  init(
    _ terms: MQTTTerms = .test(),
    _ patterns: [MessagePattern] = [.test(every: .seconds(1), expect: .acknowledged)]
  ) throws {
    version = terms.version
    stage = try MQTTStage(.init(latency: 1000))
    peer = ScriptedPeer(stage.network, at: .first)
    try peer.listen()
    try stage.addClient(
      terms, [.open(goal: 1, rate: nil), .keep, .close(rate: nil, reset: false)], patterns,
      timeout: .seconds(2))
    stage.order(.begin)
    stage.run(for: .milliseconds(1))
    socket = try #require(try peer.accept())
    stage.run(for: .milliseconds(2))
    #expect(heard() == ["CONNECT c0"])
  }

  /// A client whose connection is open.
  static func open(
    _ terms: MQTTTerms = .test(),
    _ patterns: [MessagePattern] = [.test(every: .seconds(1), expect: .acknowledged)]
  ) throws -> MQTTServerByHand {
    let server = try MQTTServerByHand(terms, patterns)
    server.say(.connack())
    if !terms.subscriptions.isEmpty {
      #expect(server.stage.held == 0)
      #expect(server.heard() == ["SUBSCRIBE #1 [\"t/0\"]"])
      server.say(.suback(1, 1, times: 1))
    }
    #expect(server.stage.held == 1)
    return server
  }

  func say(_ reply: MQTTReply) { say(Packet.reply(reply, version)) }

  /// Says something, as fast as it is taken, and lets it arrive.
  func say(_ bytes: [UInt8], for time: Duration = .milliseconds(1)) {
    stage.say(bytes, by: peer, on: socket, for: time)
  }

  /// What the client has said since this was asked last.
  func heard() -> [String] { packets.items(in: peer.receive(socket)) }

  /// Begins the phase with the messages, of which the first is due at once.
  func begin(for time: Duration = .milliseconds(1)) {
    stage.playMessages(for: time)
  }

  /// What became of the messages of a pattern: sent, received, wrong, short, late, missing.
  func outcomes(of pattern: Int = 0) -> [Int] {
    stage.outcomes(of: pattern)
  }

  var failures: [String] { stage.failures }
  var refusal: String? { stage.clientBoard.refusal }

  /// "mqtt 71 1": the call, its errno and how often.
  static func failed(_ errno: Errno) -> [String] { ["mqtt \(errno.rawValue) 1"] }
}
