import TLS

/// The layers that stand between a worker and its kernel: TLS, and on top of it, or of TCP, WebSockets or MQTT.
package struct Layers: Sendable {
  private let secure: TLSContext?
  private let webSocket: WebSocketTerms?
  private let mqtt: MQTTTerms?
  private let isServer: Bool
  /// The share of handshakes that resume a session (`ClientAssignment.resume`); 0 for a server.
  private let resume: Double
  /// What a server gives a handshake of TLS.
  private let handshakeTimeout: Duration
  private let board: Scoreboard
  /// Every descriptor is below this number: the layers' tables have rows by descriptor.
  private let descriptors: Int
  /// Where masking keys come from; nil for the operating system.
  private let seed: UInt64?

  /// - Parameter seed: makes WebSockets draw the same masking keys each time; nil for keys that nobody can guess.
  package init(_ assignment: ClientAssignment, _ board: Scoreboard, seed: UInt64? = nil) {
    secure = assignment.secure
    webSocket = assignment.webSocket
    mqtt = assignment.mqtt
    isServer = false
    resume = assignment.resume
    handshakeTimeout = .zero
    self.board = board
    descriptors = assignment.capacity + Self.otherDescriptors
    self.seed = seed
  }

  /// - Parameter seed: as for a client.
  package init(_ assignment: ServerAssignment, _ board: Scoreboard, seed: UInt64? = nil) {
    secure = assignment.secure
    webSocket = assignment.webSocket
    mqtt = assignment.mqtt
    isServer = true
    resume = 0
    handshakeTimeout = assignment.handshakeTimeout
    self.board = board
    descriptors = assignment.descriptorLimit
    self.seed = seed
  }

  /// More descriptors than a client worker ever has besides those of its connections.
  private static let otherDescriptors = 1024

  /// Puts the layers on a kernel, and gives the highest one to its user.
  package func put<System: Kernel & ~Copyable, User: KernelUser>(
    on kernel: consuming System, for user: User
  ) throws(WorkerSetupFailure) -> User.Result {
    guard let secure else { return try putSession(on: kernel, for: user) }
    return try putSession(
      on: TLSKernel(
        kernel, secure, descriptors: descriptors, resume: resume, timeout: handshakeTimeout,
        board: board),
      for: user)
  }

  private func putSession<System: Kernel & ~Copyable, User: KernelUser>(
    on kernel: consuming System, for user: User
  ) throws(WorkerSetupFailure) -> User.Result {
    if let webSocket {
      return try user.use(
        WebSocketKernel(
          kernel, webSocket, isServer: isServer, descriptors: descriptors, seed: seed))
    }
    if let mqtt {
      return try user.use(
        MQTTKernel(kernel, mqtt, isServer: isServer, descriptors: descriptors))
    }
    return try user.use(kernel)
  }
}

/// Something that can be done with any kernel. The compiler makes one for each combination of layers.
package protocol KernelUser {
  associatedtype Result

  func use<System: Kernel & ~Copyable>(
    _ kernel: consuming System
  ) throws(WorkerSetupFailure) -> Result
}
