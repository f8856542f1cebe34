package import SystemPackage

/// The system calls that a simulated process counts, by their names in `Kernel`. A test can make each of them
/// fail but `close` and `unwatch`: these report no failure.
package enum SimulatedCall: Int, CaseIterable, Sendable {
  case open, reuseAddress, resetOnClose, bind, listen, connect, accept, pendingError
  case receive, send, finishSending, close, openSpare, watch, rewatch, unwatch, wait
}

/// Makes a system call fail: its `nth` time in the process, and then every `step`-th time, until it
/// has failed `count` times.
package struct Fault: Sendable {
  package var call: SimulatedCall
  package var errno: Errno
  /// Counted from 1.
  package var nth: Int
  package var count: Int
  /// At least 1.
  package var step: Int

  package init(call: SimulatedCall, errno: Errno, nth: Int, count: Int, step: Int = 1) {
    self.call = call
    self.errno = errno
    self.nth = nth
    self.count = count
    self.step = step
  }

  package static func once(_ call: SimulatedCall, _ errno: Errno, nth: Int = 1) -> Fault {
    Fault(call: call, errno: errno, nth: nth, count: 1)
  }

  package static func forever(_ call: SimulatedCall, _ errno: Errno, from nth: Int = 1) -> Fault {
    Fault(call: call, errno: errno, nth: nth, count: .max)
  }

  /// Whether the `number`-th call of this kind, from 1, fails.
  func strikes(_ call: SimulatedCall, _ number: Int) -> Bool {
    guard call == self.call, number >= nth else { return false }
    let (times, rest) = (number - nth).quotientAndRemainder(dividingBy: step)
    return rest == 0 && times < count
  }
}

/// Disturbs waits. Some end early, as a signal ends them. Some bring one more event, which announces nothing
/// new or is about a connection that is gone. epoll allows all of this, so no disturbance may change what the
/// program reports.
package struct EventNoise {
  enum Disturbance: CaseIterable {
    /// The wait returns before anything has happened.
    case interruption
    /// An event says that a connection is readable or writable, though nothing has happened to it.
    case falseAlarm
    /// An event of the last wait that brought any comes once more; its connection may be gone by now.
    case repetition
  }

  private var generator: SeededGenerator
  private let probability: Double

  /// - Parameter probability: the chance that a draw disturbs. A wait draws when it begins and when it brings
  ///   events, and a disturbance that does not fit there is dropped, such as a repetition where no event has come yet.
  ///   So at most this share of waits is disturbed, on average.
  package init(seed: UInt64, probability: Double) {
    generator = SeededGenerator(seed: seed)
    self.probability = probability
  }

  mutating func next() -> Disturbance? {
    guard generator.chance(probability) else { return nil }
    return Disturbance.allCases.randomElement(using: &generator)
  }

  mutating func pick<T>(_ values: [T]) -> T? { values.randomElement(using: &generator) }
}

/// Makes calls fail by chance, each kind with one of its `errnos`; a kind that has none never
/// fails.
package struct Chaos {
  private var generator: SeededGenerator
  private let probability: Double

  package init(seed: UInt64, probability: Double) {
    generator = SeededGenerator(seed: seed)
    self.probability = probability
  }

  mutating func errno(for call: SimulatedCall) -> Errno? {
    guard generator.chance(probability) else { return nil }
    return Self.errnos(of: call).randomElement(using: &generator)
  }

  package static func errnos(of call: SimulatedCall) -> [Errno] {
    switch call {
    case .open: [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noBufferSpace, .noMemory]
    case .reuseAddress, .resetOnClose: [.noBufferSpace, .invalidArgument]
    // EADDRINUSE is there twice, as the most usual of these.
    case .bind: [.addressInUse, .addressInUse, .addressNotAvailable, .permissionDenied]
    case .connect:
      [
        .addressNotAvailable, .connectionRefused, .networkUnreachable, .noRouteToHost,
        .notPermitted,
      ]
    case .accept: [.tooManyOpenFilesInSystem, .noBufferSpace, .noMemory]
    case .receive: [.connectionReset, .timedOut, .noRouteToHost]
    case .send: [.connectionReset, .brokenPipe]
    case .finishSending: [.socketNotConnected]
    case .watch, .rewatch: [.noMemory, .noSpace]
    case .listen, .pendingError, .close, .openSpare, .unwatch, .wait: []
    }
  }
}
