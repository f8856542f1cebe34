import Foundation
import Testing

@testable import Fuzzing

/// The scenes of `sessions` come to what they are meant to be: else fuzzing would begin nowhere.
@Suite struct SessionTests {
  private func played(_ name: String) throws -> SessionStage.Played {
    let input = try #require(
      CorpusTests.inputs.first { $0.target == .sessions && $0.url.lastPathComponent == name })
    let scene = try #require(SessionScene([UInt8](try Data(contentsOf: input.url))))
    return try SessionStage.play(scene, pieceSize: .max)
  }

  @Test(arguments: [
    "websocket", "blocks", "mqtt", "acknowledged", "mqtt5", "http", "tls", "tls12", "wss", "mqtts",
  ])
  func `messages are answered where all is passed on`(name: String) throws {
    let played = try played("served-\(name)")
    let sent = try #require(Int(played.client[0]))
    #expect(sent >= 4)
    #expect(played.client[1] != "0", "\(played)")
    #expect(played.client.count == 6, "nothing fails: \(played)")
    #expect(played.server.isEmpty)
  }

  @Test(arguments: [
    ("upgrade-refused", ["websocket 71 in 1: 1", "HTTP 503 × 1"]),
    ("upgrade-silent", ["websocket 110 in 1: 1", "no answer to the upgrade within 2 s × 1"]),
    ("close-1013", ["websocket 71 in 1: 1", "close 1013 (try again later): \"full !\" × 1"]),
    ("connack-not-authorized", ["mqtt 71 in 1: 1", "not authorized (5) × 1"]),
    ("disconnect-busy", ["mqtt 71 in 1: 1", "DISCONNECT: server busy (137) × 1"]),
    ("no-pong", ["websocket 110 in 1: 1", "no answer to a ping within 400 ms × 1"]),
  ])
  func `a client counts what it is told`(name: String, failures: [String]) throws {
    let heard = Array(try played(name).client.dropFirst(6))
    #expect(heard == failures, "\(heard)")
  }

  @Test(arguments: ["tls-babble-to-server", "tls-garbage-to-server", "second-connect"])
  func `a server keeps why it refused`(name: String) throws {
    let played = try played(name)
    #expect(played.server.count == 1, "\(played)")
  }
}
