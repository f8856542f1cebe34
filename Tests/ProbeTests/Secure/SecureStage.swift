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

  static func server(
    _ version: TLSVersion = .v13, tickets: Int = 0, asksForCertificates: Bool = false
  ) throws -> TLSContext {
    try TLSContext(
      server: ServerSettings(
        terms: TLSTerms(versions: version...version), identity: identity,
        clientAuthorities: asksForCertificates ? .these(.memory(authority.certificate)) : nil,
        tickets: tickets))
  }

  static func client(
    _ versions: ClosedRange<TLSVersion> = .v12 ... .v13, name: String = "server.test",
    keepsSessions: Bool = false
  ) throws -> TLSContext {
    try TLSContext(
      client: ClientSettings(
        terms: TLSTerms(versions: versions), trusted: .these(.memory(authority.certificate)),
        serverName: .dns(name), keepsSessions: keepsSessions))
  }
}

/// A client, a server or both that speak TLS.
typealias SecureStage = LayerStage<TLSKernel<SimulatedKernel>>

extension LayerStage where System == TLSKernel<SimulatedKernel> {
  func addServer(
    _ context: TLSContext, timeout: Duration = .seconds(10), reply: ServerReply = .echo,
    readiness: ServerReadiness = .direct,
    speaksHTTP: Bool = false, clients: [AddressSpan] = []
  ) throws {
    try addServer(reply: reply, readiness: readiness, speaksHTTP: speaksHTTP, clients: clients) {
      try System(
        SimulatedKernel(process: $0), context, descriptors: $1, timeout: timeout,
        board: serverBoard)
    }
  }

  /// - Parameter patterns: are played in phase 1.
  func addClient(
    _ context: TLSContext, _ tasks: [ClientTask], _ patterns: [MessagePattern] = [],
    timeout: Duration = .seconds(10), resume: Double = 0
  ) throws {
    try addClient(tasks, patterns, timeout: timeout) {
      try System(
        SimulatedKernel(process: $0), context, descriptors: $1, resume: resume,
        board: clientBoard)
    }
  }
}

extension ClientEnd where System == TLSKernel<SimulatedKernel> {
  var underWay: Int { end.connections.kernel.underWay }
  var handshakes: Int { end.connections.kernel.handshakes.count }
  var listeners: Int { end.connections.kernel.listeners.count }
  var keepsNothing: Bool { end.connections.kernel.keepsNothing }
}

extension ServerEnd where System == TLSKernel<SimulatedKernel> {
  var underWay: Int { end.kernel.underWay }
  var handshakes: Int { end.kernel.handshakes.count }
  var turns: Int { end.kernel.turns.count }
  var keepsNothing: Bool { end.kernel.keepsNothing }
}

extension TLSKernel where Base: ~Copyable {
  /// Whether nothing is left of connections that are gone.
  var keepsNothing: Bool {
    handshakes.isEmpty && unsent.isEmpty && incomplete.isEmpty && behind.isEmpty
      && withheld.isEmpty && broken.isEmpty && finishing.isEmpty && failures.isEmpty
      && beginnings.isEmpty && attempts.isEmpty && listeners.isEmpty
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
