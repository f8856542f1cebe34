/// A recorded conversation in the form in which clients play it: what the client does, one cue
/// after the other, and what it must hear in between.
package struct ConversationScript: Sendable, Equatable {
  package var cues: [Cue]
  package var answers: [Answer]
  /// Nanoseconds that the server took to close the connection at the end; nil where the client does not
  /// wait for the server's close.
  package var closeLag: UInt64?

  /// Something that the client does.
  package struct Cue: Sendable, Equatable {
    package var act: Act
    /// Nanoseconds from the instant at which the cue before was due, or for the first cue the conversation. With
    /// `followsAnswer`, from the instant at which the last answer was whole.
    package var delay: UInt64
    /// Whether an answer came right before this cue.
    package var followsAnswer: Bool
    /// How many answers must have come whole before the cue.
    package var answersBefore: Int
  }

  package enum Act: Sendable, Equatable {
    case say(MessageTemplate)
    /// Says nothing more, and goes on listening.
    case finish
    case close
  }

  /// All that the server says between two cues.
  package struct Answer: Sendable, Equatable {
    /// What must come. Between each text and the next one, any bytes may come, up to the first one that is the next
    /// text's first byte: only the first text may be empty, and all others begin with a byte that is the same
    /// on each connection.
    package var texts: [MessageTemplate]
    /// Nanoseconds that the server took for the answer in the recording. The client waits that long and the
    /// pattern's timeout on top.
    package var lag: UInt64
    /// How many cues come before this answer. It answers one or more of them.
    package var cuesBefore: Int
  }

  /// The most nanoseconds from the instant at which the conversation is due to its outcome.
  ///
  /// - Parameter timeout: nanoseconds that each step may take longer than in the recording.
  package func longestDuration(timeout: UInt64) -> UInt64 {
    let waits = cues.map { $0.delay.plus(timeout) } + answers.map { $0.lag.plus(timeout) }
    return waits.reduce((closeLag ?? 0).plus(timeout)) { $0.plus($1) }
  }
}

extension UInt64 {
  /// The sum, or `max` where it overflows: nothing bounds the delays in a file together.
  fileprivate func plus(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

extension ConversationScript {
  /// - Parameters:
  ///   - waitsForAnswers: whether the client waits for answers. If not, the script has no answers, and with
  ///     `keepsDelays` the time that they took in the recording is part of the next cue's delay.
  ///   - keepsDelays: whether the client takes as long before each step as it took in the recording.
  ///   - templates: makes templates of the texts of both sides, in their order.
  init<Failure: Error>(
    _ conversation: RecordedConversation, waitsForAnswers: Bool, keepsDelays: Bool,
    templates: (_ said: Speech, _ heard: Speech) throws(Failure) -> (
      said: [[MessageTemplate]], heard: [[MessageTemplate]]
    )
  ) throws(Failure) {
    var draft = Draft(waitsForAnswers: waitsForAnswers, keepsDelays: keepsDelays)
    for (index, step) in conversation.steps.enumerated() where !draft.isOver {
      draft.take(step, before: conversation.steps[(index + 1)...])
    }
    draft.finish()
    let (said, heard) = try templates(draft.said, draft.heard)
    var saidTexts = said.makeIterator()
    cues = draft.cues.map { cue in
      guard case .say = cue.act, let text = saidTexts.next()?.first else { return cue }
      var cue = cue
      cue.act = .say(text)
      return cue
    }
    answers = zip(draft.answers, heard).map { answer, texts in
      var answer = answer
      answer.texts = texts
      return answer
    }
    closeLag = draft.closeLag
  }

  /// A script whose texts are still bytes.
  private struct Draft {
    let waitsForAnswers: Bool
    let keepsDelays: Bool
    var cues: [Cue] = []
    /// An item for each `say` cue.
    var said = Speech()
    var answers: [Answer] = []
    /// An item for each answer.
    var heard = Speech()
    var closeLag: UInt64?
    /// Whether steps that follow no longer matter.
    var isOver = false
    /// Nanoseconds of the steps left out since the last cue. These are the answers that the client does not wait
    /// for.
    private var elapsed: UInt64 = 0
    private var last = Last.nothing
    /// Whether an answer that is not waited for has come since the last cue.
    private var isAnswered = false
    /// Whether the client has closed its side and goes on listening.
    private var isFinished = false

    private enum Last { case nothing, cue, answer }

    init(waitsForAnswers: Bool, keepsDelays: Bool) {
      self.waitsForAnswers = waitsForAnswers
      self.keepsDelays = keepsDelays
    }

    mutating func take(
      _ step: RecordedConversation.Step, before rest: ArraySlice<RecordedConversation.Step>
    ) {
      let after = elapsed.plus(step.after)
      switch step.action {
      case .send(let bytes):
        if last == .cue, !keepsDelays || after == 0, case .say? = cues.last?.act {
          said.extend(bytes)
        } else {
          var continues = false
          if last == .cue, !isAnswered, case .say? = cues.last?.act { continues = true }
          add(.say(MessageTemplate(parts: [])), after: after)
          said.begin(continuing: continues)
          said.extend(bytes)
        }
        elapsed = 0
        isAnswered = false
      case .receive(let bytes, let anything):
        guard waitsForAnswers else {
          isAnswered = true
          return elapsed = after
        }
        if last == .answer {
          heard.extend(bytes, anything: anything)
          let lag = answers[answers.count - 1].lag
          answers[answers.count - 1].lag = lag.plus(step.after)
        } else {
          answers.append(Answer(texts: [], lag: step.after, cuesBefore: cues.count))
          heard.begin()
          heard.extend(bytes, anything: anything)
        }
        last = .answer
      case .close(byClient: true):
        // To hear what the server still says, the client must go on listening.
        let serverSpeaks = rest.contains { if case .receive = $0.action { true } else { false } }
        let serverCloses = rest.contains { $0.action == .close(byClient: false) }
        isFinished = serverSpeaks && (waitsForAnswers || serverCloses)
        isOver = !isFinished
        add(isFinished ? .finish : .close, after: after)
        elapsed = 0
      case .close(byClient: false):
        closeLag = after
        isOver = true
      }
    }

    /// Adds a close where the client ended its side and the server never did: a half-closed
    /// connection is of no further use.
    mutating func finish() {
      guard isFinished, closeLag == nil else { return }
      add(.close, after: 0)
    }

    private mutating func add(_ act: Act, after: UInt64) {
      cues.append(
        Cue(
          act: act, delay: keepsDelays ? after : 0, followsAnswer: last == .answer,
          answersBefore: answers.count))
      last = .cue
    }
  }
}
