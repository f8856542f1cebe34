import Addressing
import Foundation
import Glibc
import Linux
import SystemPackage
import Testing

/// `runner serve`: the built-in server without a plan.
@Suite(.tags(.realKernel)) struct ServeTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  /// Starts a server and waits until it listens.
  private func serve(
    _ arguments: [String] = [], shell: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> RunningProgram {
    let program = try workspace.start(
      ["serve", "--listen", network.endpoint] + arguments, shell: shell)
    #expect(
      program.wait { program.errorsSoFar.contains("room for ") }, "\(program.errorsSoFar)",
      sourceLocation: sourceLocation)
    return program
  }

  /// Connections to the server's first endpoint.
  private func connect(_ count: Int) throws -> [FileDescriptor] {
    let endpoint = try #require(SocketAddress(network.endpoint))
    return try (0..<count).map { _ in
      let socket = try Socket.open(v6: false)
      try Socket.resetOnClose(socket, true)
      try Socket.connect(socket, to: endpoint)
      return socket
    }
  }

  private func send(_ text: String, on socket: FileDescriptor) -> Transfer {
    Array(text.utf8).withUnsafeBytes { Socket.send(socket, $0) }
  }

  @Test func `says where it listens, with how many processes, and what bounds it`() throws {
    let program = try serve()
    program.signal(SIGTERM)
    let ending = program.wait()
    #expect(ending.exitCode == 0)
    #expect(ending.errorLines.first == "listening on \(network.endpoint) with 1 process")
    #expect(ending.errorLines[1].contains(" connections, bound by "))
    #expect(ending.output.contains(": 0 accepted, 0 seen at once, 0 closed, 0 open at the end\n"))
  }

  /// As timeout(1) does: the program first, then the group that it is in, its workers among them.
  @Test func `tells its totals when it is asked to end twice, and its workers are, too`() throws {
    let program = try serve()
    let workers = ProcessTable.children(of: program.id)
    for worker in workers { kill(worker.id, SIGTERM) }
    program.signal(SIGTERM)
    program.signal(SIGTERM)
    let ending = program.wait()
    #expect(ending.exitCode == 0, "\(ending.errors)")
    #expect(ending.output.contains("served for"), "\(ending.output)")
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `counts what comes and goes, until it is asked to end`(signal: Int32) throws {
    let program = try serve()
    var sockets = try connect(5)
    #expect(program.wait { program.errorsSoFar.contains("5 connections, 5 accepted, 0 closed") })
    for socket in sockets.prefix(2) { Socket.close(socket) }
    sockets.removeFirst(2)
    #expect(program.wait { program.errorsSoFar.contains("3 connections, 5 accepted, 2 closed") })
    let workers = ProcessTable.children(of: program.id)
    #expect(workers.count == 1)
    program.signal(signal)
    let ending = program.wait()
    #expect(ending.exitCode == 0)
    #expect(
      ending.output.contains(": 5 accepted, 5 seen at once, 2 closed, 3 open at the end\n"),
      "\(ending.output)")
    #expect(workers.allSatisfy { !ProcessTable.isAlive($0) })
    for socket in sockets { Socket.close(socket) }
  }

  @Test func `--verbose shows what is received, harmlessly`() throws {
    let program = try serve(["--verbose", "--reply", "discard"])
    let sockets = try connect(1)
    #expect(program.wait { program.errorsSoFar.contains("1 connection,") })
    #expect(send("hi\u{1B}[2J \"you\"\n", on: sockets[0]) == .moved(13))
    #expect(program.wait { program.outputSoFar.contains("\n") })
    let line = try #require(program.outputSoFar.split(separator: "\n").first)
    #expect(line.wholeMatch(of: /\[descriptor \d+\] "hi\\x1b\[2J \\"you\\"\\n"/) != nil, "\(line)")
    #expect(send(String(repeating: "x", count: 60_000), on: sockets[0]) == .moved(60_000))
    #expect(program.wait { program.outputSoFar.contains("x\"… and ") })
    program.signal(SIGINT)
    let ending = program.wait()
    #expect(ending.output.contains("received 58.6 KiB, sent 0 B"), "\(ending.output.suffix(300))")
    #expect(ending.output.split(separator: "\n").allSatisfy { $0.count < 1200 })
    Socket.close(sockets[0])
  }

  @Test func `several processes listen on ports in a row`() throws {
    let program = try serve(["--processes", "3", "--verbose"])
    #expect(ProcessTable.children(of: program.id).count == 3)
    let last = "\(network.listen):\(network.port + 2)"
    #expect(
      program.errorsSoFar.hasPrefix("listening on \(network.endpoint) to \(last) with 3 processes"))
    let sockets = try connect(1)
    #expect(program.wait { program.errorsSoFar.contains("1 connection,") })
    #expect(send("x", on: sockets[0]) == .moved(1))
    #expect(program.wait { program.outputSoFar.hasPrefix("[\(network.endpoint) descriptor ") })
    program.signal(SIGINT)
    #expect(program.wait().exitCode == 0)
    Socket.close(sockets[0])
  }

  @Test func `--connections asks for as many processes as the descriptors make needful`() throws {
    let program = try serve(
      ["--connections", "500"], shell: "ulimit -n 200; exec \"$0\" \"$@\"")
    // 8 of 200 are a worker's own.
    #expect(ProcessTable.children(of: program.id).count == 3)
    program.signal(SIGINT)
    #expect(program.wait().exitCode == 0)
  }

  @Test func `tells its limit with cause and fix the moment it is met, and goes on`() throws {
    let program = try serve(shell: "ulimit -n 100; exec \"$0\" \"$@\"")
    #expect(program.errorsSoFar.contains("room for 92 connections, bound by server descriptors-"))
    let sockets = try connect(120)
    #expect(program.wait { program.errorsSoFar.contains("\n  fix  ") })
    #expect(
      program.errorsSoFar.contains("limit: server accept4: EMFILE (Too many open files)\n  cause "))
    #expect(program.errorsSoFar.contains("descriptors-per-process: no descriptors left"))
    for socket in sockets { Socket.close(socket) }
    #expect(program.wait { program.errorsSoFar.contains("] 0 connections,") })
    program.signal(SIGINT)
    let ending = program.wait()
    #expect(ending.exitCode == 0)
    #expect(ending.errors.components(separatedBy: "limit: ").count == 2)
    #expect(ending.output.contains("met a limit: server accept4: EMFILE"))
  }

  @Test func `a process that dies is told, and when it was the last one it is over`() throws {
    let program = try serve(["--processes", "2"])
    let workers = ProcessTable.children(of: program.id)
    #expect(workers.count == 2)
    kill(workers[0].id, SIGKILL)
    #expect(program.wait { program.errorsSoFar.contains("worker-died: a worker died\n") })
    #expect(ProcessTable.isAlive(workers[1]))
    kill(workers[1].id, SIGKILL)
    let ending = program.wait()
    #expect(ending.exitCode == 1)
    #expect(ending.errors.hasSuffix("runner: no server process is left\n"), "\(ending.errors)")
  }

  @Test func `--verbose goes on at rest when one of its processes has died`() throws {
    let program = try serve(["--verbose", "--processes", "2"])
    let workers = ProcessTable.children(of: program.id)
    kill(workers[0].id, SIGKILL)
    #expect(program.wait { program.errorsSoFar.contains("worker-died: a worker died\n") })
    let before = try #require(ProcessTable.ticks(of: program.id))
    usleep(1_000_000)
    let after = try #require(ProcessTable.ticks(of: program.id))
    // Hundredths of a second.
    #expect(after - before < 30)
    program.signal(SIGINT)
    #expect(program.wait().exitCode == 0)
  }

  @Test func `--verbose ends where nobody reads what it prints`() throws {
    let shell = "mkfifo stuck; exec 3<>stuck; exec \"$0\" \"$@\" >stuck"
    let program = try serve(["--verbose", "--reply", "discard"], shell: shell)
    let sockets = try connect(1)
    defer { for socket in sockets { Socket.close(socket) } }
    // More lines than a pipe holds, most of them from reads of their own.
    let text = String(repeating: "x", count: 900)
    for _ in 0..<400 {
      _ = send(text, on: sockets[0])
      usleep(2_000)
    }
    let workers = ProcessTable.children(of: program.id)
    program.signal(SIGINT)
    #expect(holds(within: .seconds(20)) { !workers.contains(where: ProcessTable.isAlive) })
    // Its totals still wait for a reader.
    usleep(1_100_000)
    program.signal(SIGINT)
    #expect(program.wait(atMost: .seconds(20)).exitCode == 0)
  }

  @Test func `totals stand on a line of their own, though the one before was cut`() throws {
    let shell = "mkfifo stuck; exec 3<>stuck; exec \"$0\" \"$@\" >stuck"
    let program = try serve(["--verbose", "--json", "--reply", "discard"], shell: shell)
    let sockets = try connect(1)
    defer { for socket in sockets { Socket.close(socket) } }
    let fifo = try FileDescriptor.open(
      workspace.directory.appendingPathComponent("stuck").path, .readOnly, options: .nonBlocking)
    defer { try? fifo.close() }
    for _ in 0..<100 {
      _ = send(String(repeating: "x", count: 900), on: sockets[0])
      usleep(2_000)
    }
    let workers = ProcessTable.children(of: program.id)
    program.signal(SIGINT)
    #expect(holds(within: .seconds(20)) { !workers.contains(where: ProcessTable.isAlive) })
    var (text, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
    #expect(
      holds(within: .seconds(20)) {
        let count = buffer.withUnsafeMutableBytes { (try? fifo.read(into: $0)) ?? 0 }
        text += buffer[..<count]
        return text.suffix(2).elementsEqual("}\n".utf8)
      })
    #expect(program.wait(atMost: .seconds(20)).exitCode == 0)
    let last = try #require(String(decoding: text, as: UTF8.self).split(separator: "\n").last)
    #expect(last.hasPrefix("{"), "\(last.prefix(100))")
  }

  @Test func `totals add up, whatever a process that died has held`() throws {
    let program = try serve(["--processes", "2"])
    let endpoint = try #require(SocketAddress(network.endpoint))
    let sockets = try (0..<5).map { number in
      let socket = try Socket.open(v6: false)
      try Socket.resetOnClose(socket, true)
      try Socket.connect(
        socket, to: SocketAddress(endpoint.ip, endpoint.port + (number < 2 ? 0 : 1)))
      return socket
    }
    defer { for socket in sockets { Socket.close(socket) } }
    #expect(program.wait { program.errorsSoFar.contains("5 connections, 5 accepted") })
    kill(ProcessTable.children(of: program.id)[0].id, SIGKILL)
    #expect(program.wait { program.errorsSoFar.contains("worker-died: a worker died\n") })
    program.signal(SIGINT)
    let ending = program.wait()
    #expect(
      ending.output.contains(
        ": 5 accepted, 5 seen at once, 0 closed, 3 open at the end, 2 lost with a process that died\n"
      ),
      "\(ending.output)")
  }

  @Test func `totals add up, whoever comes while the server ends`() throws {
    let program = try serve()
    let worker = try #require(ProcessTable.children(of: program.id).first)
    // Stopped, it finds the order to quit and the connection at once.
    kill(worker.id, SIGSTOP)
    #expect(holds(within: .seconds(20)) { ProcessTable.state(of: worker.id) == "T" })
    let before = ProcessTable.eventCount(of: worker.id)
    program.signal(SIGINT)
    #expect(holds(within: .seconds(20)) { ProcessTable.eventCount(of: worker.id) > before })
    let sockets = try connect(1)
    #expect(holds(within: .seconds(20)) { Socket.peerAddress(of: sockets[0]) != nil })
    kill(worker.id, SIGCONT)
    let ending = program.wait()
    #expect(
      ending.output.contains(": 1 accepted, 1 seen at once, 0 closed, 1 open at the end\n"),
      "\(ending.output)")
    for socket in sockets { Socket.close(socket) }
  }

  @Test func `a second signal ends it at once, and its processes with it`() throws {
    let program = try serve()
    let workers = ProcessTable.children(of: program.id)
    // Stopped, a worker cannot end in order, and its parent finds both signals at once.
    for worker in workers { kill(worker.id, SIGSTOP) }
    program.signal(SIGINT)
    program.signal(SIGTERM)
    #expect(program.wait(atMost: .seconds(20)).exitCode == 0)
    #expect(holds(within: .seconds(20)) { !workers.contains(where: ProcessTable.isAlive) })
  }

  @Test func `a port that is taken is exit 100`() throws {
    let listener = try Listener(network.listen, network.port)
    let ending = try workspace.run(["serve", "--listen", network.endpoint])
    #expect(ending.exitCode == 100)
    #expect(ending.output.isEmpty)
    #expect(
      ending.errors.hasPrefix("limit: server bind: EADDRINUSE (Address already in use)\n"),
      "\(ending.errors)")
    #expect(ending.errors.contains("port-taken: the port is taken\n"))
    #expect(!ending.errors.contains("listening"))
    withExtendedLifetime(listener) {}
  }

  @Test func `an address that is not this host's is exit 100`() throws {
    let ending = try workspace.run(["serve", "--listen", "192.0.2.1:9000"])
    #expect(ending.exitCode == 100)
    #expect(ending.errors.hasPrefix("limit: server bind: EADDRNOTAVAIL"), "\(ending.errors)")
    #expect(ending.errors.contains("\n  fix "))
  }

  private struct Totals: Decodable {
    let version, accepted, most, held, closed: Int
    let endpoints: [String]
    let bytes: [String: Int]
  }

  @Test func `--quiet says nothing and --json one line`() throws {
    let program = try workspace.start(
      ["serve", "--listen", network.endpoint, "--quiet", "--json"])
    let address = try #require(SocketAddress(network.endpoint))
    let socket = try Socket.open(v6: false)
    #expect(
      program.wait {
        guard let probe = try? Socket.open(v6: false) else { return false }
        defer { Socket.close(probe) }
        try? Socket.connect(probe, to: address)
        Poll.waitReadable([probe], until: .now().advanced(by: .milliseconds(20)))
        return Socket.pendingError(probe) == nil
          && !ProcessTable.children(of: program.id).isEmpty && Self.isConnected(probe)
      })
    try Socket.connect(socket, to: address)
    #expect(send("abc", on: socket) == .moved(3))
    Poll.waitReadable([socket], until: .now().advanced(by: .seconds(20)))
    program.signal(SIGINT)
    let ending = program.wait()
    #expect(ending.exitCode == 0)
    #expect(ending.errors.isEmpty, "\(ending.errors)")
    #expect(ending.output.split(separator: "\n").count == 1)
    let totals = try JSONDecoder().decode(Totals.self, from: Data(ending.output.utf8))
    #expect(totals.version == 1)
    #expect(totals.endpoints == [network.endpoint])
    #expect(totals.accepted >= 2)
    #expect(totals.bytes == ["received": 3, "sent": 3])
    Socket.close(socket)
  }

  private static func isConnected(_ socket: FileDescriptor) -> Bool {
    // Sending on a socket without a peer fails.
    [UInt8]().withUnsafeBytes { Socket.send(socket, $0) } == .moved(0)
  }

  @Test(arguments: [
    [], ["--listen", "nowhere:80"], ["--listen", "127.0.0.1"], ["--listen", "127.0.0.1:0"],
    ["--listen", "127.0.0.1:9000", "--reply", "ehco"],
    ["--listen", "127.0.0.1:9000", "--reply", "send:\\q"],
    ["--listen", "127.0.0.1:9000", "--processes", "0"],
    ["--listen", "127.0.0.1:65535", "--processes", "2"],
    ["--listen", "127.0.0.1:9000", "--readiness", "sometimes"],
    ["--listen", "127.0.0.1:9000", "--connections", "some"],
    ["--listen", "127.0.0.1:9000", "--backlog", "-1"],
  ])
  func `a wrong command line is exit 64 with the usage`(arguments: [String]) throws {
    let ending = try workspace.run(["serve"] + arguments)
    #expect(ending.exitCode == 64)
    #expect(ending.output.isEmpty)
    #expect(ending.errors.hasPrefix("Error: "))
    #expect(ending.errors.contains("Usage: runner serve"))
  }

  @Test func `a wrong value is answered with what would be right`() throws {
    let word = try workspace.run(["serve", "--listen", "127.0.0.1:9000", "--reply", "ehco"])
    #expect(word.errors.contains("did you mean 'echo'?"))
    let room = try workspace.run(["serve", "--listen", "127.0.0.1:65535", "--processes", "2"])
    #expect(
      room.errors.contains("2 server processes need as many endpoints, and --listen has 1: "))
  }

  @Test func `help has an example, the replies and the exit codes`() throws {
    let output = try workspace.run(["serve", "--help"]).output
    for part in ["runner serve --listen 127.0.0.1:9000 --verbose", "send:TEXT", " 100 ", " 64 "] {
      #expect(output.contains(part), "\(part)")
    }
  }
}
