import Testing

@testable import TLS

/// From the handshake to the records: nothing is lost, and counting goes on.
@Suite struct HandoverTests {
  /// Data that comes in one piece with the client's Finished, whole or not, is the record layer's.
  @Test(arguments: [0, 1, 4, 5, 30, 54])
  func `nothing that comes with Finished is lost`(cut: Int) throws {
    for tickets in [0, 2] {
      let pair = try Pair(
        HandshakeTests.client, ServerSettings(identity: Certificates.server, tickets: tickets))
      let layer = try RecordLayer()
      pair.server.receive(pair.client.takeAll())
      pair.client.receive(pair.server.takeAll())
      var client = try Carrier(layer, pair.client)
      let data = client.seal("first") + client.seal("second")
      pair.server.receive(pair.client.takeAll() + data.dropLast(cut))
      #expect(pair.server.surplus.count == data.count - cut)
      var server = try Carrier(layer, pair.server)
      server.open(data.suffix(cut))
      #expect(server.text == "firstsecond")
      client.open(pair.server.takeAll())
      client.open(server.seal("answer"))
      #expect(client.text == "answer" && client.tickets == tickets)
    }
  }

  @Test(arguments: [0, 1, 2, 5])
  func `a server writes on behind its tickets`(tickets: Int) throws {
    var settings = HandshakeTests.client
    settings.keepsSessions = true
    var pair = try Pair(settings, ServerSettings(identity: Certificates.server, tickets: tickets))
    pair.server.receive(pair.client.takeAll())
    pair.client.receive(pair.server.takeAll())
    pair.server.receive(pair.client.takeAll())
    let layer = try RecordLayer()
    var server = try Carrier(layer, pair.server)
    #expect(server.state.recordsWritten == UInt64(tickets))
    var client = try Carrier(layer, pair.client)
    client.open(pair.server.takeAll())
    client.open(server.seal("hello"))
    #expect(client.tickets == tickets && client.text == "hello" && client.end == nil)
    pair.run()
  }

  @Test(arguments: [1, 3, 1000])
  func `what a client receives too early is kept for the record layer`(piece: Int) throws {
    for keepsSessions in [false, true] {
      var settings = HandshakeTests.client
      settings.keepsSessions = keepsSessions
      var pair = try Pair(settings, ServerSettings(identity: Certificates.server, tickets: 2))
      pair.run(piece: piece)
      let client = try Carrier(RecordLayer(), pair.client)
      #expect(client.tickets == 2 && client.buffer.isEmpty)
      #expect((pair.client.takeSession() != nil) == keepsSessions)
    }
  }
}
