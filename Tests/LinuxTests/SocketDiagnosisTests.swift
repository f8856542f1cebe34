import Addressing
import SystemPackage
import Testing

@testable import Linux

@Suite struct SocketDiagnosisTests {
  /// A listener on an address that only this test uses.
  private func listener(
    _ address: String, backlog: Int32
  ) throws -> (FileDescriptor, SocketAddress) {
    let socket = try Socket.open(v6: address.contains(":"))
    try Socket.bind(socket, to: SocketAddress(try #require(IPAddress(address)), 0))
    try Socket.listen(socket, backlog: backlog)
    return (socket, try #require(Socket.localAddress(of: socket)))
  }

  private func client(
    of address: SocketAddress, from source: String
  ) throws -> FileDescriptor {
    let socket = try Socket.open(v6: address.ip.isV6)
    try Socket.resetOnClose(socket, true)
    try Socket.bind(socket, to: SocketAddress(try #require(IPAddress(source)), 0))
    try Socket.connect(socket, to: address)
    return socket
  }

  private func sockets(
    _ states: TCPStates, _ conditions: [SocketCondition]
  ) throws -> [DiagnosedSocket] {
    var found: [DiagnosedSocket] = []
    try SocketDiagnosis().each(states, anyOf: conditions) { found.append($0) }
    return found
  }

  @Test func `a listener's queue, its backlog and what it dropped are told`() throws {
    let (listener, address) = try listener("127.31.7.1", backlog: 2)
    var clients: [FileDescriptor] = []
    defer { for socket in clients + [listener] { Socket.close(socket) } }
    let empty = try #require(try sockets(.listen, [.local(address)]).first)
    #expect(empty.waiting == 0)
    #expect(empty.backlog == 2)
    #expect(empty.drops == 0)

    for _ in 0..<20 { clients.append(try client(of: address, from: "127.31.7.2")) }
    let full = try #require(try sockets(.listen, [.localPort(address.port)]).first)
    // The kernel lets one more wait than it was asked to.
    #expect(full.waiting == 3)
    #expect(try #require(full.drops) >= 17)
  }

  @Test(arguments: [("127.31.8.1", "127.31.8.2"), ("::1", "::1")])
  func `connections are told from those that nobody accepted`(
    server: String, source: String
  ) throws {
    let (listener, address) = try listener(server, backlog: 16)
    var open = [listener]
    defer { for socket in open { Socket.close(socket) } }
    for _ in 0..<5 { open.append(try client(of: address, from: source)) }
    for _ in 0..<3 { open.append(try #require(try Socket.accept(listener)).descriptor) }

    let atServer = try sockets(.established, [.local(address)])
    #expect(atServer.count == 5)
    #expect(atServer.count { $0.hasOwner } == 3)
    #expect(atServer.allSatisfy { $0.local == address && $0.remote.ip == IPAddress(source) })
    let atClient = try sockets(.established, [.remote(address)])
    #expect(atClient.count == 5)
    #expect(atClient.allSatisfy { $0.hasOwner && $0.remote == address })
  }

  @Test func `any of many conditions may hold, and no other socket is told of`() throws {
    let listeners = try (1...40).map { try listener("127.31.9.\($0)", backlog: 1) }
    defer { for (socket, _) in listeners { Socket.close(socket) } }
    let wanted = listeners.prefix(30).map(\.1)
    let found = try sockets(.listen, wanted.map(SocketCondition.local))
    #expect(Set(found.map(\.local)) == Set(wanted))
    // More than one question of the kernel takes.
    let many = (0..<1500).map { SocketCondition.local(SocketAddress(.v4(1), UInt16(1 + $0))) }
    #expect(try sockets(.listen, many + [.local(wanted[0])]).map(\.local) == [wanted[0]])
    #expect(try sockets(.listen, []).isEmpty)
    // Wherever it stands among them, at the end of one question and the beginning of the next too.
    for place in [0, 1, 998, 999, 1000, 1001, 1499] {
      var conditions = many
      conditions[place] = .local(wanted[1])
      #expect(try sockets(.listen, conditions).map(\.local) == [wanted[1]], "at \(place)")
    }
  }

  @Test func `a listener of IPv6 that takes IPv4 as well is found by its port`() throws {
    let (listener, address) = try listener("::", backlog: 1)
    defer { Socket.close(listener) }
    let found = try sockets(.listen, [.localPort(address.port)])
    #expect(found.contains { $0.local == address })
  }

  @Test func `the kernel's reasons are found by their names, whatever their numbers`() {
    let format = """
      print fmt: "%s", __print_symbolic(REC->reason, { 2, "NOT_SPECIFIED" }, \
      { 0xc, "NETFILTER_DROP" }, { 41, "TCP_LISTEN_OVERFLOW" })
      """
    #expect(
      PacketDropTrace.filter(for: ["NETFILTER_DROP", "TCP_LISTEN_OVERFLOW"], format: format)
        == "(protocol == 2048 || protocol == 34525) && (reason == 0xc || reason == 41)")
    #expect(PacketDropTrace.filter(for: ["XDP"], format: format) == nil)
  }

  /// As `struct inet_diag_bc_op` and `struct inet_diag_hostcond` have them.
  @Test func `a filter has the bytes that the kernel reads`() throws {
    let v6: [UInt8] = [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [9]
    let address = try #require(IPAddress("2001:db8::9"))
    let any: [UInt8] = [255, 255, 255, 255]
    for (condition, bytes) in [
      (.localPort(0x1234), [7, 12, 16, 0, 0, 0, 0, 0, 0x34, 0x12, 0, 0]),
      (.remotePort(5), [8, 12, 16, 0, 0, 0, 0, 0, 5, 0, 0, 0]),
      (.localAddress(.v4(0x7F00_0102)), [7, 16, 20, 0, 2, 32, 0, 0] + any + [127, 0, 1, 2]),
      (.remoteAddress(.v4(1)), [8, 16, 20, 0, 2, 32, 0, 0] + any + [0, 0, 0, 1]),
      (.local(SocketAddress(.v4(1), 80)), [7, 16, 20, 0, 2, 32, 0, 0, 80, 0, 0, 0, 0, 0, 0, 1]),
      (.remote(SocketAddress(address, 80)), [8, 28, 32, 0, 10, 128, 0, 0, 80, 0, 0, 0] + v6),
      (.localAddress(address), [7, 28, 32, 0, 10, 128, 0, 0] + any + v6),
    ] as [(SocketCondition, [UInt8])] {
      #expect(SocketFilter([condition]).bytes == bytes, "\(condition)")
    }
    // The first of two that holds jumps over the second, to the end.
    let two = SocketFilter([.localPort(1), .remotePort(2)]).bytes
    #expect(two[..<4] == [7, 12, 16, 0])
    #expect(two[12..<16] == [1, 4, 16, 0])
    #expect(two[16..<20] == [8, 12, 16, 0])
    let request = DiagnosisRequest.bytes(
      number: 7, family: 2, states: .listen, filter: SocketFilter([.localPort(1)]))
    #expect(request.count == 16 + 56 + 4 + 12)
    #expect(request[..<16] == [88, 0, 0, 0, 20, 0, 1, 3, 7, 0, 0, 0, 0, 0, 0, 0])
    #expect(request[16..<20] == [2, 6, 64, 0])
    #expect(request[20..<24] == [0, 4, 0, 0])
    #expect(request[24..<64].allSatisfy { $0 == 0 })
    #expect(request[64..<72].allSatisfy { $0 == 255 })
    #expect(request[72..<76] == [16, 0, 1, 0])
    let others = DiagnosisRequest.bytes(
      number: 0x0102_0304, family: 10, states: .established, filter: SocketFilter([]))
    #expect(others[8..<12] == [4, 3, 2, 1])
    #expect(others[16..<20] == [10, 6, 0, 0])
  }
}
