import Addressing
import Linux
import SystemPackage
import Testing

@Suite struct SocketTests {
  /// A listener at the first free port of an address that only these tests use.
  private func listener(_ ip: IPAddress) throws -> (FileDescriptor, SocketAddress) {
    for port in 32_000..<33_000 as Range<UInt16> {
      let socket = try Socket.open(v6: ip.isV6)
      let address = SocketAddress(ip, port)
      if (try? Socket.bind(socket, to: address)) != nil {
        try Socket.listen(socket, backlog: 16)
        return (socket, address)
      }
      Socket.close(socket)
    }
    throw Errno.addressInUse
  }

  private func connection(_ ip: IPAddress) throws -> (FileDescriptor, FileDescriptor) {
    let (listener, address) = try listener(ip)
    defer { Socket.close(listener) }
    let client = try Socket.open(v6: ip.isV6)
    try Socket.connect(client, to: address)
    Poll.waitReadable([listener], until: .now().advanced(by: .seconds(5)))
    return (client, try #require(try Socket.accept(listener)).descriptor)
  }

  private func receive(_ socket: FileDescriptor) -> (Transfer, [UInt8]) {
    Poll.waitReadable([socket], until: .now().advanced(by: .seconds(5)))
    var bytes = [UInt8](repeating: 0, count: 64)
    let transfer = bytes.withUnsafeMutableBytes { Socket.receive(socket, into: $0) }
    guard case .moved(let count) = transfer else { return (transfer, []) }
    return (transfer, Array(bytes[..<count]))
  }

  private func send(_ socket: FileDescriptor, _ bytes: [UInt8]) -> Transfer {
    bytes.withUnsafeBytes { Socket.send(socket, $0) }
  }

  @Test(arguments: [.v4(0x7F4E_0001), .v6(1)] as [IPAddress])
  func `bytes go both ways, until one side closes`(ip: IPAddress) throws {
    let (client, server) = try connection(ip)
    defer { Socket.close(client) }
    #expect(send(client, [1, 2, 3]) == .moved(3))
    #expect(receive(server).1 == [1, 2, 3])
    #expect(send(server, [4]) == .moved(1))
    #expect(receive(client).1 == [4])
    var buffer = [UInt8](repeating: 0, count: 8)
    #expect(buffer.withUnsafeMutableBytes { Socket.receive(client, into: $0) } == .wouldBlock)
    Socket.close(server)
    #expect(receive(client).0 == .closed)
  }

  @Test func `a reset is a failure of whoever reads next, and a pipe without a signal`() throws {
    let (client, server) = try connection(.v4(0x7F4E_0002))
    defer { Socket.close(client) }
    try Socket.resetOnClose(server, true)
    Socket.close(server)
    #expect(receive(client).0 == .failed(.connectionReset))
    #expect(send(client, [1]) == .failed(.brokenPipe))
  }

  @Test func `a full socket would block`() throws {
    let (client, server) = try connection(.v4(0x7F4E_0003))
    defer { for socket in [client, server] { Socket.close(socket) } }
    let bytes = [UInt8](repeating: 0, count: 1 << 20)
    var outcome = Transfer.moved(0)
    for _ in 0..<100 {
      outcome = send(client, bytes)
      if outcome == .wouldBlock { break }
    }
    #expect(outcome == .wouldBlock)
  }

  @Test func `nobody waits at a fresh listener`() throws {
    let (listener, _) = try listener(.v4(0x7F4E_0004))
    defer { Socket.close(listener) }
    #expect(try Socket.accept(listener)?.descriptor == nil)
  }

  @Test func `a refused connection says so, at once or when asked`() throws {
    let (listener, address) = try listener(.v4(0x7F4E_0005))
    Socket.close(listener)
    let client = try Socket.open(v6: false)
    defer { Socket.close(client) }
    do {
      try Socket.connect(client, to: address)
      #expect(Socket.pendingError(client) == .connectionRefused)
    } catch {
      #expect(error == .connectionRefused)
    }
  }

  @Test func `of what is no socket the error is its own`() throws {
    let nothing = FileDescriptor(rawValue: 1_000_000)
    #expect(Socket.pendingError(nothing) == .badFileDescriptor)
    #expect(Socket.localAddress(of: nothing) == nil)
    #expect(Socket.peerAddress(of: nothing) == nil)
    #expect(throws: Errno.badFileDescriptor) { try Socket.reuseAddress(nothing) }
    #expect(throws: Errno.badFileDescriptor) { try Socket.resetOnClose(nothing, true) }
    #expect(throws: Errno.badFileDescriptor) { try Socket.sendAtOnce(nothing) }
    #expect(throws: Errno.badFileDescriptor) { try Socket.finishSending(nothing) }
    #expect(throws: Errno.badFileDescriptor) { try Socket.listen(nothing, backlog: 1) }
    #expect(throws: Errno.badFileDescriptor) { try Socket.accept(nothing) }
    #expect(send(nothing, [1]) == .failed(.badFileDescriptor))
    let fresh = try Socket.open(v6: false)
    defer { Socket.close(fresh) }
    #expect(Socket.pendingError(fresh) == nil)
    #expect(Socket.peerAddress(of: fresh) == nil)
    #expect(Socket.localAddress(of: fresh) == SocketAddress(.v4(0), 0))
    try Socket.sendAtOnce(fresh)
    #expect(Socket.isLocal(.v4(0x7F4E_000A)))
    #expect(!Socket.isLocal(.v4(0xC000_0201)))
  }

  @Test func `who has finished sending still hears`() throws {
    let (client, server) = try connection(.v4(0x7F4E_000B))
    defer { for socket in [client, server] { Socket.close(socket) } }
    try Socket.finishSending(client)
    #expect(receive(server).0 == .closed)
    #expect(send(server, [5]) == .moved(1))
    #expect(receive(client).1 == [5])
    #expect(Socket.peerAddress(of: client) == Socket.localAddress(of: server))
  }

  @Test func `an address in use, or not here, cannot be bound`() throws {
    let (listener, address) = try listener(.v4(0x7F4E_0006))
    defer { Socket.close(listener) }
    let socket = try Socket.open(v6: false)
    defer { Socket.close(socket) }
    try Socket.reuseAddress(socket)
    #expect(throws: Errno.addressInUse) { try Socket.bind(socket, to: address) }
    // TEST-NET-1 of RFC 5737 is nobody's.
    let nowhere = SocketAddress(.v4(0xC000_0201), 32_000)
    #expect(throws: Errno.addressNotAvailable) { try Socket.bind(socket, to: nowhere) }
    #expect(Socket.pendingError(socket) == nil)
  }

  @Test func `with SO_REUSEADDR at both, an address is shared by connections to two endpoints`()
    throws
  {
    let (first, firstAddress) = try listener(.v4(0x7F4E_0007))
    let (second, secondAddress) = try listener(.v4(0x7F4E_0008))
    defer { for socket in [first, second] { Socket.close(socket) } }
    let source = SocketAddress(.v4(0x7F4E_0009), 32_123)
    var sockets: [FileDescriptor] = []
    defer { for socket in sockets { Socket.close(socket) } }
    for endpoint in [firstAddress, secondAddress, secondAddress] {
      let socket = try Socket.open(v6: false)
      sockets.append(socket)
      try Socket.reuseAddress(socket)
      try Socket.resetOnClose(socket, true)
      try Socket.bind(socket, to: source)
      if sockets.count < 3 {
        try Socket.connect(socket, to: endpoint)
      } else {
        #expect(throws: Errno.addressNotAvailable) { try Socket.connect(socket, to: endpoint) }
      }
    }
  }
}
