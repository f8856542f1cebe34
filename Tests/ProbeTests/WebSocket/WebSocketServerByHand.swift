import Linux
import Messages
import Protocols
import SystemPackage
import Testing

@testable import Probe
@testable import Simulation

/// A client with a few connections, and a server that a test plays by hand.
final class WebSocketServerByHand {
  let stage: WebSocketStage
  let peer: ScriptedPeer
  private(set) var socket = FileDescriptor(rawValue: -1)
  /// What the client has asked.
  private(set) var request: [UInt8] = []

  /// A message every second that wants an echo, unless there are other patterns.
  init(
    _ terms: WebSocketTerms = .test(), _ patterns: [MessagePattern] = [.test(every: .seconds(1))],
    timeout: Duration = .seconds(2), dials: SimulatedNetwork.Dials = .init(latency: 1000)
  ) throws {
    stage = try WebSocketStage(dials)
    peer = ScriptedPeer(stage.network, at: .first)
    try peer.listen()
    try stage.addClient(
      terms, [.open(goal: 1, rate: nil), .keep, .close(rate: nil, reset: false)], patterns,
      timeout: timeout)
    stage.order(.begin)
    stage.run(for: .milliseconds(1))
    socket = try #require(try peer.accept())
    stage.run(for: .milliseconds(1))
    for _ in 0..<100 where !request.ends(with: "\r\n\r\n") {
      request += peer.receive(socket)
      stage.run(for: .milliseconds(1))
    }
  }

  /// The answer that opens the connection.
  func response(_ fields: [HTTPWriter.Field] = []) throws -> [UInt8] {
    // Whatever fields: it need not be a right one.
    let message = try WebSocketHandshake.response(fields: fields)
    var accept = [UInt8](repeating: 0, count: WebSocketHandshake.acceptCount)
    let name = Array("Sec-WebSocket-Key: ".utf8)
    let start = try #require(request.firstRange(of: name)).upperBound
    request[start..<start + WebSocketHandshake.keyCount].withUnsafeBytes { key in
      accept.withUnsafeMutableBytes { WebSocketHandshake.writeAccept(of: key, into: $0) }
    }
    return Array(message.bytes[..<message.gap.lowerBound]) + accept
      + Array(message.bytes[message.gap.upperBound...])
  }

  /// A client whose connection is open.
  static func open(
    _ terms: WebSocketTerms = .test(), _ patterns: [MessagePattern] = [.test(every: .seconds(1))],
    dials: SimulatedNetwork.Dials = .init(latency: 1000)
  ) throws -> WebSocketServerByHand {
    let server = try WebSocketServerByHand(terms, patterns, dials: dials)
    server.say(try server.response())
    #expect(server.stage.held == 1)
    return server
  }

  /// Says something, as fast as it is taken, and lets it arrive.
  func say(_ bytes: [UInt8], for time: Duration = .milliseconds(1)) {
    stage.say(bytes, by: peer, on: socket, for: time)
  }

  /// What the client has said since this was asked last.
  func heard() -> [HeardFrames.Item] {
    HeardFrames(peer.receive(socket), by: .server).items
  }

  /// Begins the phase with the messages, of which the first is due at once.
  func begin(for time: Duration = .milliseconds(1)) {
    stage.playMessages(for: time)
  }

  /// What became of the messages of a pattern: sent, received, wrong, short, late, missing.
  func outcomes(of pattern: Int = 0) -> [Int] {
    stage.outcomes(of: pattern)
  }

  var failures: [String] { stage.failures }
  var refusal: String? { stage.clientBoard.refusal }
}

extension [UInt8] {
  func ends(with text: String) -> Bool { suffix(text.utf8.count) == Array(text.utf8)[...] }
}

/// "websocket 71 1": the call, its errno and how often.
func failed(_ errno: Errno, _ count: Int = 1) -> [String] {
  ["websocket \(errno.rawValue) \(count)"]
}
