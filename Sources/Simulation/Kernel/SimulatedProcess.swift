import Linux
import Probe
import SystemPackage

/// A process of a simulated host: its descriptor table, its one epoll instance, and what goes wrong in it.
package final class SimulatedProcess {
  enum Descriptor {
    /// A descriptor that is no socket: one that every worker has from its start, or the spare one.
    case other
    case socket(SimulatedSocket)
  }

  let network: SimulatedNetwork
  /// RLIMIT_NOFILE.
  var descriptorLimit: Int
  /// Whether time passes without waiting for this process: it was stopped, has ended, or is driven by hand
  /// (`ScriptedPeer`).
  package var isStopped = false
  package var faults: [Fault] = []
  package var chaos: Chaos?
  package var noise: EventNoise?
  /// The edge-triggered events of the last wait that brought any events; kept only where there is
  /// `noise`.
  private var lastEvents: [ReadyEvent] = []
  /// The most bytes that one `send` and one `receive` move.
  package var sendLimit = Int.max
  package var receiveLimit = Int.max
  /// The place of the process, from 0, in the order in which the processes began.
  private let place: Int

  private var table: [Descriptor?]
  private var lowestFree: Int
  private(set) var socketCount = 0
  private(set) var calls = [Int](repeating: 0, count: SimulatedCall.allCases.count)
  private(set) var totalCalls = 0
  private(set) var attentionCalls = 0
  /// Events that a test adds to the next wait although their registrations are gone, as when a socket is
  /// closed between two events of one wait.
  var staleEvents: [ReadyEvent] = []
  /// Whether `keptEvents` collects the events that waits bring, but for wake-ups, stale events and noise.
  var keepsEvents = false
  private(set) var keptEvents: [ReadyEvent] = []
  /// Is told of each call before anything else happens.
  var beforeCall: ((SimulatedCall) -> Void)?
  /// The call whose instants are logged; nil for none.
  var loggedCall: SimulatedCall?
  /// Nanoseconds.
  private(set) var loggedInstants: [UInt64] = []

  /// The bytes that `tell` has written, to whichever pipe.
  var told: [UInt8] = []

  private var ready = Queue<Watch>()
  /// Sockets of broken connections whose end the last wait has announced.
  private var announced: [SimulatedSocket] = []
  private var isWoken = false
  private var sleep = Sleep.waiting(until: nil)

  private enum Sleep {
    case awake
    case waiting(until: UInt64?)
  }

  package init(network: SimulatedNetwork, descriptorLimit: Int = 20_000) {
    self.network = network
    self.descriptorLimit = descriptorLimit
    place = network.processes.count
    // A worker has its descriptors from the start, but for the spare: the client or the server opens that.
    let inherited = descriptorsPerWorker - 1
    table = Array(repeating: .other, count: inherited)
    lowestFree = inherited
    network.descriptors += inherited
    network.attach(self)
  }

  func count(of call: SimulatedCall) -> Int { calls[call.rawValue] }

  /// Counts a call and lets it take its time. Returns the errno that `faults` or `chaos` make it fail with; nil where
  /// they do not. The call may then still fail for a reason of its own.
  func begin(_ call: SimulatedCall) -> Errno? {
    calls[call.rawValue] += 1
    totalCalls += 1
    beforeCall?(call)
    if call == loggedCall { loggedInstants.append(network.now) }
    if network.dials.costPerCall > 0 {
      network.advance(to: network.now + network.dials.costPerCall)
    }
    if !faults.isEmpty {
      let number = calls[call.rawValue]
      if let fault = faults.first(where: { $0.strikes(call, number) }) {
        return note(fault.errno, of: call)
      }
    }
    return chaos?.errno(for: call).map { note($0, of: call) }
  }

  /// Enters a failure into the network's books.
  @discardableResult
  func note(_ errno: Errno, of call: SimulatedCall) -> Errno {
    network.books.note(
      NetworkBooks.Failure(
        instant: network.now, process: place, call: call, number: calls[call.rawValue],
        errno: errno))
    return errno
  }

  // MARK: Descriptors

  /// Gives a descriptor the lowest free number, as POSIX demands.
  func install(_ descriptor: Descriptor) -> FileDescriptor {
    while lowestFree < table.count, table[lowestFree] != nil { lowestFree += 1 }
    if lowestFree == table.count {
      table.append(descriptor)
    } else {
      table[lowestFree] = descriptor
    }
    network.descriptors += 1
    if case .socket = descriptor { socketCount += 1 }
    lowestFree += 1
    return FileDescriptor(rawValue: Int32(lowestFree - 1))
  }

  /// The errno of a call that needs a descriptor now; nil when one is free.
  var shortage: Errno? {
    while lowestFree < table.count, table[lowestFree] != nil { lowestFree += 1 }
    if lowestFree >= descriptorLimit { return .tooManyOpenFiles }
    return network.descriptors >= network.dials.descriptors ? .tooManyOpenFilesInSystem : nil
  }

  func socket(_ descriptor: FileDescriptor) -> SimulatedSocket {
    guard Int(descriptor.rawValue) < table.count,
      case .socket(let socket) = table[Int(descriptor.rawValue)]
    else { fatalError("descriptor \(descriptor.rawValue) is no socket of this process") }
    return socket
  }

  func close(_ descriptor: FileDescriptor) {
    let index = Int(descriptor.rawValue)
    guard index < table.count, let entry = table[index] else {
      fatalError("descriptor \(index) is not open: closing it twice would hit somebody else's")
    }
    table[index] = nil
    lowestFree = min(lowestFree, index)
    network.descriptors -= 1
    if case .socket(let socket) = entry {
      socketCount -= 1
      forget(socket)
      socket.close()
    }
  }

  /// Ends the process as SIGKILL does: the kernel closes all its descriptors.
  package func exit() {
    isStopped = true
    for index in table.indices where table[index] != nil {
      close(FileDescriptor(rawValue: Int32(index)))
    }
  }

  var sockets: [SimulatedSocket] {
    table.compactMap { if case .socket(let socket)? = $0 { socket } else { nil } }
  }

  package var openDescriptors: Int { table.count { $0 != nil } }

  // MARK: Epoll

  func watch(_ socket: SimulatedSocket, _ events: EpollEvents, token: UInt64) throws(Errno) {
    guard socket.watch == nil else { throw .fileExists }
    guard network.watches < network.dials.watches else { throw .noSpace }
    network.watches += 1
    let watch = Watch(socket, process: self, events: events, token: token)
    socket.watch = watch
    if watch.seen.rawValue != 0 { watch.markReady() }
  }

  func rewatch(_ socket: SimulatedSocket, _ events: EpollEvents, token: UInt64) throws(Errno) {
    guard let watch = socket.watch else { throw .noSuchFileOrDirectory }
    watch.events = events
    watch.token = token
    if watch.seen.rawValue != 0 {
      watch.markReady()
    } else if events.has(.writable) {
      socket.awaitRoom()
    }
  }

  func forget(_ socket: SimulatedSocket) {
    guard let watch = socket.watch else { return }
    socket.watch = nil
    watch.socket = nil
    network.watches -= 1
  }

  func enqueue(_ watch: Watch) {
    ready.append(watch)
  }

  /// What epoll_wait does. An edge-triggered registration leaves the ready list when it is announced. A
  /// level-triggered one goes to the end of the list, and leaves it when there is nothing more to announce.
  func takeReady(into events: UnsafeMutableBufferPointer<ReadyEvent>) -> Int {
    var count = 0
    if isWoken {
      unsafe events[0] = ReadyEvent(token: Token.wakeUp.rawValue, seen: .readable)
      count = 1
    }
    for event in staleEvents {
      unsafe events[count] = event
      count += 1
    }
    staleEvents = []
    let firstReal = count
    for _ in 0..<ready.count where count < events.count {
      guard let watch = ready.popFirst() else { break }
      watch.isQueued = false
      let seen = watch.seen
      guard seen.rawValue != 0 else { continue }
      if let socket = watch.socket, socket.isEndUnheard { announced.append(socket) }
      unsafe events[count] = ReadyEvent(token: watch.token, seen: seen)
      count += 1
      if !watch.events.has(.edgeTriggered) { watch.markReady() }
    }
    if keepsEvents { unsafe keptEvents += events[firstReal..<count] }
    if noise != nil, count > 0 {
      let brought = unsafe Array(events[firstReal..<count])
      if let event = disturbance, count < events.count {
        unsafe events[count] = event
        count += 1
      }
      // The listener is the only level-triggered registration: see `disturbance`.
      lastEvents = brought.filter { $0.token != Token.listener.rawValue }
    }
    sleep = .awake
    return count
  }

  /// An event that announces nothing new; nil for most waits. It is about an edge-triggered registration: the
  /// kernel looks at a level-triggered one again before it announces it (`ep_send_events` in fs/eventpoll.c).
  private var disturbance: ReadyEvent? {
    switch noise?.next() {
    case .repetition: noise?.pick(lastEvents)
    case .falseAlarm:
      noise?.pick(sockets.filter { $0.state == .established })
        .flatMap(\.watch).flatMap { $0.events.has(.edgeTriggered) ? $0 : nil }.map {
          ReadyEvent(
            token: $0.token,
            seen: EpollEvents(rawValue: Self.falseAlarmEvents.rawValue & $0.events.rawValue))
        }
    case .interruption, nil: nil
    }
  }
  private static let falseAlarmEvents: EpollEvents = .readable | .writable

  /// A process that waits again has handled all events of its last wait.
  func beginWait() {
    for socket in announced { socket.noteHeard() }
    announced.removeAll(keepingCapacity: true)
  }

  /// Whether a wait is to end before anything has happened.
  func isInterrupted() -> Bool {
    guard noise?.next() == .interruption else { return false }
    sleep = .awake
    return true
  }

  package func wake() { isWoken = true }
  func clearWakeUp() { isWoken = false }
  func callAttention() { attentionCalls += 1 }

  // MARK: Sleep

  func fallAsleep(until deadline: UInt64?) {
    sleep = .waiting(until: deadline)
  }

  var deadline: UInt64? {
    if case .waiting(let deadline) = sleep { deadline } else { nil }
  }

  var isRunnable: Bool {
    guard !isStopped else { return false }
    guard case .waiting(let deadline) = sleep, !isWoken, ready.isEmpty, staleEvents.isEmpty
    else { return true }
    return deadline.map { $0 <= network.now } ?? false
  }
}

/// One registration with a simulated epoll instance.
final class Watch {
  /// Nil once the registration is removed, at the latest when the socket is closed.
  weak var socket: SimulatedSocket?
  private unowned let process: SimulatedProcess
  var events: EpollEvents
  var token: UInt64
  var isQueued = false

  init(
    _ socket: SimulatedSocket, process: SimulatedProcess, events: EpollEvents, token: UInt64
  ) {
    self.socket = socket
    self.process = process
    self.events = events
    self.token = token
  }

  /// The conditions that hold now, of those watched for; errors and hang-ups are always watched
  /// for.
  var seen: EpollEvents {
    guard let socket else { return .none }
    let asked = events | .error | .hangUp
    return EpollEvents(rawValue: socket.readiness.rawValue & asked.rawValue)
  }

  /// Has the next wait look at the socket, because something has happened to it.
  func markReady() {
    guard !isQueued else { return }
    isQueued = true
    process.enqueue(self)
  }
}
