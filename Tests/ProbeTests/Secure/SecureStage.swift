import Addressing
import Foundation
import Linux
import Messages
import SystemPackage
import TLS
import Testing
import WorkerLog

@testable import Probe
@testable import Simulation

/// Contexts of the tests, with one certificate.
enum SecureContextsOfTests {
  private static let now = Int64(Date().timeIntervalSince1970)
  private static let authority = try! RunAuthority(now: now)
  private static let identity = try! authority.issue(
    to: [.dns("server.test"), ServerName("127.0.0.1")], now: now)

  static func server(_ version: TLSVersion = .v13, tickets: Int = 0) throws -> TLSContext {
    try TLSContext(
      server: ServerSettings(
        terms: TLSTerms(versions: version...version), identity: identity, tickets: tickets))
  }

  static func client(
    _ versions: ClosedRange<TLSVersion> = .v12 ... .v13, name: String = "server.test"
  ) throws -> TLSContext {
    try TLSContext(
      client: ClientSettings(
        terms: TLSTerms(versions: versions), trusted: .these(.memory(authority.certificate)),
        serverName: .dns(name)))
  }
}

/// A client, a server or both that speak TLS over one simulated network, in one thread.
final class SecureStage {
  typealias System = TLSKernel<SimulatedKernel>

  let network: SimulatedNetwork
  // Time waits for every process that there is.
  private(set) lazy var clientProcess = SimulatedProcess(network: network)
  private(set) lazy var serverProcess = SimulatedProcess(network: network)
  let clientBoard: Scoreboard
  let serverBoard: Scoreboard
  private(set) var client: ClientEnd?
  private(set) var server: ServerEnd?
  /// Called after every round.
  var check: (() -> Void)?
  private var orders: UInt64 = 0

  init(_ dials: SimulatedNetwork.Dials = .init()) throws {
    network = SimulatedNetwork(dials)
    clientBoard = try Scoreboard(sources: 1)
    serverBoard = try Scoreboard(sources: 0)
  }

  deinit {
    for process in network.processes { process.exit() }
    clientBoard.unmap()
    serverBoard.unmap()
  }

  func addServer(
    _ context: TLSContext, reply: ServerReply = .echo, readiness: ServerReadiness = .direct,
    speaksHTTP: Bool = false, clients: [AddressSpan] = []
  ) throws {
    let kernel = try System(
      SimulatedKernel(process: serverProcess), context, descriptors: 20_000)
    server = ServerEnd(
      try Server(
        kernel: kernel,
        assignment: ServerAssignment(
          endpoint: .first, backlog: 4096, reply: reply, readiness: readiness,
          speaksHTTP: speaksHTTP, descriptorLimit: 20_000, clients: clients),
        board: serverBoard))
  }

  /// - Parameter patterns: are played in phase 1.
  func addClient(
    _ context: TLSContext, _ tasks: [ClientTask], _ patterns: [MessagePattern] = [],
    timeout: Duration = .seconds(10)
  ) throws {
    let assignment = ClientAssignment(
      share: WorkerShare(index: 0, count: 1), sources: [.source], ports: PortSet(1024...65535),
      ephemeralPorts: nil, endpoints: [.first], connectTimeout: timeout.nanoseconds, retries: 0,
      tasks: tasks, patterns: patterns,
      patternsOfPhase: tasks.indices.map { $0 == 1 ? Array(patterns.indices) : [] })
    let kernel = try System(
      SimulatedKernel(process: clientProcess), context, descriptors: assignment.capacity + 64)
    client = ClientEnd(try Client(kernel: kernel, assignment: assignment, board: clientBoard))
  }

  func order(_ order: Order, phase: Int = 0) {
    orders += 1
    let command = Scoreboard.Command(
      order: order, phase: phase, start: Instant(nanoseconds: network.now), goal: nil,
      number: orders)
    for board in [clientBoard, serverBoard] { board.post(command) }
    for process in network.processes { process.wake() }
  }

  /// Begins a phase, and has it end.
  func play(phase: Int = 0, sourceLocation: SourceLocation = #_sourceLocation) {
    order(.begin, phase: phase)
    let isSettled = run(for: .seconds(300)) { clientBoard[.settledOrder] == orders }
    #expect(isSettled, "phase \(phase) never settled", sourceLocation: sourceLocation)
  }

  /// Lets virtual time pass until the condition holds; false when it did not by then.
  @discardableResult
  func run(for limit: Duration, until condition: () -> Bool = { false }) -> Bool {
    network.horizon = network.now + limit.nanoseconds
    defer { network.horizon = .max }
    for _ in 0..<200_000 {
      if condition() { return true }
      let isOver = network.now >= network.horizon || network.nextInstant == nil
      if isOver, !network.hasWork(besides: nil) { return condition() }
      _ = server?.end.turn()
      _ = client?.end.turn()
      check?()
    }
    Issue.record("spins")
    return false
  }

  var held: Int { Int(clientBoard[.held]) }
  var accepted: Int { Int(serverBoard[.held]) }

  /// The calls that failed at the client, each with its errno.
  var failures: [String] {
    clientBoard.failures.rows().map {
      "\($0.call.name) \($0.errno.map { "\($0.rawValue)" } ?? "-") \($0.count)"
    }
  }
}

extension Scoreboard {
  /// The first refusal that is kept of the first two phases.
  var refusal: String? {
    for phase in 0...1 {
      for errno in [Errno.protocolError, .connectionReset, .brokenPipe, .noMemory] {
        if let words = refusal(errno, in: phase) { return words }
      }
    }
    return nil
  }
}

final class ClientEnd {
  var end: Client<SecureStage.System>
  init(_ end: consuming Client<SecureStage.System>) { self.end = end }

  var underWay: Int { end.connections.kernel.underWay }
  var keepsNothing: Bool { end.connections.kernel.keepsNothing }
}

final class ServerEnd {
  var end: Server<SecureStage.System>
  init(_ end: consuming Server<SecureStage.System>) { self.end = end }

  var underWay: Int { end.kernel.underWay }
  var keepsNothing: Bool { end.kernel.keepsNothing }
}

extension TLSKernel where Base: ~Copyable {
  /// Whether nothing is left of connections that are gone.
  var keepsNothing: Bool {
    handshakes.isEmpty && unsent.isEmpty && incomplete.isEmpty && behind.isEmpty
      && withheld.isEmpty && broken.isEmpty && finishing.isEmpty && failures.isEmpty
      && underWay == 0 && connecting == 0
  }
}

/// One end of a connection that a test plays by hand: TLS over a simulated socket.
final class SecurePeer {
  let peer: ScriptedPeer
  let socket: FileDescriptor
  let handshake: Handshake
  private let layer = try! RecordLayer()
  private(set) var records: RecordState?
  /// Plaintext that has come.
  private(set) var heard: [UInt8] = []
  private(set) var keyUpdates = 0
  private(set) var isToldClose = false
  private(set) var alert: Alert?
  private var came: [UInt8] = []
  private var toSend: [UInt8] = []

  init(_ peer: ScriptedPeer, _ socket: FileDescriptor, _ context: TLSContext) throws {
    self.peer = peer
    self.socket = socket
    handshake = try Handshake(context)
  }

  /// Takes what has come, and sends what is to go.
  func pump() {
    came += peer.receive(socket)
    if records == nil { shakeHands() }
    if records != nil { open() }
    if !toSend.isEmpty, case .moved(let count) = peer.send(socket, toSend) {
      toSend.removeFirst(count)
    }
  }

  var isDone: Bool { records != nil }

  private func shakeHands() {
    if !came.isEmpty {
      _ = came.withUnsafeBytes { handshake.receive($0) }
      came = []
    }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = buffer.withUnsafeMutableBytes { handshake.takeOutput(into: $0) }
    toSend += buffer[..<count]
    guard case .done(let records?) = handshake.state else { return }
    self.records = records
    came = handshake.surplus
  }

  private func open() {
    while !came.isEmpty {
      let opened = came.withUnsafeMutableBytes { layer.open(&records!, $0) }
      switch opened.event {
      case .incomplete: return
      case .data(let range): heard += came[range]
      case .messages(_, let isKeyUpdated): keyUpdates += isKeyUpdated ? 1 : 0
      case .closed: isToldClose = true
      case .alert(let told): alert = told
      case .nothing: break
      case .failed(let failure): Issue.record("\(failure)")
      }
      came.removeFirst(opened.consumed)
      if isToldClose || alert != nil { return }
    }
  }

  func say(_ text: String) { say(Array(text.utf8)) }

  func say(_ bytes: [UInt8]) {
    toSend += sealed(bytes.count * 2 + 1024) { buffer in
      bytes.withUnsafeBytes { layer.seal(&records!, $0, into: buffer).written }
    }
  }

  func askForKeys() {
    toSend += sealed(64) { layer.sealKeyUpdate(&records!, asking: true, into: $0) }
  }

  func sayClose() { toSend += sealed(64) { layer.sealClose(&records!, into: $0) } }

  func say(_ alert: Alert) { toSend += sealed(64) { layer.sealAlert(&records!, alert, into: $0) } }

  private func sealed(_ room: Int, _ seal: (UnsafeMutableRawBufferPointer) -> Int) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: room)
    let count = buffer.withUnsafeMutableBytes { seal($0) }
    return Array(buffer[..<count])
  }
}
