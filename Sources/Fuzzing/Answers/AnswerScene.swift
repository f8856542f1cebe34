import Messages
import Protocols
import Recording

/// A message pattern that a client plays, and what the client's server does meanwhile. Each line says one thing;
/// TEXT may have the escapes of `EscapedText`. Any other line is ignored.
///
/// - What is sent and expected: `send TEXT`, `echo`, `none`, `bytes N`, `text TEXT`, `matches REGEX`,
///   `until TEXT`, `frame AT SIZE ORDER PLUS`, `http METHOD STATUS ...`; the last three may stand beside `text` or
///   `matches`. The pace: `every MS` or `flat-out`; `timeout MS`.
/// - Or a conversation, one step per line: `> TEXT` from the client, `< TEXT` from the server,
///   `client-closes`, `server-closes`; `any FIRST END` lets bytes of the last step be anything; `after MS` delays the next step. Each answer must have the same bytes;
///   with `length` it need only be as long, with `unheard` no answer is waited for. With the pace `once` each
///   connection plays it once.
/// - The network: `buffer N` bytes, `latency US`.
/// - What happens, in the order of the lines. The server acts: `say TEXT`, `read`, `give` (it reads, and sends
///   the same bytes back), `finish` (it closes its half), `close`, `reset`. Time passes: `wait MS`. The
///   coordinator gives an `Order`: `settle`, `verify`.
struct AnswerScene {
  enum Event {
    /// `wait` has nanoseconds.
    case say([UInt8]), wait(UInt64), read, give, finish, close, reset, settle, verify
  }

  private(set) var events: [Event] = []
  private(set) var buffer = 65_536
  /// Nanoseconds.
  private(set) var latency: UInt64 = 0
  /// Nil where the lines make no pattern that a plan could have.
  private(set) var pattern: MessagePattern?

  private var sent: [UInt8] = Array("ping".utf8)
  private var text: [UInt8]?
  private var expression: String?
  private var frame: AnswerFrame?
  /// The answer that is expected where no line has `text`, `matches`, `until`, `frame` or `http`.
  private var plainExpectation: MessagePattern.Expectation = .echo
  private var pace = MessagePattern.Pace.every(100_000_000)
  private var timeout: UInt64 = 1_000_000_000
  private var steps: [RecordedConversation.Step] = []
  /// The delay before the next step, in nanoseconds.
  private var after: UInt64 = 0
  private var conversationExpectation = ConversationPattern.Expectation.same
  /// Which ends have closed in the conversation so far.
  private var hasClosed = (client: false, server: false)

  private static let mostEvents = 60

  init(_ lines: String) {
    for line in lines.split(separator: "\n").prefix(100) {
      let word = line.prefix { $0 != " " }
      let rest = line.dropFirst(word.count + 1)
      if !takeSetting(word, rest), events.count < Self.mostEvents,
        let event = Self.event(word, rest)
      {
        events.append(event)
      }
    }
    pattern = assembledPattern
  }

  /// Whether the outcomes must be the same however the bytes are cut. They need not be where nobody knows where
  /// answers end, or where bytes wait in the network, for latency or for room, while time passes.
  var isIndependentOfPieces: Bool {
    guard latency == 0, buffer >= 65_536 else { return false }
    if case .matches = pattern?.expectation { return false }
    return true
  }

  private static func number(_ text: Substring, _ most: UInt64) -> UInt64 {
    min(most, UInt64(text) ?? 0)
  }

  private static func bytes(_ text: Substring) -> [UInt8] {
    (try? EscapedText.bytes(of: text)) ?? Array(text.utf8)
  }

  private static func lengthField(_ text: Substring) -> LengthField? {
    let words = text.split(separator: " ")
    guard words.count == 4, let order = LengthField.Order(rawValue: String(words[2])) else {
      return nil
    }
    let at = Int(number(words[0], UInt64(LengthField.furthest)))
    let size = Int(number(words[1], UInt64(LengthField.sizes.upperBound)))
    let plus = Int(words[3]) ?? 0
    let range = LengthField.plusRange
    return LengthField(
      at: at, size: max(1, size), order: order,
      plus: min(max(plus, range.lowerBound), range.upperBound))
  }

  /// Reads `METHOD STATUS ...`. Without a status any success (2xx) is a right answer.
  private static func response(_ text: Substring) -> HTTPAnswer {
    let words = text.split(separator: " ")
    let method = HTTPMethod.allCases.first { "\($0.text)" == words.first ?? "" }
    var answer = HTTPAnswer(method: method ?? .other)
    let statuses = words.dropFirst().compactMap { UInt16($0) }.filter(HTTPAnswer.possible.contains)
    if !statuses.isEmpty { answer.statuses = statuses.map { $0...$0 } }
    return answer
  }

  private static func event(_ word: Substring, _ rest: Substring) -> Event? {
    switch word {
    case "say": .say(bytes(rest))
    case "wait": .wait(number(rest, 5_000) * 1_000_000)
    case "read": .read
    case "give": .give
    case "finish": .finish
    case "close": .close
    case "reset": .reset
    case "settle": .settle
    case "verify": .verify
    default: nil
    }
  }

  /// Takes a line about the pattern, the conversation or the network; false for any other line.
  private mutating func takeSetting(_ word: Substring, _ rest: Substring) -> Bool {
    switch word {
    case "send": sent = Self.bytes(rest)
    case "echo": plainExpectation = .echo
    case "none": plainExpectation = .none
    case "bytes": plainExpectation = .bytes(max(1, Int(Self.number(rest, 2_000))))
    case "text": text = Self.bytes(rest)
    case "matches": expression = String(rest)
    case "until":
      let delimiter = Array(Self.bytes(rest).prefix(AnswerFrame.longestDelimiter))
      frame = delimiter.isEmpty ? nil : .delimiter(delimiter)
    case "frame": frame = Self.lengthField(rest).map { .length($0) }
    case "http": frame = .http(Self.response(rest))
    case "every": pace = .every(max(1, Self.number(rest, 10_000)) * 1_000_000)
    case "flat-out": pace = .unlimited
    case "once": pace = .once
    case "timeout": timeout = max(1, Self.number(rest, 10_000)) * 1_000_000
    case "buffer": buffer = max(1, Int(Self.number(rest, 65_536)))
    case "latency": latency = Self.number(rest, 100_000) * 1_000
    case ">", "<", "client-closes", "server-closes", "after", "length", "unheard", "any":
      takeStep(word, rest)
    default: return false
    }
    return true
  }

  private mutating func takeStep(_ word: Substring, _ rest: Substring) {
    switch word {
    case ">" where !hasClosed.client: add(.send(Self.bytes(rest)))
    case "<" where !hasClosed.server: add(.receive(Self.bytes(rest)))
    case "client-closes" where !hasClosed.client:
      hasClosed.client = true
      add(.close(byClient: true))
    case "server-closes" where !hasClosed.server:
      hasClosed.server = true
      add(.close(byClient: false))
    case "after": after = Self.number(rest, 5_000) * 1_000_000
    case "any": markLast(rest)
    case "length": conversationExpectation = .length
    case "unheard": conversationExpectation = .none
    default: break
    }
  }

  /// Marks bytes of the last step as anything: `any 3 7` the fourth one to the seventh. What no file can have is
  /// left out.
  private mutating func markLast(_ text: Substring) {
    let words = text.split(separator: " ")
    guard words.count == 2, case .receive(let bytes, var anything)? = steps.last?.action else {
      return
    }
    let first = Int(Self.number(words[0], 100_000))
    let end = Int(Self.number(words[1], 100_000))
    guard first <= end, end < bytes.count, first > anything.last?.upperBound ?? -1,
      !bytes[first..<end].contains(bytes[end])
    else { return }
    anything.append(first..<end)
    steps[steps.count - 1].action = .receive(bytes, anything: anything)
  }

  /// Adds a step to the conversation. A message without bytes is left out, since no plan can have one.
  private mutating func add(_ action: RecordedConversation.Action) {
    switch action {
    case .send([]), .receive([], _): return
    case .send, .receive, .close: break
    }
    steps.append(RecordedConversation.Step(action, after: after))
    after = 0
  }

  private var assembledPattern: MessagePattern? {
    if !steps.isEmpty {
      let conversation = try? ConversationPattern(
        file: "", [RecordedConversation(client: "", steps: steps)],
        expectation: conversationExpectation)
      // The reader of plans refuses it, too.
      if pace == .unlimited, conversation?.mayDoNothing == true { return nil }
      return conversation.map {
        MessagePattern(name: "fuzz", pace: pace, conversation: $0, timeout: timeout)
      }
    }
    if case .once = pace { return nil }
    guard !sent.isEmpty, let expectation else { return nil }
    return MessagePattern(
      name: "fuzz", pace: pace, template: MessageTemplate(bytes: sent), expectation: expectation,
      timeout: timeout)
  }

  private var expectation: MessagePattern.Expectation? {
    if let frame {
      if let expression {
        return (try? BytePattern(expression)).map { .framed(frame, .matches($0)) }
      }
      if let text {
        return text.isEmpty ? nil : .framed(frame, .text(Array(text.prefix(1_000))))
      }
      return .framed(frame, nil)
    }
    if let expression { return (try? BytePattern(expression)).map { .matches($0) } }
    if let text { return text.isEmpty ? nil : .text(text) }
    return plainExpectation
  }
}
