import Messages
import SystemPackage

/// The conversations of a plan in the form that the loop reads: plain numbers in fixed memory.
struct ConversationBook: ~Copyable {
  /// One conversation: parts of `cues` and `answers`.
  struct Script: BitwiseCopyable {
    fileprivate var firstCue: UInt32 = 0
    fileprivate var firstAnswer: UInt32 = 0
    /// How many cues it has, from `firstCue` on, and how many answers: each text of an answer counts as one.
    fileprivate(set) var cues: UInt32 = 0
    fileprivate(set) var answers: UInt32 = 0
    /// Nanoseconds that the server took in the recording to close the connection; 0 unless
    /// `awaitsClose`.
    fileprivate(set) var closeLag: UInt64 = 0
    /// Whether the client waits for the server to close the connection at the end.
    fileprivate(set) var awaitsClose = false
    /// Whether every answer of the right length is right, whatever its bytes.
    fileprivate(set) var takesAnything = false
    /// Nanoseconds beyond the `lag` of an answer after which the answer is missing. The same for the
    /// server's close, beyond `closeLag`.
    fileprivate(set) var timeout: UInt64 = 0
  }

  /// Something that the client does; see `ConversationScript.Cue`.
  struct Cue: BitwiseCopyable {
    fileprivate(set) var act: Act
    fileprivate(set) var followsAnswer: Bool
    fileprivate(set) var answersBefore: UInt32
    /// Nanoseconds.
    fileprivate(set) var delay: UInt64
    fileprivate(set) var text = Text()
  }

  enum Act: UInt8, BitwiseCopyable {
    case say, finish, close
  }

  /// One text of what the server says; see `ConversationScript.Answer`.
  struct Answer: BitwiseCopyable {
    fileprivate(set) var cuesBefore: UInt32
    /// Nanoseconds that the server took in the recording for the answer that the text belongs to.
    fileprivate(set) var lag: UInt64
    fileprivate(set) var text: Text
    /// Whether any bytes may come before the text, up to the first one that is the text's first byte.
    fileprivate(set) var followsAnything: Bool
    /// Whether the answer is whole with this text.
    fileprivate(set) var isLast: Bool
  }

  /// What is said: a part of `texts`, or a template.
  struct Text: BitwiseCopyable {
    fileprivate var start = 0
    fileprivate var count = 0
    fileprivate var template: Int?
  }

  /// The scripts of one pattern: a part of `scripts`.
  struct ScriptRange: BitwiseCopyable {
    fileprivate var first: UInt32
    fileprivate var count: UInt32
  }

  /// By pattern.
  private let scriptRanges: Column<ScriptRange>
  private let scripts: Column<Script>
  private let cues: Column<Cue>
  private let answers: Column<Answer>
  private let texts: Scratch<UInt8>
  private let maker: MessageMaker

  init(_ patterns: [MessagePattern]) throws(Errno) {
    var draft = Draft()
    let scriptRanges = try Column(patterns.map { draft.add($0) })
    let scripts = try Column(draft.scripts)
    let cues = try Column(draft.cues)
    let answers = try Column(draft.answers)
    let texts = try Scratch<UInt8>(count: max(1, draft.bytes.count))
    let maker = try MessageMaker(draft.templates)
    unsafe UnsafeMutableRawBufferPointer(texts.buffer).copyBytes(from: draft.bytes)
    self.scriptRanges = scriptRanges
    self.scripts = scripts
    self.cues = cues
    self.answers = answers
    self.texts = texts
    self.maker = maker
  }

  /// The conversation that is played on a connection.
  ///
  /// - Parameter connection: the connection's number in the run.
  @inline(__always)
  func script(_ pattern: Int, on connection: UInt64) -> Script {
    let range = scriptRanges[UInt32(pattern)]
    return scripts[range.first + UInt32(connection % UInt64(range.count))]
  }

  /// What the client does after `done` cues; nil when it has done everything.
  func cue(_ done: UInt32, of script: Script) -> Cue? {
    done < script.cues ? cues[script.firstCue + done] : nil
  }

  /// What the server says after `heard` texts; nil when it has said everything.
  func answer(_ heard: UInt32, of script: Script) -> Answer? {
    heard < script.answers ? answers[script.firstAnswer + heard] : nil
  }

  /// The bytes of a text. Good until the next call.
  func bytes(
    of text: Text, _ facts: @autoclosure () -> MessageTemplate.Facts
  ) -> UnsafeRawBufferPointer {
    if let template = text.template { return unsafe maker.message(template, facts()) }
    return unsafe UnsafeRawBufferPointer(
      rebasing: UnsafeRawBufferPointer(texts.buffer)[text.start..<text.start + text.count])
  }

  /// What the columns will hold, in arrays that can grow.
  private struct Draft {
    var scripts: [Script] = []
    var cues: [Cue] = []
    var answers: [Answer] = []
    var bytes: [UInt8] = []
    var templates: [MessageTemplate] = []

    mutating func add(_ pattern: MessagePattern) -> ScriptRange {
      let first = UInt32(scripts.count)
      for script in pattern.conversation?.scripts ?? [] {
        add(
          script, takesAnything: pattern.conversation?.expectation == .length,
          timeout: pattern.timeout)
      }
      return ScriptRange(first: first, count: UInt32(scripts.count) - first)
    }

    private mutating func add(_ script: ConversationScript, takesAnything: Bool, timeout: UInt64) {
      // By number of answers: how many texts they have together.
      let textsBefore = script.answers.reduce(into: [0]) {
        $0.append($0[$0.count - 1] + $1.texts.count)
      }
      scripts.append(
        Script(
          firstCue: UInt32(cues.count), firstAnswer: UInt32(answers.count),
          cues: UInt32(script.cues.count), answers: UInt32(textsBefore[script.answers.count]),
          closeLag: script.closeLag ?? 0, awaitsClose: script.closeLag != nil,
          takesAnything: takesAnything, timeout: timeout))
      for cue in script.cues {
        var kept = Cue(
          act: .close, followsAnswer: cue.followsAnswer,
          answersBefore: UInt32(textsBefore[cue.answersBefore]), delay: cue.delay)
        switch cue.act {
        case .say(let template):
          kept.act = .say
          kept.text = keep(template)
        case .finish: kept.act = .finish
        case .close: break
        }
        cues.append(kept)
      }
      for answer in script.answers {
        for (index, text) in answer.texts.enumerated() {
          answers.append(
            Answer(
              cuesBefore: UInt32(answer.cuesBefore), lag: answer.lag, text: keep(text),
              followsAnything: index > 0, isLast: index == answer.texts.count - 1))
        }
      }
    }

    private mutating func keep(_ template: MessageTemplate) -> Text {
      guard let fixed = template.fixed else {
        templates.append(template)
        return Text(template: templates.count - 1)
      }
      defer { bytes += fixed }
      return Text(start: bytes.count, count: fixed.count)
    }
  }
}

extension Column {
  fileprivate init(_ values: [Value]) throws(Errno) {
    try self.init(count: values.count)
    for (index, value) in values.enumerated() { self[UInt32(index)] = value }
  }
}
