import Addressing
import Glibc
import Linux
import Messages
import Probe
import SystemPackage
import Testing

/// Both ends on the real kernel, stepped in one thread.
@Suite(.tags(.realKernel), .timeLimit(.minutes(10))) struct RealKernelTests {
  /// TIME_WAITs of an endpoint, in either direction: asked of the kernel, as /proc/net/tcp may be longer than
  /// what is read of it where other programs have many sockets.
  private func timeWaits(of endpoint: SocketAddress) throws -> Int {
    var count = 0
    try SocketDiagnosis().each(.timeWait, anyOf: [.local(endpoint), .remote(endpoint)]) { _ in
      count += 1
    }
    return count
  }

  @Test(arguments: [true, false])
  func `two hundred connections are established, kept and closed`(reset: Bool) throws {
    let pair = try RealPair(
      [.open(goal: 200, rate: 20_000), .close(rate: nil, reset: reset)], host: reset ? 1 : 2,
      ports: 20_000...21_999)
    #expect(pair.serverBoard[.state] == WorkerState.ready.rawValue)
    #expect(pair.play(0))
    #expect(pair.clientBoard[.held] == 200)
    #expect(pair.run { pair.serverBoard[.held] == 200 })
    #expect(pair.clientBoard[.failures] == 0)
    #expect(pair.clientBoard.held(bySource: 0) == 200)

    #expect(pair.play(1))
    #expect(pair.clientBoard[.held] == 0)
    #expect(pair.run { pair.serverBoard[.held] == 0 })
    #expect(pair.serverBoard[.failures] == 0)
    #expect(pair.serverBoard[.closedByPeer] == 200)
    let left = try timeWaits(of: pair.endpoint)
    #expect(reset ? left == 0 : left > 0)
  }

  @Test func `what is sent comes back`() throws {
    let pair = try RealPair([.keep], host: 3, ports: 20_000...20_001)
    let socket = try Socket.open(v6: false)
    defer { Socket.close(socket) }
    try Socket.resetOnClose(socket, true)
    try Socket.connect(socket, to: pair.endpoint)
    let message = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    var sent = 0
    var echo: [UInt8] = []
    _ = pair.run {
      if sent < message.count {
        let transfer = message[sent...].withUnsafeBytes { Socket.send(socket, $0) }
        if case .moved(let count) = transfer { sent += count }
      }
      withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
        while case .moved(let count) = Socket.receive(socket, into: buffer) {
          echo += buffer[..<count]
        }
      }
      return echo.count >= message.count
    }
    #expect(echo == message)
    #expect(pair.serverBoard[.bytesReceived] == UInt64(message.count))
    #expect(pair.serverBoard[.bytesSent] == UInt64(message.count))
  }

  @Test func `what has come before a reset is received`() throws {
    let pair = try RealPair([.keep], host: 25, ports: 20_000...20_001)
    let socket = try Socket.open(v6: false)
    try Socket.resetOnClose(socket, true)
    try Socket.connect(socket, to: pair.endpoint)
    #expect(pair.run { pair.serverBoard[.held] == 1 })
    #expect(Array("hello".utf8).withUnsafeBytes { Socket.send(socket, $0) } == .moved(5))
    Socket.close(socket)
    #expect(pair.run { pair.serverBoard[.held] == 0 })
    #expect(pair.serverBoard[.bytesReceived] == 5)
    #expect(pair.serverBoard[.closedByPeer] == 1)
    #expect(pair.serverBoard[.failures] == 0)
  }

  @Test func `what stands behind urgent data comes back as well`() throws {
    let pair = try RealPair([.keep], host: 24, ports: 20_000...20_001)
    let socket = try Socket.open(v6: false)
    defer { Socket.close(socket) }
    try Socket.connect(socket, to: pair.endpoint)
    for (text, flags) in [("ab", 0), ("!", Int32(MSG_OOB)), ("cd", 0)] as [(String, Int32)] {
      #expect(text.withCString { Glibc.send(socket.rawValue, $0, strlen($0), flags) } > 0)
    }
    var echo: [UInt8] = []
    _ = pair.run {
      withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { buffer in
        while case .moved(let count) = Socket.receive(socket, into: buffer) {
          echo += buffer[..<count]
        }
      }
      return echo.count >= 4
    }
    #expect(echo == Array("abcd".utf8))
  }

  @Test func `a port that is held already is skipped`() throws {
    let ip = IPAddress.v4(0x7F4D_0004)
    let holder = try Socket.open(v6: false)
    defer { Socket.close(holder) }
    try Socket.bind(holder, to: SocketAddress(ip, 20_003))
    try Socket.listen(holder, backlog: 1)
    let pair = try RealPair([.open(goal: 10, rate: nil)], host: 4, ports: 20_000...20_009)
    #expect(pair.play(0))
    #expect(pair.clientBoard[.held] == 9)
    #expect(pair.clientBoard[.limited] == 1)
    let row = try #require(pair.clientBoard.failures.rows().first)
    #expect(row.call == .bind)
    #expect(row.errno == .addressInUse)
    #expect(row.count == 1)
    #expect(row.position == 3)
    #expect(pair.clientBoard[.portsSkipped] == 1)
    #expect(pair.run { pair.serverBoard[.held] == 9 })
  }

  @Test func `tuples of an earlier ramp are free again after a reset`() throws {
    let pair = try RealPair(
      [.open(goal: 50, rate: nil), .close(rate: nil, reset: true), .open(goal: 50, rate: nil)],
      host: 5, ports: 20_000...20_049)
    for phase in 0..<3 { #expect(pair.play(phase)) }
    #expect(pair.clientBoard[.held] == 50)
    #expect(pair.clientBoard[.failures] == 0)
    #expect(pair.clientBoard[.portsSkipped] == 0)
  }
}
