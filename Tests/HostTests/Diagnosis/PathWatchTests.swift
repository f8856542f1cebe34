import Addressing
import Glibc
import Linux
import Recording
import SystemPackage
import Testing

@testable import Host

/// Real listeners and connections, on addresses that only these tests use.
@Suite struct PathWatchTests {
  private func listener(_ address: String, backlog: Int32) throws -> (FileDescriptor, SocketAddress)
  {
    let socket = try Socket.open(v6: false)
    try Socket.bind(socket, to: SocketAddress(try #require(IPAddress(address)), 0))
    try Socket.listen(socket, backlog: backlog)
    return (socket, try #require(Socket.localAddress(of: socket)))
  }

  private func client(
    of address: SocketAddress, from source: String, port: UInt16 = 0, resets: Bool = true
  ) throws -> FileDescriptor {
    let socket = try Socket.open(v6: false)
    if resets { try Socket.resetOnClose(socket, true) }
    try Socket.bind(socket, to: SocketAddress(try #require(IPAddress(source)), port))
    try Socket.connect(socket, to: address)
    return socket
  }

  @Test func `what a server has accepted is counted at its own kernel`() throws {
    let (listener, address) = try listener("127.33.1.1", backlog: 16)
    let source = try #require(IPAddress("127.33.1.2"))
    var open = [listener]
    defer { for socket in open { Socket.close(socket) } }
    let watch = PathWatch(endpoints: [address], sources: [source])
    #expect(watch.knowsServer)
    for _ in 0..<8 { open.append(try client(of: address, from: "127.33.1.2")) }
    // Somebody else's connection, or one of ours, translated: none of ours has arrived as it is.
    open.append(try client(of: address, from: "127.33.1.3"))
    #expect(watch.waiting == 9)
    #expect(watch.acceptance(of: [getpid()], holding: 8) == AcceptanceCount(accepted: 0, alone: 8))
    for _ in 0..<5 { open.append(try #require(try Socket.accept(listener)).descriptor) }
    #expect(watch.acceptance(of: [getpid()], holding: 8) == AcceptanceCount(accepted: 5, alone: 3))
    while let socket = try Socket.accept(listener)?.descriptor { open.append(socket) }
    #expect(watch.waiting == 0)
    #expect(watch.acceptance(of: [getpid()], holding: 8) == AcceptanceCount(accepted: 8, alone: 0))
  }

  @Test func `what a server keeps of closed connections is no other program's`() throws {
    let (listener, address) = try listener("127.33.14.1", backlog: 16)
    var open = [listener]
    defer { for socket in open { Socket.close(socket) } }
    let watch = PathWatch(endpoints: [address], sources: [try #require(IPAddress("127.33.14.2"))])
    let closed = try (0..<3).map { _ in
      try client(of: address, from: "127.33.14.2", resets: false)
    }
    open.append(try client(of: address, from: "127.33.14.2"))
    for _ in 0..<4 { open.append(try #require(try Socket.accept(listener)).descriptor) }
    #expect(watch.heldAtBothEnds == 4)
    // The server has not read the end of these.
    for socket in closed { Socket.close(socket) }
    #expect(watch.heldAtBothEnds == 1)
    #expect(watch.leftAtServer == 0)
  }

  @Test func `what a process holds alone is told from what others have from the same address`()
    throws
  {
    let (listener, address) = try listener("127.33.15.1", backlog: 16)
    var open = [listener]
    defer { for socket in open { Socket.close(socket) } }
    let watch = PathWatch(endpoints: [address], sources: [try #require(IPAddress("127.33.15.2"))])
    for _ in 0..<5 { open.append(try client(of: address, from: "127.33.15.2")) }
    for _ in 0..<2 { open.append(try #require(try Socket.accept(listener)).descriptor) }
    #expect(watch.acceptance(of: [getpid()], holding: 5) == AcceptanceCount(accepted: 2, alone: 3))
    // Of a process that says it has three, two are others'; whose wait, its descriptors tell.
    #expect(watch.acceptance(of: [getpid()], holding: 3) == AcceptanceCount(accepted: 2, alone: 3))
    // Where nobody may look, all of the others' may be among them.
    #expect(watch.acceptance(of: [1 << 30], holding: 3) == AcceptanceCount(accepted: 0, alone: 1))
    while let socket = try Socket.accept(listener)?.descriptor { open.append(socket) }
    #expect(watch.acceptance(of: [getpid()], holding: 3) == AcceptanceCount(accepted: 5, alone: 0))
  }

  @Test func `another program's connection from the same port is no acceptance of ours`() throws {
    let (listener, address) = try listener("127.33.16.1", backlog: 16)
    var open = [listener]
    defer { for socket in open { Socket.close(socket) } }
    let watch = PathWatch(endpoints: [address], sources: [try #require(IPAddress("127.33.16.2"))])
    open.append(try client(of: address, from: "127.33.16.3", port: 3456))
    open.append(try #require(try Socket.accept(listener)).descriptor)
    open.append(try client(of: address, from: "127.33.16.2", port: 3456))
    #expect(watch.acceptance(of: [getpid()], holding: 1) == AcceptanceCount(accepted: 0, alone: 1))
  }

  @Test func `an endpoint whose listener is gone hides nothing at another one`() throws {
    let (closing, first) = try listener("127.33.17.1", backlog: 16)
    let (staying, second) = try listener("127.33.17.2", backlog: 16)
    var open = [staying]
    defer { for socket in open { Socket.close(socket) } }
    let watch = PathWatch(
      endpoints: [first, second], sources: [try #require(IPAddress("127.33.17.3"))])
    open.append(try client(of: first, from: "127.33.17.3"))
    open.append(try #require(try Socket.accept(closing)).descriptor)
    Socket.close(closing)
    for _ in 0..<2 { open.append(try client(of: second, from: "127.33.17.3")) }
    open.append(try #require(try Socket.accept(staying)).descriptor)
    #expect(watch.acceptance(of: [getpid()], holding: 3) == AcceptanceCount(accepted: 2, alone: 1))
  }

  @Test func `a server at every address is asked, too`() throws {
    let (listener, bound) = try listener("0.0.0.0", backlog: 16)
    var open = [listener]
    defer { for socket in open { Socket.close(socket) } }
    let watch = PathWatch(endpoints: [bound], sources: [try #require(IPAddress("127.33.18.2"))])
    let here = SocketAddress(try #require(IPAddress("127.33.18.1")), bound.port)
    for _ in 0..<3 { open.append(try client(of: here, from: "127.33.18.2")) }
    open.append(try #require(try Socket.accept(listener)).descriptor)
    #expect(watch.knowsServer)
    #expect(watch.waiting == 2)
    #expect(watch.acceptance(of: [getpid()], holding: 3) == AcceptanceCount(accepted: 1, alone: 2))
  }

  @Test func `what was dropped before is not the phase's when one of two sockets is closed`() throws
  {
    var open: [FileDescriptor] = []
    defer { for socket in open { Socket.close(socket) } }
    var address = SocketAddress(try #require(IPAddress("127.33.2.3")), 0)
    for _ in 0..<2 {
      let socket = try Socket.open(v6: false)
      open.append(socket)
      var on: Int32 = 1
      #expect(unsafe setsockopt(socket.rawValue, SOL_SOCKET, SO_REUSEPORT, &on, 4) == 0)
      try Socket.bind(socket, to: address)
      try Socket.listen(socket, backlog: 1)
      address = try #require(Socket.localAddress(of: socket))
    }
    // Both queues overflow.
    for _ in 0..<40 { open.append(try client(of: address, from: "127.33.2.4")) }
    let watch = PathWatch(endpoints: [address], sources: [try #require(IPAddress("127.33.2.4"))])
    watch.begin([:], clientsHaveConnected: false)
    Socket.close(open.removeFirst())
    let readings = watch.look([:], timedOut: false).values
    #expect(watch.findings.listeners["\(address)"]?.drops == 0)
    #expect(readings[.listenerDrops] == 0)
  }

  @Test func `a full queue and its drops are those of the phase`() throws {
    let (listener, address) = try listener("127.33.2.1", backlog: 1)
    var open = [listener]
    defer { for socket in open { Socket.close(socket) } }
    for _ in 0..<6 { open.append(try client(of: address, from: "127.33.2.2")) }
    let watch = PathWatch(endpoints: [address], sources: [try #require(IPAddress("127.33.2.2"))])
    watch.begin([:], clientsHaveConnected: false)
    _ = watch.look([:], timedOut: false)
    let quiet = try #require(watch.findings.listeners["\(address)"])
    #expect(quiet.mostWaiting == 2)
    #expect(quiet.backlog == 1)
    #expect(quiet.drops == 0)
    for _ in 0..<4 { open.append(try client(of: address, from: "127.33.2.2")) }
    let readings = watch.look([:], timedOut: false).values
    #expect(try #require(watch.findings.listeners["\(address)"]?.drops) >= 4)
    let drops = try #require(readings[.listenerDrops])
    #expect(drops >= 4)
    #expect(readings[.listenerWaiting] == 2)

    // The server starts anew.
    for socket in open { Socket.close(socket) }
    let again = try Socket.open(v6: false)
    open = [again]
    try Socket.reuseAddress(again)
    try Socket.bind(again, to: address)
    try Socket.listen(again, backlog: 1)
    let later = watch.look([:], timedOut: false).values
    #expect(try #require(later[.listenerDrops]) >= drops)
  }

  @Test
  func `an endpoint that nobody listens at is withoutListener, and nothing is accepted there`()
    throws
  {
    let (listener, address) = try listener("127.33.3.1", backlog: 1)
    Socket.close(listener)
    let watch = PathWatch(endpoints: [address], sources: [try #require(IPAddress("127.33.3.2"))])
    watch.begin([:], clientsHaveConnected: false)
    _ = watch.look([:], timedOut: false)
    #expect(watch.findings.withoutListener == ["\(address)"])
    #expect(watch.acceptance(of: [getpid()], holding: 0) == AcceptanceCount(accepted: 0, alone: 0))
  }

  @Test func `where both sides agree the ends are counted, and else nobody is`() throws {
    let (listener, address) = try listener("127.33.21.1", backlog: 16)
    var open = [listener]
    defer { for socket in open { Socket.close(socket) } }
    let source = try #require(IPAddress("127.33.21.2"))
    for _ in 0..<5 { open.append(try client(of: address, from: "127.33.21.2")) }
    open.append(try client(of: address, from: "127.33.21.3"))
    for _ in 0..<2 { open.append(try #require(try Socket.accept(listener)).descriptor) }
    let kernel = try SocketDiagnosis()
    let space = EndpointSpaces.Space(kernel, endpoints: [address])
    func tally(leavingOut place: Int? = nil, servers: Int = 1) throws -> EndTally {
      var tally = EndTally { $0.ip == source }
      var seen = 0
      try kernel.each(.established, anyOf: [.remote(address)]) { socket in
        if socket.local.ip == source, seen != place { tally.takeClient(socket) }
        if socket.local.ip == source { seen += 1 }
        // What others have is nobody's business.
        if socket.local.ip != source { tally.takeClient(socket) }
      }
      for _ in 0..<servers { try tally.takeServerEnds(of: space) }
      return tally
    }
    let whole = try tally()
    #expect(whole.count(of: 5) == AcceptanceCount(accepted: 2, alone: 3, unknown: 0))
    #expect(whole.count(of: 4) == nil)
    #expect(whole.count(of: 6) == nil)
    #expect(whole.arrivedRoutes == [ConnectionRoute(source: source, server: address)])
    #expect(try tally(leavingOut: 0).count(of: 4) == nil)
    #expect(try tally(servers: 0).count(of: 5) == nil)
    #expect(try tally(servers: 0).arrivedRoutes.isEmpty)
    #expect(try tally(servers: 2).count(of: 5) == nil)
    #expect(EndTally { _ in true }.count(of: 0) == AcceptanceCount(accepted: 0, alone: 0))
  }

  @Test func `endpoints of this host are in the own namespace, and others are not`() throws {
    let (listener, address) = try listener("127.33.22.1", backlog: 1)
    defer { Socket.close(listener) }
    let far = SocketAddress(try #require(IPAddress("192.0.2.1")), 80)
    let sources = [try #require(IPAddress("127.33.22.2"))]
    #expect(PathWatch(endpoints: [address], sources: sources).isInOwnNamespace)
    #expect(!PathWatch(endpoints: [far], sources: sources).isInOwnNamespace)
    #expect(!PathWatch(endpoints: [address, far], sources: sources).isInOwnNamespace)
    let both = PathWatch(endpoints: [address, far], sources: sources)
    #expect(!both.knowsServer)
    #expect(!PathWatch(endpoints: [], sources: sources).knowsServer)
  }

  @Test func `a listener that goes and another that comes are a restart`() throws {
    let (first, address) = try listener("127.33.23.1", backlog: 3)
    let watch = PathWatch(endpoints: [address], sources: [try #require(IPAddress("127.33.23.2"))])
    watch.begin([:], clientsHaveConnected: false)
    _ = watch.look([:], timedOut: false)
    #expect(watch.findings.restarted.isEmpty)
    #expect(watch.findings.listeners["\(address)"]?.backlog == 3)
    Socket.close(first)
    _ = watch.look([:], timedOut: false)
    #expect(watch.findings.withoutListener == ["\(address)"])
    #expect(watch.findings.restarted == ["\(address)"])
    // The one that was seen before is kept: its full queue may be the cause.
    #expect(watch.findings.listeners["\(address)"]?.backlog == 3)
    #expect(!watch.knowsServer)
    let second = try Socket.open(v6: false)
    defer { Socket.close(second) }
    try Socket.reuseAddress(second)
    try Socket.bind(second, to: address)
    try Socket.listen(second, backlog: 5)
    _ = watch.look([:], timedOut: false)
    #expect(watch.findings.withoutListener.isEmpty)
    #expect(watch.findings.restarted == ["\(address)"])
    #expect(watch.findings.listeners["\(address)"]?.backlog == 5)
    // To the next phase it is the one that was there.
    watch.begin([:], clientsHaveConnected: false)
    _ = watch.look([:], timedOut: false)
    #expect(watch.findings.restarted.isEmpty)
    #expect(watch.findings.listeners["\(address)"]?.drops == 0)
  }

  @Test func `the trace begins with the first handshake without an answer`() throws {
    let (listener, address) = try listener("127.33.24.1", backlog: 3)
    defer { Socket.close(listener) }
    let watch = PathWatch(endpoints: [address], sources: [try #require(IPAddress("127.33.24.2"))])
    // Whoever traces removes what looks abandoned, so that of two that begin at once one may fail.
    func succeeds(_ attempt: () -> Bool) -> Bool { (0..<20).contains { _ in attempt() } }
    let mayTrace = succeeds { PacketDropTrace(reasons: DropReason.kernelNames) != nil }
    watch.begin([.synRetransmits: 5], clientsHaveConnected: false)
    _ = watch.look([.synRetransmits: 5, .conntrackEntries: 9], timedOut: false)
    #expect(watch.findings.dropsByReason == nil)
    #expect(watch.findings.conntrackMost == 9)
    func traces(repeated: Double, timedOut: Bool) -> Bool {
      watch.begin([.synRetransmits: 5], clientsHaveConnected: false)
      _ = watch.look([.synRetransmits: repeated, .conntrackEntries: 7], timedOut: timedOut)
      return watch.findings.dropsByReason != nil
    }
    #expect(succeeds { traces(repeated: 6, timedOut: false) } == mayTrace)
    #expect(succeeds { traces(repeated: 5, timedOut: true) } == mayTrace)
    #expect(!succeeds { traces(repeated: 5, timedOut: false) })
    // The most that there ever was stays known.
    #expect(watch.findings.conntrackMost == 9)
    watch.stopTracing()
    #expect(watch.findings.unanswered == nil)
  }

  @Test func `a host that is not this one is not known`() throws {
    // TEST-NET-1: nobody's.
    let far = SocketAddress(try #require(IPAddress("192.0.2.1")), 80)
    let watch = PathWatch(endpoints: [far], sources: [try #require(IPAddress("127.33.4.2"))])
    watch.begin([:], clientsHaveConnected: false)
    _ = watch.look([:], timedOut: true)
    watch.stopTracing()
    #expect(!watch.knowsServer)
    #expect(watch.acceptance(of: [getpid()], holding: 1) == nil)
    #expect(watch.findings.withoutListener.isEmpty)
  }

  // MARK: TIME_WAIT

  /// Connects, closes with a FIN at the client first, and leaves the tuple in TIME_WAIT.
  private func waiting(at port: UInt16, reuses: Bool, server: String, source: String) throws
    -> SocketAddress
  {
    let (listener, address) = try listener(server, backlog: 1)
    let socket = try Socket.open(v6: false)
    if reuses { try Socket.reuseAddress(socket) }
    try Socket.bind(socket, to: SocketAddress(try #require(IPAddress(source)), port))
    try Socket.connect(socket, to: address)
    Poll.waitReadable([listener], until: .now().advanced(by: .seconds(5)))
    let accepted = try #require(try Socket.accept(listener)).descriptor
    Socket.close(socket)
    Poll.waitReadable([accepted], until: .now().advanced(by: .seconds(5)))
    Socket.close(accepted)
    Socket.close(listener)
    return address
  }

  /// A /24 of this process: what it leaves in TIME_WAIT is in nobody's way for a minute.
  private static func network(_ number: Int) -> String { "127.\(32 + getpid() % 192).\(number)" }

  private func survey(_ source: String, _ endpoint: SocketAddress, hasTimestamps: Bool = true)
    throws -> SocketSurvey
  {
    SocketSurvey(
      listeners: [], sources: [try #require(IPAddress(source))], ports: PortSet(21_000...21_999),
      endpoints: [endpoint], hasTimestamps: hasTimestamps)
  }

  @Test func `a tuple in TIME_WAIT that can be used again is not in the way`() throws {
    let network = Self.network(254)
    let source = "\(network).2"
    let endpoint = try waiting(
      at: 21_001, reuses: true, server: "\(network).1", source: source)
    let survey = try survey(source, endpoint)
    #expect(survey.inTimeWait == 1)
    #expect(survey.blockedPairs == 0)
    // Without timestamps the same tuple is refused, and that to another endpoint is not.
    #expect(try self.survey(source, endpoint, hasTimestamps: false).blockedPairs == 1)
    let other = SocketAddress(endpoint.ip, 9)
    #expect(try self.survey(source, other, hasTimestamps: false).blockedPairs == 0)
  }

  @Test func `a port that cannot be bound is`() throws {
    let network = Self.network(255)
    let source = "\(network).2"
    let endpoint = try waiting(
      at: 21_002, reuses: false, server: "\(network).1", source: source)
    let survey = try survey(source, endpoint)
    #expect(survey.inTimeWait == 1)
    #expect(survey.blockedPairs == 1)
    // Ports that the plan does not use are nobody's business.
    #expect(
      SocketSurvey(
        listeners: [], sources: [try #require(IPAddress(source))],
        ports: PortSet(22_000...22_999),
        endpoints: [endpoint], hasTimestamps: true) == SocketSurvey())
  }

  @Test func `a listener on all addresses is found by the address it would be in the way of`()
    throws
  {
    let (listener, address) = try listener("0.0.0.0", backlog: 1)
    defer { Socket.close(listener) }
    let wanted = SocketAddress(try #require(IPAddress("127.33.7.1")), address.port)
    let survey = SocketSurvey(
      listeners: [wanted], sources: [], ports: PortSet(1...1), endpoints: [wanted],
      hasTimestamps: true)
    #expect(survey.taken == [wanted])
  }
}
