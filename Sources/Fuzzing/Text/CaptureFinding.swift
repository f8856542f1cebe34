import Messages
import Plan

/// An input that begins with a zero byte is what two peers say to each other: the check records it, marks what is volatile, writes it as
/// a file of conversations and reads that file again. Any other input is such a file.
func captureFinding(in bytes: [UInt8]) -> String? {
  guard bytes.first == 0 else { return fileFinding(bytes) }
  return conversationFinding(bytes.dropFirst())
}

private let name = "talk.yaml"

private func fileFinding(_ bytes: [UInt8]) -> String? {
  planFinding(text: planPlaying, files: [name: bytes])
}

private let planPlaying = """
  target: 127.0.0.1:6379
  messages: {talk: {conversation: talk.yaml}}
  phases: [hold: {for: 1s, messages: talk}]

  """

/// The input is a row of acts. In the first byte of each act the lowest bit says which end acts (0 for the
/// client), and the next two bits how long after the act before. Where the other five bits are all set, this end
/// closes. Otherwise it speaks: a byte with the length follows, and so many bytes. Where an end has closed, an
/// act of this end is its first byte alone, and only lets time pass.
private func conversationFinding(_ bytes: ArraySlice<UInt8>) -> String? {
  var recorder = ConversationRecorder(client: "127.0.0.1:5000", started: 0)
  var (rest, instant, room) = (bytes, UInt64(0), 4096)
  var ended = (client: false, server: false)
  while let kind = rest.popFirst() {
    instant += [0, 1_000, 700_000, 5_000_000][Int(kind >> 1 & 3)]
    let isClient = kind & 1 == 0
    if isClient ? ended.client : ended.server { continue }
    if kind >> 3 == 31 {
      if isClient { ended.client = true } else { ended.server = true }
      recorder.close(byClient: isClient, at: instant, room: &room)
      continue
    }
    let count = Int(rest.popFirst() ?? 0)
    let piece = rest.prefix(count)
    rest = rest.dropFirst(count)
    recorder.add(piece, fromClient: isClient, at: instant, room: &room)
  }
  let (conversation, _) = recorder.conversation.withVolatileHeaders.redacted(
    by: [], clientEnded: false, serverEnded: false, most: ConversationRecorder.mostBytes)
  guard !conversation.steps.isEmpty else { return nil }
  let file = CaptureFile(
    captured: "2026-01-02T03:04:05.678Z", forward: "127.0.0.1:6379",
    connections: [CaptureFile.Connection(conversation, isTruncated: recorder.isTruncated)])
  return rereadFinding(file.yaml, conversation)
}

private func rereadFinding(_ file: [UInt8], _ conversation: RecordedConversation) -> String? {
  do {
    let plan = try Plan.read(
      text: planPlaying, file: "fuzz.plan", files: Plan.attached([name: file]))
    // The file has delays in whole microseconds.
    let wanted = try ConversationPattern(file: name, [conversation.withWholeMicroseconds])
    guard plan.patterns[0].conversation?.scripts == wanted.scripts else {
      return "reads as another conversation:\n\(String(decoding: file, as: UTF8.self))"
    }
    return plan.finding
  } catch {
    return "is refused: \(error)\n\(String(decoding: file, as: UTF8.self))"
  }
}

extension RecordedConversation {
  /// The conversation with its delays, in nanoseconds, rounded down to whole microseconds.
  fileprivate var withWholeMicroseconds: RecordedConversation {
    var conversation = self
    for index in steps.indices {
      conversation.steps[index].after = steps[index].after / 1000 * 1000
    }
    return conversation
  }
}
