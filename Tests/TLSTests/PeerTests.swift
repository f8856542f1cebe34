import Addressing
import Foundation
import Linux
import SystemPackage
import Testing

@testable import TLS

/// A program `openssl s_server` or `s_client`, and the socket to it.
final class OpenSSLProgram {
  static let path = "/usr/bin/openssl"
  static var isThere: Bool { FileManager.default.isExecutableFile(atPath: path) }

  struct Failed: Error { var what: String }

  private let process = Process()
  private let commands = Pipe()
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "tls-peer-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, source) in [
      ("server.pem", Certificates.server.certificate), ("server.key", Certificates.server.key),
      ("ca.pem", .memory(Certificates.authority.certificate)),
    ] {
      guard case .memory(let bytes) = source else { continue }
      try Data(bytes).write(to: file(name))
    }
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    try? FileManager.default.removeItem(at: folder)
  }

  func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

  func start(_ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: Self.path)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardInput = commands
    FileManager.default.createFile(atPath: file("out").path, contents: nil)
    let out = try FileHandle(forWritingTo: file("out"))
    process.standardOutput = out
    process.standardError = out
    try process.run()
  }

  func say(_ line: String) { commands.fileHandleForWriting.write(Data("\(line)\n".utf8)) }

  var output: String { (try? String(contentsOf: file("out"), encoding: .utf8)) ?? "" }

  /// Whether a text comes to be in the output. It stands there a moment after it was sent.
  func says(_ text: String) -> Bool {
    for _ in 0..<1000 {
      if output.contains(text) { return true }
      Thread.sleep(forTimeInterval: 0.01)
    }
    return false
  }

  /// A server that has begun to listen, and a connection to it.
  static func server(_ arguments: [String]) throws -> (OpenSSLProgram, Wire) {
    // A port that was free a moment ago.
    for _ in 0..<20 {
      let listener = try Wire.listen()
      let port = try #require(Socket.localAddress(of: listener)).port
      Socket.close(listener)
      let program = try OpenSSLProgram()
      try program.start(
        ["s_server", "-accept", "127.0.0.1:\(port)", "-cert", "server.pem", "-key", "server.key"]
          + arguments)
      for _ in 0..<500 where program.process.isRunning {
        if program.output.contains("ACCEPT"), let wire = try? Wire(connectingTo: port) {
          return (program, wire)
        }
        Thread.sleep(forTimeInterval: 0.01)
      }
    }
    throw Failed(what: "no server")
  }

  /// A client that has connected.
  static func client(_ arguments: [String]) throws -> (OpenSSLProgram, Wire) {
    let listener = try Wire.listen()
    defer { Socket.close(listener) }
    let port = try #require(Socket.localAddress(of: listener)).port
    let program = try OpenSSLProgram()
    try program.start(["s_client", "-connect", "127.0.0.1:\(port)"] + arguments)
    for _ in 0..<1000 {
      if let accepted = try Socket.accept(listener) {
        return (program, Wire(accepted.descriptor))
      }
      Thread.sleep(forTimeInterval: 0.01)
    }
    throw Failed(what: "no client: \(program.output)")
  }
}

/// A socket that waits, for tests.
final class Wire {
  fileprivate let socket: FileDescriptor

  init(_ socket: FileDescriptor) { self.socket = socket }

  convenience init(connectingTo port: UInt16) throws {
    let socket = try Socket.open(v6: false)
    self.init(socket)
    try Socket.connect(socket, to: SocketAddress(IPAddress("127.0.0.1")!, port))
    for _ in 0..<100 {
      if Socket.peerAddress(of: socket) != nil { return }
      if let error = Socket.pendingError(socket) { throw error }
      Thread.sleep(forTimeInterval: 0.01)
    }
  }

  deinit { Socket.close(socket) }

  static func listen() throws -> FileDescriptor {
    let socket = try Socket.open(v6: false)
    try Socket.bind(socket, to: SocketAddress(IPAddress("127.0.0.1")!, 0))
    try Socket.listen(socket, backlog: 4)
    return socket
  }

  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      switch rest.withUnsafeBytes({ Socket.send(socket, $0) }) {
      case .moved(let count): rest = rest.dropFirst(count)
      case .wouldBlock: Thread.sleep(forTimeInterval: 0.001)
      default: return
      }
    }
  }

  /// What has come; nil once the peer has closed.
  func receive() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 20_000)
    switch buffer.withUnsafeMutableBytes({ Socket.receive(socket, into: $0) }) {
    case .moved(let count): return Array(buffer[..<count])
    case .wouldBlock:
      Thread.sleep(forTimeInterval: 0.001)
      return []
    default: return nil
    }
  }

  /// Carries a handshake's bytes until it is over, and its last ones are sent.
  func run(_ handshake: Handshake) {
    let end = Date() + 20
    while Date() < end {
      send(handshake.takeAll())
      guard handshake.wants else { return }
      guard let bytes = receive() else {
        handshake.peerClosed()
        return
      }
      handshake.receive(bytes)
    }
  }

  /// Opens what comes until `isDone`; says whether that has come to be.
  func run(
    _ carrier: inout Carrier, listening handshake: Handshake? = nil,
    until isDone: (Carrier) -> Bool
  ) -> Bool {
    let end = Date() + 20
    while Date() < end {
      if isDone(carrier) { return true }
      guard let bytes = receive() else { return isDone(carrier) }
      if let handshake { bytes.withUnsafeBytes { _ = handshake.overhear($0) } }
      carrier.open(bytes)
      send(carrier.sealOwed())
    }
    return false
  }
}

/// Against the library's own programs, over loopback.
@Suite(.serialized, .enabled(if: OpenSSLProgram.isThere, "openssl is not installed"))
struct PeerTests {
  private static let settings = ClientSettings(
    trusted: Certificates.trusted, serverName: ServerName("127.0.0.1"))

  @Test(arguments: CipherSuite.allCases)
  func `a client talks to s_server, and both update keys`(suite: CipherSuite) throws {
    let (program, wire) = try OpenSSLProgram.server(["-tls1_3", "-ciphersuites", suite.name])
    let handshake = try Handshake(TLSContext(client: Self.settings))
    wire.run(handshake)
    var client = try Carrier(RecordLayer(), handshake)
    #expect(client.state.suite == suite)
    wire.send(client.seal("from the client\n"))
    program.say("from the server")
    #expect(wire.run(&client) { $0.text == "from the server\n" && $0.tickets == 2 })
    for (round, command) in ["K", "k", "K"].enumerated() {
      program.say(command)
      #expect(wire.run(&client) { $0.keyUpdates == round + 1 && !$0.state.isAnswerOwed })
      wire.send(client.seal("round \(round)\n"))
      program.say("after \(round)")
      #expect(wire.run(&client) { $0.text.hasSuffix("after \(round)\n") })
    }
    // Ours asks for one of the server's, which it makes when it writes next.
    wire.send(client.updateKey(asking: true) + client.seal("renewed\n"))
    #expect(program.says("renewed"))
    program.say("last")
    #expect(wire.run(&client) { $0.keyUpdates == 4 && $0.text.hasSuffix("last\n") })
    for text in ["from the client", "round 0", "round 1", "round 2", "renewed"] {
      #expect(program.says(text))
    }
  }

  @Test(arguments: CipherSuite.allCases)
  func `s_client talks to a server, and both update keys`(suite: CipherSuite) throws {
    for tickets in [0, 2] {
      let (program, wire) = try OpenSSLProgram.client(
        ["-CAfile", "ca.pem", "-verify_return_error", "-ciphersuites", suite.name])
      let handshake = try Handshake(
        TLSContext(server: ServerSettings(identity: Certificates.server, tickets: tickets)))
      wire.run(handshake)
      var server = try Carrier(RecordLayer(), handshake)
      #expect(server.state.suite == suite)
      wire.send(server.seal("welcome\n"))
      program.say("hello")
      #expect(wire.run(&server) { $0.text == "hello\n" })
      for (round, command) in ["K", "k"].enumerated() {
        program.say(command)
        #expect(wire.run(&server) { $0.keyUpdates == round + 1 && !$0.state.isAnswerOwed })
      }
      wire.send(server.updateKey(asking: true) + server.seal("renewed\n"))
      #expect(program.says("renewed"))
      program.say("again")
      #expect(wire.run(&server) { $0.keyUpdates == 3 && $0.text == "hello\nagain\n" })
      program.say("Q")
      #expect(wire.run(&server) { $0.end == .closed }, "\(String(describing: server.end))")
      #expect(program.says("welcome\n"))
    }
  }

  @Test func `TLS 1_2 with s_server and s_client`() throws {
    let (program, wire) = try OpenSSLProgram.server(["-tls1_2"])
    let client = try Handshake(TLSContext(client: Self.settings))
    wire.run(client)
    #expect(client.isDone && client.records == nil && client.version == .v12)
    #expect(client.write("hello\n"))
    wire.send(client.takeAll())
    program.say("welcome")
    #expect(Self.read(client, wire) == "welcome\n")
    let (other, otherWire) = try OpenSSLProgram.client(["-tls1_2"])
    let server = try Handshake(TLSContext(server: ServerSettings(identity: Certificates.server)))
    otherWire.run(server)
    #expect(server.isDone && server.records == nil)
    other.say("hello")
    #expect(Self.read(server, otherWire) == "hello\n")
    // A client that wants to renegotiate is told that nobody does.
    other.say("R")
    Self.settle(server, otherWire)
    #expect(program.says("hello"))
  }

  private static func read(_ handshake: Handshake, _ wire: Wire) -> String {
    var text = ""
    for _ in 0..<5000 where text.isEmpty {
      handshake.receive(wire.receive() ?? [])
      text = handshake.readAll().text
    }
    return text
  }

  private static func settle(_ handshake: Handshake, _ wire: Wire) {
    for _ in 0..<100 {
      guard let bytes = wire.receive() else { return }
      handshake.receive(bytes)
      _ = handshake.readAll()
      wire.send(handshake.takeAll())
    }
  }

  /// With early data s_server takes each ticket once. The second handshake resumes the only session, the third is
  /// refused with it. From then on each handshake resumes what the one before it was given.
  @Test(arguments: [([], [1, 2, 3, 4, 5]), (["-early_data"], [1, 3, 4, 5])])
  func `sessions of s_server are resumed`(arguments: [String], resumed: [Int]) throws {
    let (program, first) = try OpenSSLProgram.server(arguments)
    var settings = Self.settings
    settings.keepsSessions = true
    let context = try TLSContext(client: settings)
    let port = try #require(first.port)
    var store = SessionStore(share: 1)
    let endpoint = SocketAddress(.v4(1), port)
    var seen: [Int] = []
    var wire = first
    for round in 0..<6 {
      let session = store.next(for: endpoint)
      let handshake = try Handshake(context, resuming: session)
      wire.run(handshake)
      if handshake.isResumed { seen.append(round) }
      if let session { store.note(session, of: endpoint, isResumed: handshake.isResumed) }
      var client = try Carrier(RecordLayer(), handshake)
      let isGiven = wire.run(&client, listening: handshake) { _ in !handshake.listensForSession }
      #expect(isGiven)
      store.keep(try #require(handshake.takeSession()), of: endpoint)
      wire.send(client.seal("round \(round)\n") + client.close())
      if round < 5 { wire = try Wire(connectingTo: port) }
    }
    #expect(seen == resumed)
    #expect((0..<6).allSatisfy { program.says("round \($0)") })
  }

  @Test func `what s_server has against a client is told by name`() throws {
    func failure(_ arguments: [String], _ settings: ClientSettings) throws -> TLSFailure? {
      let (program, wire) = try OpenSSLProgram.server(arguments)
      defer { withExtendedLifetime(program) {} }
      let handshake = try Handshake(TLSContext(client: settings))
      wire.run(handshake)
      return handshake.failure
    }
    var settings = Self.settings
    settings.terms.versions = .v13 ... .v13
    #expect(try failure(["-tls1_2"], settings) == .alertReceived(.protocolVersion))
    settings.terms = TLSTerms(cipherSuites: "TLS_CHACHA20_POLY1305_SHA256")
    #expect(
      try failure(["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"], settings)
        == .alertReceived(.handshakeFailure))
    settings = Self.settings
    settings.serverName = .dns("other.test")
    guard case .certificate? = try failure([], settings) else {
      Issue.record("another name was taken")
      return
    }
    // A missing certificate comes up after the client's handshake: as an alert in a record.
    let (program, wire) = try OpenSSLProgram.server(["-Verify", "1", "-CAfile", "ca.pem"])
    let handshake = try Handshake(TLSContext(client: Self.settings))
    wire.run(handshake)
    var client = try Carrier(RecordLayer(), handshake)
    #expect(wire.run(&client) { $0.end == .alert(.certificateRequired) })
    #expect(program.says("peer did not return a certificate"))
  }

  @Test func `what s_client has against a server is told by name`() throws {
    let (program, wire) = try OpenSSLProgram.client(["-verify_return_error"])
    let handshake = try Handshake(
      TLSContext(server: ServerSettings(identity: Certificates.server)))
    wire.run(handshake)
    #expect(handshake.failure == .alertReceived(.unknownCA))
    #expect(program.says("unable to get local issuer certificate"))
  }
}

extension Wire {
  /// The peer's.
  var port: UInt16? { Socket.peerAddress(of: socket)?.port }
}
