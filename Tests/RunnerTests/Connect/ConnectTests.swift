import Foundation
import Glibc
import Testing

/// `runner connect` against `runner serve`, over pipes.
@Suite(.tags(.realKernel)) struct ConnectTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func serve(_ arguments: [String] = []) throws -> RunningProgram {
    let program = try workspace.start(["serve", "--listen", network.endpoint] + arguments)
    #expect(program.wait { program.errorsSoFar.contains("room for ") })
    return program
  }

  private func connect(
    _ count: Int, _ arguments: [String] = [], to endpoint: String? = nil, shell: String? = nil
  ) throws -> RunningProgram {
    try workspace.start(
      ["connect", endpoint ?? network.endpoint, "-n", "\(count)"] + arguments, shell: shell,
      takesInput: true)
  }

  /// Gives commands to read and waits for the end.
  private func script(
    _ lines: [String], _ count: Int, _ arguments: [String] = [], to endpoint: String? = nil,
    shell: String? = nil
  ) throws -> Ending {
    let client = try connect(count, arguments, to: endpoint, shell: shell)
    for line in lines { try client.type(line) }
    try client.endInput()
    return client.wait()
  }

  /// A script waits half a second for answers. A server that had no processor for longer gets another chance; a
  /// program that does not wait hears nothing each time.
  private func script(
    _ lines: [String], _ count: Int, _ arguments: [String] = [], shell: String? = nil,
    hears isWhole: (String) throws -> Bool
  ) throws -> Ending {
    var ending = try script(lines, count, arguments, shell: shell)
    for _ in 0..<4 where try !isWhole(ending.output) {
      ending = try script(lines, count, arguments, shell: shell)
    }
    return ending
  }

  /// The rows of the last `list`, by column.
  private func table(_ output: String) throws -> [[Substring]] {
    let lines = output.split(separator: "\n")
    let head = try #require(lines.lastIndex { $0.hasPrefix("descriptor ") })
    return lines[(head + 1)...].map { $0.split(separator: "  ").map { $0.trimmed } }
      .filter { Int($0[0]) != nil }
  }

  @Test func `a session: pick one of several, write to it, see the echo, close, write to all`()
    throws
  {
    let server = try serve(["--verbose"])
    let client = try connect(4, ["--sources", network.sources(4)])
    #expect(
      client.wait { client.errorsSoFar.contains("4 connections to \(network.endpoint) stand") })
    try client.type("list")
    #expect(client.wait { client.outputSoFar.components(separatedBy: " open\n").count == 5 })
    let rows = try table(client.outputSoFar)
    #expect(Set(rows.map { $0[1].split(separator: ":")[0] }).count == 4)
    #expect(rows.allSatisfy { $0[2] == network.endpoint })

    let descriptor = rows[2][0]
    try client.type("send \(descriptor) hello, server")
    #expect(
      client.wait {
        client.outputSoFar.contains("[descriptor \(descriptor)] \"hello, server\\n\"\n")
      })
    #expect(server.wait { server.outputSoFar.contains("] \"hello, server\\n\"\n") })
    try client.type("list 4")
    #expect(client.wait { client.outputSoFar.contains("14 B  14 B      open") })
    let sent = try table(client.outputSoFar)
    #expect(sent.filter { $0[4] == "14 B" }.map { $0[0] } == [descriptor])

    try client.type("close \(descriptor)")
    #expect(client.wait { client.outputSoFar.contains("[descriptor \(descriptor)] closed\n") })
    #expect(server.wait { server.errorsSoFar.contains("3 connections, 4 accepted, 1 closed") })
    try client.type("broadcast to all\\c")
    #expect(
      client.wait { client.outputSoFar.components(separatedBy: "] \"to all\"\n").count == 4 })
    #expect(client.outputSoFar.contains("sent to 3 connections\n"))
    try client.type("open 2")
    #expect(client.wait { client.errorsSoFar.contains("2 connections to ") })
    try client.type("quit")
    let ending = client.wait()
    #expect(ending.exitCode == 0)
    #expect(
      ending.output.hasSuffix(
        "5 open, 6 opened, 0 failed, 0 closed by the peer, 1 closed here; "
          + "sent 32 B, received 32 B\n"), "\(ending.output)")
    #expect(server.wait { server.errorsSoFar.contains(" 0 connections, 6 accepted, 6 closed") })
    server.signal(SIGINT)
    #expect(server.wait().exitCode == 0)
  }

  @Test func `a script gets its answers before it ends`() throws {
    let server = try serve()
    let ending = try script(["broadcast one", "broadcast two", "quit", "never read"], 3) {
      $0.contains("received 24 B\n")
    }
    #expect(ending.exitCode == 0)
    #expect(ending.output.contains("sent 24 B, received 24 B\n"), "\(ending.output)")
    #expect(!ending.output.contains("> "))
    let empty = try script([], 2)
    #expect(empty.exitCode == 0)
    #expect(empty.output.hasPrefix("2 open, 2 opened, 0 failed"))
    server.signal(SIGINT)
    _ = server.wait()
  }

  @Test func `a script sees in its list what came back before`() throws {
    let server = try serve()
    let both = [["4 B", "4 B"], ["4 B", "4 B"]] as [ArraySlice<Substring>]
    let ending = try script(["broadcast 123", "list"], 2) {
      try table($0).map { $0[4...5] } == both
    }
    #expect(try table(ending.output).map { $0[4...5] } == both)
    server.signal(SIGINT)
    _ = server.wait()
  }

  @Test func `what a peer sends cannot drive the terminal`() throws {
    let server = try serve()
    let ending = try script(["broadcast \\x1b[2J\\x9b\\x07"], 1) {
      $0.contains("\\x07\\n\"")
    }
    #expect(ending.output.contains("\"\\x1b[2J\\x9b\\x07\\n\""), "\(ending.output)")
    #expect(!ending.output.contains("\u{1B}"))
    server.signal(SIGINT)
    _ = server.wait()
  }

  @Test func `a large message comes back whole, in as many pieces as it takes`() throws {
    let server = try serve()
    let text = String(repeating: "x", count: 900_000)
    let ending = try script(["broadcast \(text)"], 2) { $0.contains("received 1.72 MiB\n") }
    #expect(ending.exitCode == 0)
    #expect(
      ending.output.contains("; sent 1.72 MiB, received 1.72 MiB\n"), "\(ending.output.suffix(200))"
    )
    server.signal(SIGINT)
    _ = server.wait()
  }

  @Test func `more than a peer takes is refused`() throws {
    // It accepts and never reads.
    let server = try SilentServer(network.endpoint)
    defer { server.stop() }
    let text = String(repeating: "x", count: 1_000_000)
    let lines = [String](repeating: "broadcast \(text)", count: 20)
    let ending = try script(lines, 1)
    #expect(ending.errors.contains("] takes nothing more: "), "\(ending.errors)")
    #expect(ending.output.contains("sent to 0 connections\n"))
  }

  @Test func `mistakes are answered, and the rest goes on`() throws {
    let server = try serve()
    let ending = try script(["lst", "send 9999 x", "send", "", "help", "stats"], 1)
    #expect(ending.exitCode == 0)
    #expect(ending.errors.contains("there is no command 'lst': did you mean 'list'?\n"))
    #expect(ending.errors.contains("there is no connection with descriptor 9999; `list` shows"))
    #expect(ending.errors.contains("write: send DESCRIPTOR TEXT\n"))
    #expect(ending.output.contains("broadcast TEXT        the same on every connection\n"))
    #expect(ending.output.contains("1 open, 1 opened, 0 failed"))
    server.signal(SIGINT)
    _ = server.wait()
  }

  @Test func `a list is cut where it is long, and says so`() throws {
    let server = try serve()
    let ending = try script(["list", "list 2"], 30)
    let lines = ending.output.split(separator: "\n")
    #expect(lines.count { $0.hasSuffix(" open") } == 22)
    #expect(lines.contains("and 10 more; list 30 shows all"))
    #expect(lines.contains("and 28 more; list 30 shows all"))
    server.signal(SIGINT)
    _ = server.wait()
  }

  @Test func `a rate is kept`() throws {
    let server = try serve()
    let start = ContinuousClock.now
    #expect(try script([], 11, ["--rate", "20/s"]).exitCode == 0)
    // The eleventh is due after half a second, and never before.
    #expect(ContinuousClock.now - start >= .milliseconds(500))
    server.signal(SIGINT)
    _ = server.wait()
  }

  // MARK: When it goes wrong

  @Test func `where nobody listens, that is said, and it is exit 100`() throws {
    let ending = try script(["list"], 3)
    #expect(ending.exitCode == 100)
    #expect(ending.errors.hasPrefix("0 of 3 connections to \(network.endpoint) stand, in "))
    #expect(ending.errors.contains("\nlimit: server connect: ECONNREFUSED (Connection refused)\n"))
    #expect(ending.errors.contains("  nobody-listens: nobody listens\n"))
    #expect(ending.output.contains("0 open, 0 opened, 3 failed"))
  }

  @Test func `out of descriptors, it says so, keeps what stands, and is exit 100`() throws {
    let server = try serve()
    let totals = /(\d+) open, (\d+) opened, 1 failed.* received (\d+) B/
    let ending = try script(
      ["broadcast x"], 200, shell: "ulimit -n 100; exec \"$0\" \"$@\""
    ) {
      $0.firstMatch(of: totals).map { Int($0.3) == Int($0.1).map { $0 * 2 } } ?? false
    }
    #expect(ending.exitCode == 100)
    #expect(ending.errors.contains(" of 200 connections to "))
    #expect(ending.errors.contains("limit: client socket: EMFILE (Too many open files)\n"))
    #expect(ending.errors.contains("\n  fix "))
    let stats = try #require(ending.output.firstMatch(of: totals))
    #expect(stats.1 == stats.2)
    #expect(Int(stats.3) == Int(stats.1).map { $0 * 2 })
    server.signal(SIGINT)
    _ = server.wait()
  }

  @Test func `a soft limit is raised as far as it goes`() throws {
    let server = try serve()
    let ending = try script([], 200, shell: "ulimit -Sn 100; exec \"$0\" \"$@\"")
    #expect(ending.exitCode == 0)
    #expect(ending.output.hasPrefix("200 open,"))
    server.signal(SIGINT)
    _ = server.wait()
  }

  @Test func `a peer that closes is told`() throws {
    let server = try serve()
    let client = try connect(2)
    #expect(client.wait { client.errorsSoFar.contains("2 connections to ") })
    server.signal(SIGINT)
    #expect(server.wait().exitCode == 0)
    #expect(
      client.wait { client.outputSoFar.components(separatedBy: "] closed by the peer").count == 3 })
    try client.type("open 1")
    #expect(client.wait { client.errorsSoFar.contains("0 of 1 connections to ") })
    try client.endInput()
    let ending = client.wait()
    #expect(ending.exitCode == 100)
    #expect(ending.output.contains("0 open, 2 opened, 1 failed, 2 closed by the peer, 0 closed"))
  }

  @Test func `a peer's last words are shown, and what it did not take is not counted`() throws {
    let listener = try TCPListener(network.endpoint)
    let client = try connect(2)
    let peers = try (0..<2).map { _ in try listener.accept() }
    #expect(client.wait { client.errorsSoFar.contains("2 connections to ") })
    // The lines are obeyed one after the other, and one of them finds the reset before an event tells it.
    try client.type([String](repeating: "broadcast x", count: 5_000).joined(separator: "\n"))
    for peer in peers {
      _ = try peer.receive(1)
      try peer.send("busy")
      try peer.reset()
    }
    try client.endInput()
    let ending = client.wait()
    #expect(ending.output.components(separatedBy: "] \"busy\"\n").count == 3)
    #expect(ending.output.components(separatedBy: "] closed by the peer").count == 3)
    #expect(ending.output.contains(", received 8 B\n"))
    var left = 2
    for line in ending.output.split(separator: "\n") {
      if line.contains("] closed by the peer") { left -= 1 }
      if line.hasPrefix("sent to ") {
        #expect(line == "sent to \(left) \(left == 1 ? "connection" : "connections")")
      }
    }
  }

  @Test func `a session ends where nobody reads what it prints`() throws {
    let listener = try TCPListener(network.endpoint)
    let shell = "mkfifo stuck; exec 3<>stuck; exec \"$0\" \"$@\" >stuck"
    let client = try connect(1, shell: shell)
    let peer = try listener.accept()
    #expect(client.wait { client.errorsSoFar.contains("1 connection to ") })
    // More lines than a pipe holds, most of them from reads of their own.
    for _ in 0..<400 {
      try peer.send(String(repeating: "x", count: 900))
      usleep(2_000)
    }
    client.signal(SIGINT)
    // It has closed its connection, and its totals still wait for a reader.
    _ = try? peer.receive()
    client.signal(SIGTERM)
    #expect(client.wait(atMost: .seconds(20)).exitCode == 105)
  }

  @Test func `a connection from an endpoint to itself is none`() throws {
    let ending = try script(
      ["list"], 1, ["--sources", network.listen, "--ports", "\(network.port)-\(network.port)"])
    #expect(ending.exitCode == 100)
    #expect(
      ending.errors.contains("\nlimit: server connect: ECONNREFUSED (Connection refused)\n"),
      "\(ending.errors)")
    #expect(ending.output.contains("0 open, 0 opened, 1 failed"), "\(ending.output)")
  }

  @Test func `a handshake that is not answered ends in time`() throws {
    // Its queue takes two, and then the kernel answers nobody.
    let listener = try Listener(network.listen, network.port)
    let ending = try script([], 8, ["--timeout", "300ms"])
    #expect(ending.exitCode == 100)
    #expect(ending.errors.contains(" of 8 connections to "))
    #expect(ending.errors.contains("limit: server connect-timeout: the accept queue is full\n"))
    withExtendedLifetime(listener) {}
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `a signal ends it in order`(signal: Int32) throws {
    let server = try serve()
    let client = try connect(2)
    #expect(client.wait { client.errorsSoFar.contains("2 connections to ") })
    client.signal(signal)
    let ending = client.wait()
    #expect(ending.exitCode == 105)
    #expect(ending.output.hasPrefix("2 open, 2 opened"))
    server.signal(SIGINT)
    _ = server.wait()
  }

  @Test(arguments: [
    ("192.0.2.1:80", [], "is a public address: no load goes there by a slip of the pen; --allow"),
    ("nowhere.invalid:80", [], "nowhere.invalid has no address: "),
    ("10.99.99.99:80", ["--sources", "127.0.0.2"], "is another host, and nothing gets there from"),
  ])
  func `a target that cannot be used is exit 104`(
    target: String, arguments: [String], why: String
  ) throws {
    let ending = try script([], 1, arguments, to: target)
    #expect(ending.exitCode == 104)
    #expect(ending.output.isEmpty)
    #expect(ending.errorLines.count == 1)
    #expect(ending.errors.hasPrefix("runner: target \(target)"), "\(ending.errors)")
    #expect(ending.errors.contains(why), "\(ending.errors)")
  }

  @Test(arguments: [
    [], ["localhost"], ["::1:80"], ["localhost:80", "-n", "0"], ["localhost:80", "-n", "x"],
    ["localhost:80", "--sources", "here"], ["localhost:80", "--ports", "9-1"],
    ["localhost:80", "--rate", "5"], ["localhost:80", "--timeout", "5"],
  ])
  func `a wrong command line is exit 64 with the usage`(arguments: [String]) throws {
    let ending = try workspace.run(["connect"] + arguments)
    #expect(ending.exitCode == 64)
    #expect(ending.output.isEmpty)
    #expect(ending.errors.hasPrefix("Error: "))
    #expect(ending.errors.contains("Usage: runner connect <host:port>"))
  }

  @Test func `a wrong value is answered with what would be right`() throws {
    let target = try workspace.run(["connect", "localhost"])
    #expect(target.errors.contains("write HOST:PORT, for example server.example:80"))
    let rate = try workspace.run(["connect", "localhost:80", "--rate", "5"])
    #expect(rate.errors.contains("write 5/s for that many a second"))
  }

  @Test func `help has an example, every command and the exit codes`() throws {
    let output = try workspace.run(["connect", "--help"]).output
    let parts = ["runner connect 127.0.0.1:9000 --connections 5", "send DESCRIPTOR TEXT", "\\c"]
    for part in parts + [" 100 ", " 104 ", " 105 "] {
      #expect(output.contains(part), "\(part)")
    }
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    let start = drop { $0 == " " }
    return start[..<(start.lastIndex { $0 != " " }.map(start.index(after:)) ?? start.startIndex)]
  }
}
