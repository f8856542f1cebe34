import Messages
import Probe
import Testing

/// Connections on which something comes that nobody has asked for.
@Suite struct UnaskedTests {
  @Test func `each counts once, however much it was told`() throws {
    let stage = try Stage(connections: 3, [])
    let text = Array("-ERR max number of clients reached\r\n".utf8)
    stage.say(text, on: 0)
    stage.say(text, on: 2)
    stage.say(text, on: 2)
    #expect(stage.count(.unasked) == 2)
    #expect(stage.count(.unexpectedBytes) == 3 * text.count)
    #expect(stage.client.board.unasked == text)
  }

  @Test func `what was said before a phase is not kept in it`() throws {
    let stage = try Stage([.test()])
    stage.say(Array("full".utf8))
    #expect(stage.client.board.unasked == Array("full".utf8))
    stage.begin()
    stage.echo()
    #expect(stage.client.board.unasked == [])
    stage.say(Array("idle".utf8))
    #expect(stage.client.board.unasked == Array("idle".utf8))
    #expect(stage.count(.unasked) == 1)
  }

  @Test func `the next tenant of a row has been told nothing`() throws {
    let stage = try Stage([.test()])
    stage.say([1])
    try stage.peer.close(stage.socket, reset: true)
    stage.world.run(for: .milliseconds(1))
    stage.world.play()
    stage.world.run(for: .milliseconds(1))
    let other = try #require(try stage.peer.accept())
    #expect(stage.count(.unasked) == 1)
    _ = stage.peer.send(other, [2])
    stage.world.run(for: .milliseconds(1))
    #expect(stage.count(.unasked) == 2)
  }

  @Test func `an answer that is not waited for is none of it`() throws {
    let stage = try Stage([.test(expect: .none)])
    stage.begin()
    stage.echo()
    #expect(stage.count(.unasked) == 0)
    #expect(stage.count(.unexpectedBytes) == 10)
  }

  @Test func `a message goes its way on a connection that was told something`() throws {
    let stage = try Stage([.test()])
    stage.say([1, 2, 3])
    stage.begin()
    stage.echo()
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.unasked) == 1)
  }
}
