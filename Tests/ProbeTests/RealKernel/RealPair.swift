import Addressing
import Linux
import Messages
import Probe
import SystemPackage

/// Both ends, each with its board and its wake-up; `attention` is nobody's.
typealias RealPair = KernelPair<SteppedKernel>

extension KernelPair where System == SteppedKernel {
  convenience init(
    _ tasks: [ClientTask], host: UInt8, ports: ClosedRange<UInt16>, reply: ServerReply = .echo,
    messages: Messages = .none, descriptorLimit: Int = 20_000
  ) throws {
    try self.init(
      tasks, host: host, ports: ports, reply: reply, messages: messages,
      descriptorLimit: descriptorLimit
    ) { kernel, _ in kernel }
  }
}

/// Both ends on kernels that stand on the real one.
final class KernelPair<System: Kernel & ~Copyable> {
  let clientBoard: Scoreboard
  let serverBoard: Scoreboard
  let endpoint: SocketAddress
  private var client: Client<System>
  private var server: Server<System>
  private let clientWakeUp: FileDescriptor
  private let serverWakeUp: FileDescriptor
  private var orders: UInt64 = 0

  deinit {
    clientBoard.unmap()
    serverBoard.unmap()
  }

  /// - Parameter layered: what stands on a kernel, of a server or not.
  init(
    _ tasks: [ClientTask], host: UInt8, ports: ClosedRange<UInt16>, reply: ServerReply = .echo,
    messages: Messages = .none, descriptorLimit: Int = 20_000, webSocket: WebSocketTerms? = nil,
    mqtt: MQTTTerms? = nil,
    layered: (consuming SteppedKernel, Bool) throws -> System
  ) throws {
    let endpoint = try freeEndpoint(host: host)
    self.endpoint = endpoint
    let attention = try EventCounter.open()
    clientWakeUp = try EventCounter.open()
    serverWakeUp = try EventCounter.open()
    clientBoard = try Scoreboard(sources: 1)
    serverBoard = try Scoreboard(sources: 0)
    server = try Server(
      kernel: layered(SteppedKernel(wakeUp: serverWakeUp, attention: attention), true),
      assignment: ServerAssignment(
        endpoint: endpoint, backlog: 1024, reply: reply, readiness: .direct,
        descriptorLimit: descriptorLimit, webSocket: webSocket, mqtt: mqtt),
      board: serverBoard)
    client = try Client(
      kernel: layered(SteppedKernel(wakeUp: clientWakeUp, attention: attention), false),
      assignment: ClientAssignment(
        share: WorkerShare(index: 0, count: 1), sources: [endpoint.ip], ports: PortSet(ports),
        endpoints: [endpoint], connectTimeout: 5_000_000_000, tasks: tasks,
        patterns: messages.patterns, patternsOfPhase: messages.patternsOfPhase,
        pushed: messages.pushed, seed: messages.seed, webSocket: webSocket, mqtt: mqtt),
      board: clientBoard)
  }

  func turn() {
    _ = client.turn()
    _ = server.turn()
  }

  func run(until condition: () -> Bool) -> Bool { run(each: turn, until: condition) }

  func run(each step: () -> Void, until condition: () -> Bool) -> Bool {
    let deadline = Instant.now().advanced(by: .seconds(20))
    while !condition(), .now() < deadline { step() }
    return condition()
  }

  /// Gives an order and waits until it is carried out.
  func order(_ order: Order, _ phase: Int, goal: Int? = nil) -> Bool {
    post(order, phase, goal: goal)
    return run { self.hasSettled }
  }

  func post(_ order: Order, _ phase: Int, goal: Int? = nil) {
    orders += 1
    clientBoard.post(
      .init(order: order, phase: phase, start: .now(), goal: goal, number: orders))
    EventCounter.signal(clientWakeUp)
  }

  var hasSettled: Bool { clientBoard[.settledOrder] == orders }

  func play(_ phase: Int) -> Bool { order(.begin, phase) }

  func messages(_ counter: MessageCounter, of pattern: Int = 0) -> Int {
    Int(clientBoard[pattern, counter])
  }
}

/// A port that the kernel has just found free. Nobody else uses these addresses.
private func freeEndpoint(host: UInt8) throws -> SocketAddress {
  let ip = IPAddress.v4(0x7F4D_0000 | UInt32(host))
  for port in 30_000..<31_000 as Range<UInt16> {
    let socket = try Socket.open(v6: false)
    defer { Socket.close(socket) }
    let address = SocketAddress(ip, port)
    if (try? Socket.bind(socket, to: address)) != nil { return address }
  }
  throw Errno.addressInUse
}
