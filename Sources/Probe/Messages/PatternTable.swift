import Linux
import Messages
import SystemPackage

/// The patterns of a plan in the form that the loop reads: plain numbers in fixed memory, and all
/// fixed texts in one buffer.
struct PatternTable: ~Copyable {
  /// What the loop needs to know of a pattern; its texts are parts of `texts`.
  struct Traits: BitwiseCopyable {
    /// Nanoseconds between the messages of one connection; 0 where `rate` sets the pace.
    fileprivate(set) var every: UInt64 = 0
    /// Messages per second over the connections of all workers; infinite where only answers set the
    /// pace, 0 where there is no rate.
    fileprivate(set) var rate = 0.0
    /// Played once on each connection; `every` and `rate` are 0 then.
    fileprivate(set) var isOnce = false
    /// Whether the messages are binary, where the protocol has messages of text and binary ones.
    fileprivate(set) var isBinary = false
    /// Nanoseconds from when a message was due until its answer is missing.
    fileprivate(set) var timeout: UInt64 = 0
    fileprivate(set) var answer = Answer.nothing
    /// Whether a server may answer and nobody waits for it: bytes that come after such a message are not unasked.
    fileprivate(set) var isUnawaited = false
    /// Bytes of an answer of known length (`.anything` or `.text`).
    fileprivate(set) var answerCount = 0
    /// Whether no two messages of a connection have the same answer, so that a right answer shows which
    /// message it answers. Servers answer in order: answers to older messages cannot come any more.
    fileprivate(set) var hasDistinctAnswers = false
    /// Whether every message of the run has the same answer, byte for byte. Other bytes are then wrong,
    /// whichever message they answer.
    fileprivate(set) var hasUniformAnswers = false
    /// The message, if all messages of the pattern are the same (`isFixed`).
    fileprivate var message = Text()
    fileprivate var isFixed = false
    /// The text that must answer (`.text`).
    fileprivate var answerText = Text()

    var wantsAnswer: Bool { answer != .nothing }

    /// Whether one answer is expected of which the bytes, or at least their number, are known. The answers of
    /// conversations are compared elsewhere (`hearConversation`).
    var isKnown: Bool { answer == .echo || answer == .text || answer == .anything }
  }

  /// How an answer is recognised.
  enum Answer: UInt8, BitwiseCopyable {
    case nothing, echo
    /// By what the protocol says of the message, and not by another message.
    case acknowledged
    /// Any bytes, `answerCount` of them.
    case anything
    case text
    /// Bytes that match an expression. Where the answer ends is not known.
    case matching
    /// An answer that says where it ends (`AnswerFrame`), with a content that is looked for, if any.
    case framed
    /// The answers of the recorded conversation; see `ConversationBook`.
    case conversation
  }

  /// A part of `texts`.
  fileprivate struct Text: BitwiseCopyable {
    var start = 0
    var count = 0
  }

  let count: Int
  /// The message that the server is known to push; empty where it pushes none.
  private let pushedText: Text
  private let traitsOfPatterns: Column<Traits>
  private let cursors: Column<RoundCursor>
  /// For a pattern with a rate: messages begun since it was last started.
  private let begun: Column<UInt64>
  /// The scoreboard's `unsent` when the pattern was last started.
  private let unsentBefore: Column<UInt64>
  private let texts: Scratch<UInt8>
  private let maker: MessageMaker
  /// Makes the messages that `otherAnswer` returns, so that one from `maker` stays good.
  private let others: MessageMaker

  /// - Parameter patterns: at most `MessagePattern.most`.
  init(_ patterns: [MessagePattern], pushed: [UInt8]?, share: WorkerShare) throws(Errno) {
    // The scoreboard has cells for no more.
    precondition(patterns.count <= MessagePattern.most)
    var bytes: [UInt8] = []
    func keep(_ more: [UInt8]) -> Text {
      defer { bytes += more }
      return Text(start: bytes.count, count: more.count)
    }
    var drafts: [Traits] = []
    for pattern in patterns {
      var traits = Traits()
      traits.timeout = pattern.timeout
      traits.isBinary = pattern.isBinary
      switch pattern.pace {
      case .every(let interval): traits.every = max(1, interval)
      case .rate(let rate): traits.rate = rate
      case .unlimited: traits.rate = .infinity
      case .once: traits.isOnce = true
      }
      if let fixed = pattern.template.fixed {
        traits.isFixed = true
        traits.message = keep(fixed)
      }
      switch pattern.expectation {
      case .none: traits.answer = .nothing
      case .acknowledged: traits.answer = .acknowledged
      case .echo: traits.answer = .echo
      case .bytes(let count):
        traits.answer = .anything
        // `MessageColumns.answerProgress` has 32 bits.
        traits.answerCount = min(max(0, count), Int(Int32.max))
      case .text(let text):
        traits.answer = .text
        traits.answerCount = text.count
        traits.answerText = keep(text)
      case .matches: traits.answer = .matching
      case .framed: traits.answer = .framed
      }
      traits.isUnawaited = traits.answer == .nothing || traits.answer == .acknowledged
      if let conversation = pattern.conversation {
        traits.answer = .conversation
        traits.isUnawaited = conversation.expectation == .none
      }
      // An acknowledgement names its message, but says nothing of messages that are still to come.
      traits.hasDistinctAnswers = traits.answer == .echo && pattern.template.differsByMessage
      traits.hasUniformAnswers =
        patterns.count == 1
        && (traits.answer == .text || traits.answer == .echo && traits.isFixed)
      drafts.append(traits)
    }
    let pushedText = keep(pushed ?? [])
    let traitsOfPatterns = try Column<Traits>(count: patterns.count)
    let cursors = try Column<RoundCursor>(count: patterns.count)
    let begun = try Column<UInt64>(count: patterns.count)
    let unsentBefore = try Column<UInt64>(count: patterns.count)
    let texts = try Scratch<UInt8>(count: max(1, bytes.count))
    // A fixed message is never made, so it needs no template and no room in the makers' buffers.
    let templates = patterns.map {
      $0.template.fixed == nil ? $0.template : MessageTemplate(parts: [])
    }
    let maker = try MessageMaker(templates)
    let others = try MessageMaker(templates)
    for (index, traits) in drafts.enumerated() {
      traitsOfPatterns[UInt32(index)] = traits
      cursors[UInt32(index)] = RoundCursor(every: traits.every, share: share)
    }
    unsafe UnsafeMutableRawBufferPointer(texts.buffer).copyBytes(from: bytes)
    count = patterns.count
    self.pushedText = pushedText
    self.traitsOfPatterns = traitsOfPatterns
    self.cursors = cursors
    self.begun = begun
    self.texts = texts
    self.unsentBefore = unsentBefore
    self.maker = maker
    self.others = others
  }

  // MARK: Texts

  @inline(__always)
  func traits(_ pattern: Int) -> Traits { traitsOfPatterns[UInt32(pattern)] }

  var isPushed: Bool { pushedText.count > 0 }
  var pushed: UnsafeRawBufferPointer { unsafe bytes(pushedText) }

  /// The text that must answer the messages of a pattern.
  @inline(__always)
  func answer(_ pattern: Int) -> UnsafeRawBufferPointer {
    unsafe bytes(traits(pattern).answerText)
  }

  /// The message of a pattern whose messages are all the same; nil for other patterns.
  @inline(__always)
  func fixedMessage(_ pattern: Int) -> UnsafeRawBufferPointer? {
    let traits = traits(pattern)
    return unsafe traits.isFixed ? bytes(traits.message) : nil
  }

  /// A message of a pattern whose messages differ. Good until the next one is made.
  func message(_ pattern: Int, _ facts: MessageTemplate.Facts) -> UnsafeRawBufferPointer {
    unsafe maker.message(pattern, facts)
  }

  /// The answer to another message, for a pattern that expects `.text` or `.echo`. It has a buffer of its own, so it
  /// can be compared with what `message` has returned. Good until the next call.
  @inline(__always)
  func otherAnswer(_ pattern: Int, _ facts: MessageTemplate.Facts) -> UnsafeRawBufferPointer {
    let traits = traits(pattern)
    if traits.answer == .text { return unsafe bytes(traits.answerText) }
    return unsafe traits.isFixed ? bytes(traits.message) : others.message(pattern, facts)
  }

  @inline(__always)
  private func bytes(_ text: Text) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(
      rebasing: UnsafeRawBufferPointer(texts.buffer)[text.start..<text.start + text.count])
  }

  // MARK: Pace

  func cursor(_ pattern: Int) -> RoundCursor { cursors[UInt32(pattern)] }

  func step(_ pattern: Int, slots: UInt32) { cursors[UInt32(pattern)].step(slots: slots) }

  func begunAtRate(_ pattern: Int) -> Int { Int(begun[UInt32(pattern)]) }

  func countBegunAtRate(_ pattern: Int) { begun[UInt32(pattern)] += 1 }

  func unsentBefore(_ pattern: Int) -> UInt64 { unsentBefore[UInt32(pattern)] }

  func noteUnsent(_ pattern: Int, _ count: UInt64) { unsentBefore[UInt32(pattern)] = count }

  func skip(_ pattern: Int, to end: Instant) { cursors[UInt32(pattern)].skip(to: end) }
  func rewind(_ pattern: Int) { cursors[UInt32(pattern)].rewind() }

  func restart(_ pattern: Int, at instant: Instant, slots: UInt32) {
    begun[UInt32(pattern)] = 0
    // A pattern that is played once has one round, which never ends.
    cursors[UInt32(pattern)].restart(at: instant, slots: traits(pattern).isOnce ? .max : slots)
  }
}
