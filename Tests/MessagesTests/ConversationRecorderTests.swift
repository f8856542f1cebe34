import Testing

@testable import Messages

@Suite struct ConversationRecorderTests {
  private static let millisecond: UInt64 = 1_000_000
  private var room = 1 << 30

  private func step(
    _ action: RecordedConversation.Action, _ after: UInt64
  ) -> RecordedConversation.Step { .init(action, after: after) }

  @Test mutating func `pieces of one direction within a millisecond are one step`() {
    var recorder = ConversationRecorder(client: "c", started: 1000)
    recorder.add([1], fromClient: true, at: 1000 + 5, room: &room)
    recorder.add([2], fromClient: true, at: 1000 + 5 + 999_999, room: &room)
    recorder.add([3], fromClient: true, at: 1000 + 5 + 999_999 + Self.millisecond, room: &room)
    recorder.add([4], fromClient: false, at: 1000 + 5 + 999_999 + Self.millisecond + 7, room: &room)
    recorder.add([5], fromClient: true, at: 1000 + 5 + 999_999 + Self.millisecond + 8, room: &room)
    let conversation = recorder.conversation
    #expect(conversation.client == "c")
    #expect(
      conversation.steps == [
        step(.send([1, 2]), 5), step(.send([3]), Self.millisecond), step(.receive([4]), 7),
        step(.send([5]), 1),
      ])
    #expect(!recorder.isTruncated)
  }

  @Test mutating func `who closed, and when, is a step of its own`() {
    var recorder = ConversationRecorder(client: "c", started: 0)
    recorder.add([1], fromClient: true, at: 1, room: &room)
    recorder.close(byClient: true, at: 3, room: &room)
    recorder.add([2], fromClient: false, at: 4, room: &room)
    #expect(recorder.clientEnded)
    #expect(!recorder.serverEnded)
    recorder.close(byClient: false, at: 8, room: &room)
    #expect(recorder.serverEnded)
    #expect(
      recorder.conversation.steps == [
        step(.send([1]), 1), step(.close(byClient: true), 2), step(.receive([2]), 1),
        step(.close(byClient: false), 4),
      ])
  }

  @Test mutating func `a conversation is recorded up to its bound, both ways together`() {
    let half = [UInt8](repeating: 7, count: ConversationRecorder.mostBytes / 2)
    var recorder = ConversationRecorder(client: "c", started: 0)
    recorder.add(half, fromClient: true, at: 0, room: &room)
    recorder.add(half, fromClient: false, at: 0, room: &room)
    #expect(!recorder.isTruncated)
    recorder.add([8], fromClient: true, at: 0, room: &room)
    #expect(recorder.isTruncated)
    recorder.close(byClient: true, at: 0, room: &room)
    #expect(!recorder.clientEnded)
    #expect(recorder.conversation.steps == [step(.send(half), 0), step(.receive(half), 0)])
  }

  @Test func `all conversations share their room`() {
    var room = 1000
    var one = ConversationRecorder(client: "1", started: 0)
    one.add([UInt8](repeating: 1, count: 600), fromClient: true, at: 0, room: &room)
    #expect(room < 400)
    let left = room
    var other = ConversationRecorder(client: "2", started: 0)
    other.add([UInt8](repeating: 2, count: 600), fromClient: true, at: 0, room: &room)
    #expect(other.isTruncated)
    #expect(other.conversation.bytes(ofClient: true).count == left)
    #expect(room <= 0)
    var third = ConversationRecorder(client: "3", started: 0)
    third.add([3], fromClient: false, at: 0, room: &room)
    #expect(third.isTruncated)
    #expect(third.conversation.steps.isEmpty)
  }

  @Test mutating func `a clock that stands still or goes back makes no negative pause`() {
    var recorder = ConversationRecorder(client: "c", started: 100)
    recorder.add([1], fromClient: true, at: 50, room: &room)
    recorder.add([2], fromClient: false, at: 20, room: &room)
    #expect(recorder.conversation.steps.map(\.after) == [0, 0])
  }
}
