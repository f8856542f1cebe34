import Foundation
import Glibc
import Linux
import SystemPackage
import Testing

/// `runner capture` between real sockets.
@Suite(.tags(.realKernel)) struct CaptureTests {
  private let workspace: Workspace
  private let network: Loopback
  /// Where the proxy listens; the server is at the network's endpoint.
  private let proxy: String

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
    proxy = "\(network.source(50)):\(network.port)"
  }

  private func capture(_ arguments: [String] = []) throws -> RunningProgram {
    let program = try workspace.start(
      ["capture", "--listen", proxy, "--forward", network.endpoint, "-o", "out.yaml"] + arguments)
    #expect(program.wait { program.errorsSoFar.contains("listening on \(proxy)") })
    return program
  }

  /// A client and the server's end of its connection.
  private func pair(_ listener: TCPListener) throws -> (client: TCPPeer, server: TCPPeer) {
    let client = try TCPPeer(to: proxy)
    return (client, try listener.accept())
  }

  private func end(_ program: RunningProgram) -> Ending {
    program.signal(SIGINT)
    return program.wait()
  }

  private func file() throws -> CapturedFile { try CapturedFile(workspace.text(of: "out.yaml")) }

  // MARK: Relaying

  @Test func `bytes of any kind go both ways, and are in the file`() throws {
    let listener = try TCPListener(network.endpoint)
    let program = try capture()
    let (client, server) = try pair(listener)
    let all = Array(UInt8.min...UInt8.max)
    try client.send("SET a 1\r\n")
    #expect(try server.text(9) == "SET a 1\r\n")
    try server.send(all)
    #expect(try client.receive(256) == all)
    try client.send([0, 0xFF])
    #expect(try server.receive(2) == [0, 0xFF])
    client.close()
    #expect(try server.receive() == [])
    server.close()
    #expect(program.wait { program.errorsSoFar.contains(" ended after ") })
    let ending = end(program)
    #expect(ending.exitCode == 0)
    #expect(ending.output.isEmpty)
    #expect(ending.errors.contains(": 11 B to the server, 256 B back\n"), "\(ending.errors)")
    #expect(ending.errors.hasSuffix("\n1 conversation in out.yaml\n"))

    let file = try file()
    #expect(file.forward == network.endpoint)
    #expect(
      file.connections.map(\.steps) == [
        [
          .send(Array("SET a 1\r\n".utf8)), .receive(all), .send([0, 0xFF]), .close("client"),
          .close("server"),
        ]
      ])
    #expect(!file.connections[0].isTruncated)
  }

  /// The server resets its connection, as it has not read what the client said.
  @Test func `a slow client gets all that a server said before it broke off`() throws {
    let listener = try TCPListener(network.endpoint)
    let program = try capture()
    let (client, server) = try pair(listener)
    try client.send("x")
    Poll.waitReadable([server.socket], until: .now().advanced(by: TCPPeer.patience))
    let answer = [UInt8](repeating: 7, count: 1 << 20)
    try server.send(answer)
    #expect(program.wait { Socket.unacknowledged(server.socket) == 0 })
    server.close()
    // Time for a proxy that does not wait.
    usleep(300_000)
    #expect(try client.receive(answer.count) == answer)
    #expect(throws: Errno.connectionReset) { try client.receive(1) }
    #expect(program.wait { program.errorsSoFar.contains(" ended after ") })
    #expect(end(program).exitCode == 0)
  }

  @Test func `the file is its owner's alone`() throws {
    let program = try workspace.start(
      ["capture", "--listen", proxy, "--forward", network.endpoint, "-o", "out.yaml"],
      shell: "umask 0; exec \"$0\" \"$@\"")
    #expect(program.wait { program.errorsSoFar.contains("listening on \(proxy)") })
    #expect(end(program).exitCode == 0)
    let attributes = try FileManager.default.attributesOfItem(
      atPath: workspace.url("out.yaml").path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func `who closes one side still hears the other`() throws {
    let listener = try TCPListener(network.endpoint)
    let program = try capture(["--connections", "1"])
    let (client, server) = try pair(listener)
    try client.send("question")
    client.finishSending()
    #expect(try server.text() == "question")
    try server.send("answer")
    server.close()
    #expect(try client.text() == "answer")
    #expect(program.wait().exitCode == 0)
    #expect(
      try file().connections[0].steps == [
        .send(Array("question".utf8)), .close("client"), .receive(Array("answer".utf8)),
        .close("server"),
      ])
  }

  @Test func `fifty clients at once get each his own answers`() throws {
    let listener = try TCPListener(network.endpoint)
    let program = try capture(["--connections", "50"])
    let clients = try (0..<50).map { _ in try TCPPeer(to: proxy) }
    for (number, client) in clients.enumerated() { try client.send("client \(number + 10)") }
    let servers = try (0..<50).map { _ in try listener.accept() }
    for server in servers { try server.send("to \(try server.text(9))") }
    for (number, client) in clients.enumerated() {
      #expect(try client.text(12) == "to client \(number + 10)")
      client.close()
    }
    for server in servers { server.close() }
    let ending = program.wait()
    #expect(ending.exitCode == 0)
    let connections = try file().connections
    #expect(connections.count == 50)
    for connection in connections {
      guard case .send(let bytes) = try #require(connection.steps.first) else { continue }
      let said = String(decoding: bytes, as: UTF8.self)
      #expect(connection.steps.contains(.receive(Array("to \(said)".utf8))))
    }
    #expect(Set(connections.compactMap(\.steps.first)).count == 50)
  }

  @Test func `a reader that does not read stops the sender, and then gets every byte in order`()
    throws
  {
    let listener = try TCPListener(network.endpoint)
    let program = try capture(["--connections", "1"])
    let (client, server) = try pair(listener)
    // Numbers, so that a byte that is missing or in the wrong place shows.
    let all = (0..<1_250_000 as Range<UInt32>).flatMap { number in
      [UInt8(number & 255), UInt8(number >> 8 & 255), UInt8(number >> 16 & 255), 7]
    }
    let sender = Thread {
      try? server.send(all)
      server.close()
    }
    sender.start()
    // Nobody reads; what the kernel and the proxy hold is less than all of it.
    #expect(
      holds(within: .seconds(20)) { Self.resident(program.id) > 0 && Self.isStuck(program.id) })
    #expect(Self.resident(program.id) < 200 << 20)
    client.finishSending()
    // Compared outside of the macro, which would look for the shortest difference.
    let isWhole = try client.receive() == all
    #expect(isWhole)
    let ending = program.wait()
    #expect(ending.exitCode == 0)
    #expect(ending.errors.contains("4.77 MiB back; truncated in the file\n"), "\(ending.errors)")
    #expect(ending.errors.contains("1 conversation in out.yaml, truncated\n"))
    let connection = try file().connections[0]
    #expect(connection.isTruncated)
    let kept = connection.receivedBytes
    // Where it is cut depends on how much each read brought.
    #expect((100_000..<1 << 20).contains(kept.count))
    let isBeginning = all.starts(with: kept)
    #expect(isBeginning)
  }

  /// Whether the process has used no processor time from one look to the next.
  private static func isStuck(_ id: Int32) -> Bool {
    let before = time(id)
    usleep(100_000)
    return time(id) == before
  }

  /// Ticks of processor time, fields 14 and 15 of proc_pid_stat(5).
  private static func time(_ id: Int32) -> [String] {
    let text = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
    return Array(text.split(separator: " ").map(String.init).dropFirst(13).prefix(2))
  }

  /// Bytes of memory.
  private static func resident(_ id: Int32) -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(id)/statm", encoding: .utf8)) ?? ""
    return (Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0) * 4096
  }

  // MARK: Ends

  @Test func `a server that refuses closes the client, and that is said`() throws {
    let program = try capture(["--connections", "2"])
    for _ in 0..<2 {
      // It may come before the client has seen that it is connected.
      #expect(throws: Errno.connectionReset) { try TCPPeer(to: proxy).receive() }
    }
    let ending = program.wait()
    #expect(ending.exitCode == 0)
    #expect(
      ending.errors.contains(
        " turned away: \(network.endpoint): ECONNREFUSED (Connection refused)"),
      "\(ending.errors)")
    #expect(ending.errors.contains("0 clients, 2 turned away;"))
    #expect(try file().connections.isEmpty)
  }

  @Test(arguments: [true, false])
  func `a side that breaks off is a break for the other`(isClient: Bool) throws {
    let listener = try TCPListener(network.endpoint)
    let program = try capture(["--connections", "1"])
    let (client, server) = try pair(listener)
    try client.send("x")
    #expect(try server.text(1) == "x")
    if isClient { try client.reset() } else { try server.reset() }
    let other = isClient ? server : client
    #expect(throws: Errno.connectionReset) { try other.receive() }
    #expect(program.wait().exitCode == 0)
    #expect(
      try file().connections[0].steps == [
        .send(Array("x".utf8)), .close(isClient ? "client" : "server"),
      ])
  }

  @Test func `a client that is killed leaves what it said`() throws {
    let listener = try TCPListener(network.endpoint)
    let program = try capture(["--connections", "1"])
    let client = try workspace.start(["connect", proxy], takesInput: true)
    let server = try listener.accept()
    try client.type("broadcast hello")
    #expect(try server.text(6) == "hello\n")
    client.signal(SIGKILL)
    _ = client.wait()
    #expect(throws: Errno.connectionReset) { try server.receive() }
    #expect(program.wait().exitCode == 0)
    #expect(
      try file().connections[0].steps == [.send(Array("hello\n".utf8)), .close("client")])
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `a signal writes the file while clients are connected`(signal: Int32) throws {
    let listener = try TCPListener(network.endpoint)
    let program = try capture()
    let (client, server) = try pair(listener)
    let (other, others) = try pair(listener)
    try client.send("half of a")
    #expect(try server.text(9) == "half of a")
    #expect(!workspace.exists("out.yaml"))
    program.signal(signal)
    let ending = program.wait()
    #expect(ending.exitCode == 0)
    #expect(ending.errors.contains(" was still connected after "))
    #expect(ending.errors.contains("\n1 conversation in out.yaml; 1 more said nothing"))
    #expect(
      try file().connections.map(\.steps) == [[.send(Array("half of a".utf8))]])
    #expect(try client.receive() == [])
    #expect(workspace.files(in: ".").filter { !$0.hasPrefix(".") } == ["out.yaml"])
    withExtendedLifetime((other, others)) {}
  }

  /// A terminal that goes sends more than one signal. The second may come when the first has been read.
  @Test func `a request to end that comes twice does not cost the file`() throws {
    for _ in 0..<5 {
      let program = try capture()
      program.signal(SIGTERM)
      program.signal(SIGHUP)
      #expect(program.wait().exitCode == 0)
      #expect(workspace.exists("out.yaml"))
      try? FileManager.default.removeItem(at: workspace.url("out.yaml"))
    }
  }

  @Test func `it may end after a time`() throws {
    let program = try capture(["--duration", "3s"])
    #expect(program.wait().exitCode == 0)
    #expect(try file().connections.isEmpty)
  }

  // MARK: Redaction

  @Test func `a secret is not in the file, wherever it was split`() throws {
    let listener = try TCPListener(network.endpoint)
    let text = Array("AUTH s3cr3t\r\n".utf8)
    let program = try capture([
      "--redact", "AUTH ([[:graph:]]+)", "--redact", "token [0-9]+", "--connections",
      "\(text.count + 1)",
    ])
    for split in 0...text.count {
      let (client, server) = try pair(listener)
      try client.send(Array(text[..<split]))
      #expect(try server.receive(split) == Array(text[..<split]))
      try client.send(Array(text[split...]))
      #expect(try server.receive(text.count - split) == Array(text[split...]))
      try server.send("token 12")
      #expect(try client.text(8) == "token 12")
      try server.send("34;")
      #expect(try client.text(3) == "34;")
      client.close()
      server.close()
    }
    #expect(program.wait().exitCode == 0)
    let connections = try file().connections
    #expect(connections.count == text.count + 1)
    for connection in connections {
      #expect(connection.sent == "AUTH REDACTED\r\n")
      #expect(connection.received == "REDACTED;")
      #expect(!connection.isTruncated)
    }
  }

  @Test func `what may become a secret is not in the file when it ends`() throws {
    let listener = try TCPListener(network.endpoint)
    let program = try capture(["--redact", "AUTH [a-z]+;"])
    let (client, server) = try pair(listener)
    try client.send("PING;AUTH abc")
    #expect(try server.receive(13).count == 13)
    #expect(end(program).exitCode == 0)
    let connection = try file().connections[0]
    #expect(connection.sent == "PING;")
    #expect(connection.isTruncated)
  }

  // MARK: Redis

  private static let hasRedis =
    ForeignServer.path(of: "redis-server") != nil && ForeignServer.path(of: "redis-cli") != nil

  @Test(.enabled(if: hasRedis, "Redis is not installed"))
  func `a real client talks to a real Redis through it`() throws {
    let server = try ForeignServer.redis(connections: 100, at: network, in: workspace)
    let program = try capture(["--redact", "hunter2"])
    let client = try workspace.run(
      [],
      shell: """
        redis-cli -h \(network.source(50)) -p \(network.port) <<'END'
        SET a 1
        GET a
        SET password hunter2
        GET password
        END
        """)
    #expect(client.output == "OK\n1\nOK\nhunter2\n", "\(client.errors)")
    #expect(program.wait { program.errorsSoFar.contains(" ended after ") })
    #expect(end(program).exitCode == 0)
    let connection = try #require(try file().connections.first)
    #expect(connection.sent.contains("SET\r\n$1\r\na\r\n$1\r\n1\r\n"), "\(connection.sent)")
    #expect(connection.received.contains("+OK\r\n$1\r\n1\r\n+OK\r\n$8\r\nREDACTED\r\n"))
    #expect(try !workspace.text(of: "out.yaml").contains("hunter2"))
    withExtendedLifetime(server) {}
  }
}
