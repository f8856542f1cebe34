import Addressing
import Linux
import Messages
import Protocols
import SystemPackage
import TLS
import Testing

@testable import Probe
@testable import Simulation

/// A client, a server or both whose connections are WebSockets.
typealias WebSocketStage = LayerStage<WebSocketKernel<SimulatedKernel>>
/// The same over TLS.
typealias SecureWebSocketStage = LayerStage<WebSocketKernel<TLSKernel<SimulatedKernel>>>

extension WebSocketTerms {
  static func test(
    subprotocols: [String] = [], ping: Duration? = nil, kind: MessageKind = .text
  ) -> WebSocketTerms {
    let fields =
      subprotocols.isEmpty
      ? []
      : [HTTPWriter.Field("Sec-WebSocket-Protocol", subprotocols.joined(separator: ", "))]
    let request = try! WebSocketHandshake.request(
      target: "/chat", host: "server.test", fields: fields)
    return WebSocketTerms(
      request: MessageTemplate(bytes: Array(request.bytes[..<request.gap.lowerBound])),
      subprotocols: subprotocols, pingInterval: ping?.nanoseconds, kind: kind)
  }
}

extension LayerStage where System == WebSocketKernel<SimulatedKernel> {
  func addServer(
    _ terms: WebSocketTerms = .test(), reply: ServerReply = .echo,
    readiness: ServerReadiness = .direct
  ) throws {
    try addServer(reply: reply, readiness: readiness, webSocket: terms) {
      try System(SimulatedKernel(process: $0), terms, isServer: true, descriptors: $1)
    }
  }

  /// - Parameter patterns: are played in phase 1.
  func addClient(
    _ terms: WebSocketTerms = .test(), _ tasks: [ClientTask], _ patterns: [MessagePattern] = [],
    timeout: Duration = .seconds(10), pushed: [UInt8]? = nil
  ) throws {
    try addClient(tasks, patterns, timeout: timeout, pushed: pushed, webSocket: terms) {
      try System(SimulatedKernel(process: $0), terms, isServer: false, descriptors: $1)
    }
  }

  var keepsNothing: Bool {
    (client?.end.connections.kernel.keepsNothing ?? true)
      && (server?.end.kernel.keepsNothing ?? true)
  }
}

extension LayerStage where System == WebSocketKernel<TLSKernel<SimulatedKernel>> {
  func addServer(
    _ context: TLSContext, reply: ServerReply = .echo, readiness: ServerReadiness = .direct
  ) throws {
    try addServer(reply: reply, readiness: readiness, webSocket: .test()) {
      try System(
        TLSKernel(SimulatedKernel(process: $0), context, descriptors: $1, board: serverBoard),
        .test(),
        isServer: true, descriptors: $1)
    }
  }

  /// - Parameter patterns: are played in phase 1.
  func addClient(
    _ context: TLSContext, _ tasks: [ClientTask], _ patterns: [MessagePattern] = []
  ) throws {
    try addClient(tasks, patterns, webSocket: .test()) {
      try System(
        TLSKernel(SimulatedKernel(process: $0), context, descriptors: $1, board: clientBoard),
        .test(),
        isServer: false, descriptors: $1)
    }
  }

  var keepsNothing: Bool {
    (client?.end.connections.kernel.keepsNothing ?? true)
      && (server?.end.kernel.keepsNothing ?? true)
      && (client?.end.connections.kernel.base.keepsNothing ?? true)
      && (server?.end.kernel.base.keepsNothing ?? true)
  }
}

extension SessionKernel where Base: ~Copyable, Talk == WebSocketSession {
  /// Whether nothing is left of connections that are gone.
  var keepsNothing: Bool {
    surplus.isEmpty && unsent.isEmpty && owed.isEmpty && farewells.isEmpty && finishing.isEmpty
      && behind.isEmpty && broken.isEmpty
      && failures.isEmpty && endedHere.isEmpty && session.openings.isEmpty
      && session.incomplete.isEmpty && session.said.isEmpty
  }
}

/// Frames as a test writes them.
enum Frame {
  /// - Parameter key: of a client's frame.
  static func bytes(
    _ opcode: WebSocketFrame.Opcode, _ payload: some Collection<UInt8>, isFinal: Bool = true,
    key: UInt32? = nil
  ) -> [UInt8] {
    let payload = Array(payload)
    var buffer = [UInt8](repeating: 0, count: payload.count + WebSocketFrame.mostHeader)
    let count = payload.withUnsafeBytes { from in
      buffer.withUnsafeMutableBytes {
        WebSocketFrame.write(opcode, from, isFinal: isFinal, key: key, into: $0)
      }
    }
    return Array(buffer[..<count])
  }

  static func text(_ text: String, isFinal: Bool = true, key: UInt32? = nil) -> [UInt8] {
    bytes(.text, text.utf8, isFinal: isFinal, key: key)
  }

  static func close(_ code: UInt16, _ reason: String = "", key: UInt32? = nil) -> [UInt8] {
    bytes(.close, [UInt8(code >> 8), UInt8(code & 255)] + Array(reason.utf8), key: key)
  }
}

/// What a peer has said, read frame by frame.
struct HeardFrames: Equatable {
  enum Item: Equatable {
    case text(String)
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16, String)
    case wrong(WebSocketFault)
  }

  private(set) var items: [Item] = []
  /// Frames of messages, fragments each for itself.
  private(set) var rest: [UInt8] = []

  /// Reads whole frames only: a message under way shows in no item.
  init(_ bytes: [UInt8], by role: WebSocketReader.Role) {
    var reader = WebSocketReader(role)
    var bytes = bytes
    var isText = false
    var payload: [UInt8] = []
    var code: UInt16 = 0
    var isPing = false
    while true {
      let step = bytes.withUnsafeMutableBytes { reader.next($0) }
      switch step.event {
      case .more:
        rest = payload
        return
      case .message(let kind):
        isText = kind == .text
        payload = []
      case .data(let range): payload += bytes[range]
      case .messageEnd:
        items.append(
          isText ? .text(String(decoding: payload, as: UTF8.self)) : .binary(payload))
        payload = []
      case .ping, .pong:
        isPing = if case .ping = step.event { true } else { false }
        control = []
      case .payload(let range), .reason(let range): control += bytes[range]
      case .controlEnd: items.append(isPing ? .ping(control) : .pong(control))
      case .close(let heard):
        code = heard
        control = []
      case .closeEnd:
        items.append(.close(code, String(decoding: control, as: UTF8.self)))
      case .malformed(let fault):
        items.append(.wrong(fault))
        return
      }
      bytes.removeFirst(step.used)
    }
  }

  private var control: [UInt8] = []
}
