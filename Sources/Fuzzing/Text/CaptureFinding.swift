import Messages
import Plan

/// An input that begins with a zero byte is what two peers say to each other: it is recorded, written as a
/// file of conversations and read again. Any other input is read as such a file.
func captureFinding(in bytes: [UInt8]) -> String? {
  guard bytes.first == 0 else { return played(bytes) }
  return recorded(bytes.dropFirst())
}

private let name = "talk.yaml"

private func played(_ bytes: [UInt8]) -> String? {
  planFinding(text: planPlaying, files: [name: bytes])
}

private let planPlaying = """
  target: 127.0.0.1:6379
  messages: {talk: {conversation: talk.yaml}}
  phases: [hold: {for: 1s, messages: talk}]

  """

/// The input is a row of pieces. In the first byte of each, the lowest bit says which end acts, the next two
/// how long after the piece before. The other five bits are all set where this end closes. Where it does not,
/// it speaks: a byte with the length follows, and so many bytes.
private func recorded(_ bytes: ArraySlice<UInt8>) -> String? {
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
  let conversation = recorder.conversation
  guard !conversation.steps.isEmpty else { return nil }
  let file = CaptureFile(
    captured: "2026-01-02T03:04:05.678Z", forward: "127.0.0.1:6379",
    connections: [CaptureFile.Connection(conversation, isTruncated: recorder.isTruncated)])
  return readAgain(file.yaml, conversation)
}

private func readAgain(_ file: [UInt8], _ conversation: RecordedConversation) -> String? {
  do {
    let plan = try Plan.read(
      text: planPlaying, file: "fuzz.plan", files: Plan.attached([name: file]))
    // The file has delays in whole microseconds.
    let wanted = try ConversationPattern(file: name, [conversation.inMicroseconds])
    guard plan.patterns[0].conversation?.scripts == wanted.scripts else {
      return "reads as another conversation:\n\(String(decoding: file, as: UTF8.self))"
    }
    return plan.finding
  } catch {
    return "is refused: \(error)\n\(String(decoding: file, as: UTF8.self))"
  }
}

extension RecordedConversation {
  fileprivate var inMicroseconds: RecordedConversation {
    var conversation = self
    for index in steps.indices {
      conversation.steps[index].after = steps[index].after / 1000 * 1000
    }
    return conversation
  }
}
