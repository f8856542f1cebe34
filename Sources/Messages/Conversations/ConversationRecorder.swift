/// Builds a recorded conversation from the pieces that pass between a client and its server, in bounded memory.
package struct ConversationRecorder: Sendable {
  /// The most bytes of one conversation, in both directions: no plan takes more.
  package static let mostBytes = 1 << 20
  /// Nanoseconds. Pieces of one direction with a shorter pause between them become one step, because
  /// it means nothing where the network cuts a message.
  private static let shortestPause: UInt64 = 1_000_000
  /// About how many bytes of memory a step takes beside what was said in it.
  private static let stepCost = 128

  private let client: String
  private var steps: [RecordedConversation.Step] = []
  /// The last step, while more bytes may be added to it. `after` as in `RecordedConversation.Step`.
  private var open: (fromClient: Bool, bytes: [UInt8], after: UInt64)?
  /// Whether something that was said is missing, because no room was left.
  package private(set) var isTruncated = false
  /// Whether the client closed, and all that it sent is here.
  package private(set) var clientEnded = false
  /// Whether the server closed, and all that it sent is here.
  package private(set) var serverEnded = false

  /// Bytes in all steps.
  private var count = 0
  /// The instant of the last piece or close, or of the beginning.
  private var last: UInt64

  /// - Parameter started: when the connection was established, in nanoseconds on any clock.
  package init(client: String, started: UInt64) {
    self.client = client
    last = started
  }

  package var conversation: RecordedConversation {
    RecordedConversation(client: client, steps: steps + (openStep.map { [$0] } ?? []))
  }

  /// Adds what one side sent, as far as there is room.
  ///
  /// - Parameter room: bytes that all conversations together may still take; what this one takes
  ///   is subtracted.
  package mutating func add(
    _ bytes: some Collection<UInt8>, fromClient: Bool, at instant: UInt64, room: inout Int
  ) {
    guard !isTruncated else { return }
    let most = max(0, min(Self.mostBytes - count, room))
    let kept = Array(bytes.prefix(most))
    if !kept.isEmpty {
      let pause = instant - min(last, instant)
      if open?.fromClient == fromClient, pause < Self.shortestPause {
        open?.bytes += kept
      } else {
        closeStep()
        open = (fromClient, kept, pause)
        room -= Self.stepCost
      }
      last = instant
      count += kept.count
      room -= kept.count
    }
    if kept.count < bytes.count { isTruncated = true }
  }

  /// One side closed.
  package mutating func close(byClient: Bool, at instant: UInt64, room: inout Int) {
    guard !isTruncated else { return }
    if byClient { clientEnded = true } else { serverEnded = true }
    closeStep()
    let pause = instant - min(last, instant)
    steps.append(RecordedConversation.Step(.close(byClient: byClient), after: pause))
    last = instant
    room -= Self.stepCost
  }

  private var openStep: RecordedConversation.Step? {
    open.map {
      RecordedConversation.Step(
        $0.fromClient ? .send($0.bytes) : .receive($0.bytes), after: $0.after)
    }
  }

  private mutating func closeStep() {
    if let step = openStep { steps.append(step) }
    open = nil
  }
}
