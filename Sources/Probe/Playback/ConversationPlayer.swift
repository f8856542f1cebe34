import Linux
import Messages
import SystemPackage

/// Plays recorded conversations, each on one connection, from its first step to its outcome.
///
/// The client takes its next step (a cue) once it has received every answer that came before that
/// step in the recording, and the step's delay is over. Bytes that come are compared with the next
/// answer of the recording, whichever step the client is at.
struct ConversationPlayer<System: Kernel & ~Copyable>: ~Copyable {
  typealias Connections = ClientConnections<System>

  private let book: ConversationBook

  init(_ patterns: [MessagePattern]) throws(Errno) { book = try ConversationBook(patterns) }

  /// The conversation that is played on a connection.
  private mutating func script(
    of slot: UInt32, among connections: inout Connections
  ) -> ConversationBook.Script {
    book.script(
      connections.rows.messages.pattern(of: slot), on: connections.connectionNumber(of: slot))
  }

  mutating func begin(
    _ pattern: Int, on slot: UInt32, due: Instant, among connections: inout Connections
  ) {
    connections.rows.beginConversation(
      slot, pattern: pattern, due: due.nanoseconds, began: connections.now.nanoseconds)
    let script = script(of: slot, among: &connections)
    if script.answers > 0 { connections.wantAnswer(slot) }
    setDeadline(slot, script, from: due, among: &connections)
    proceed(slot, among: &connections)
  }

  /// Carries out one cue after the other, until the client has to wait for an answer or a delay.
  mutating func proceed(_ slot: UInt32, among connections: inout Connections) {
    while connections.rows.state(slot) == .awaiting, !connections.rows.marks(slot).has(.wrong) {
      let script = script(of: slot, among: &connections)
      let heard = connections.rows.messages.answersReceived(of: slot)
      guard let cue = book.cue(connections.rows.messages.cuesDone(of: slot), of: script) else {
        if heard == script.answers, !script.awaitsClose { end(slot, among: &connections) }
        return
      }
      guard cue.answersBefore <= heard else { return }
      let base =
        cue.followsAnswer ? connections.now : Instant(nanoseconds: connections.rows.due(slot))
      let due = base.advanced(byNanoseconds: cue.delay)
      guard due <= connections.now else { return connections.rows.pause(slot, until: due) }
      carryOut(cue, on: slot, script, due: due, among: &connections)
    }
  }

  /// Carries out the cue that a delay came before. False when a wrong byte came during the delay: then
  /// the client says nothing more, and the conversation ends once the bytes that are there have been
  /// read (`MessageEngine.conclude`).
  mutating func resume(
    _ slot: UInt32, due: Instant, among connections: inout Connections
  ) -> Bool {
    connections.rows.resume(slot)
    let script = script(of: slot, among: &connections)
    if connections.rows.marks(slot).has(.wrong) {
      setDeadline(slot, script, from: connections.now, among: &connections)
      return false
    }
    if let cue = book.cue(connections.rows.messages.cuesDone(of: slot), of: script) {
      connections.board.record(.drift, nanoseconds: connections.now.nanoseconds(since: due))
      carryOut(cue, on: slot, script, due: due, among: &connections)
    }
    return true
  }

  /// Does what a cue says. The connection may be gone afterwards.
  private mutating func carryOut(
    _ cue: ConversationBook.Cue, on slot: UInt32, _ script: ConversationBook.Script, due: Instant,
    among connections: inout Connections
  ) {
    guard cue.act != .close else {
      end(slot, among: &connections)
      return closeAsRecorded(slot, among: &connections)
    }
    connections.rows.speak(slot, due: due.nanoseconds, began: connections.now.nanoseconds)
    setDeadline(slot, script, from: due, among: &connections)
    if cue.act == .say {
      let line = unsafe line(of: slot, among: &connections)
      switch unsafe connections.send(slot, line) {
      case .whole: connections.finishWriting(slot)
      case .partly: break
      case .failed(let error): peerEnded(slot, error, among: &connections)
      }
      return
    }
    do throws(Errno) {
      try connections.kernel.finishSending(connections.rows.descriptor(slot))
      connections.finishWriting(slot)
    } catch {
      peerEnded(slot, error, among: &connections)
    }
  }

  /// The bytes that the client says next, made again. Good until the next text is made.
  mutating func line(
    of slot: UInt32, among connections: inout Connections
  ) -> UnsafeRawBufferPointer {
    let (script, facts) = (script(of: slot, among: &connections), connections.facts(of: slot))
    // There is a cue: only a `.say` that is under way leads here.
    let cue = book.cue(connections.rows.messages.cuesDone(of: slot), of: script)!
    return unsafe book.bytes(of: cue.text, facts)
  }

  // MARK: Answers

  /// What `hear` has found in the bytes that it was given.
  struct Heard {
    /// How many of the bytes belong to answers of the conversation.
    var used = 0
    /// Whether one of the bytes differs from the recorded answer.
    var isWrong = false
  }

  /// Takes bytes that have come, answer after answer, up to the first answer with a wrong byte.
  mutating func hear(
    _ slot: UInt32, _ bytes: UnsafeRawBufferPointer, among connections: inout Connections
  ) -> Heard {
    let script = script(of: slot, among: &connections)
    var heard = Heard()
    while heard.used < bytes.count {
      let place = connections.rows.messages.answersReceived(of: slot)
      guard let answer = book.answer(place, of: script) else { break }
      let facts = connections.facts(of: slot)
      let text = unsafe book.bytes(of: answer.text, facts)
      let before = connections.rows.messages.answerProgress(of: slot)
      if answer.followsAnything, before == 0 {
        heard.used += unsafe Memory.count(
          before: text[0], in: UnsafeRawBufferPointer(rebasing: bytes[heard.used...]))
        if heard.used == bytes.count { break }
      }
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[heard.used...])
      if script.takesAnything {
        let more = min(rest.count, text.count - Int(before))
        connections.rows.messages.setAnswerProgress(of: slot, to: before + UInt32(more))
        heard.used += more
      } else {
        let compared = unsafe connections.compare(slot, rest, with: text)
        heard.used += compared.used
        heard.isWrong = !compared.isRight
        if heard.isWrong { break }
      }
      if Int(connections.rows.messages.answerProgress(of: slot)) == text.count {
        if answer.isLast {
          finishAnswer(slot, answer, script, among: &connections)
        } else {
          connections.rows.messages.countAnswer(of: slot)
        }
      }
    }
    return heard
  }

  private mutating func finishAnswer(
    _ slot: UInt32, _ answer: ConversationBook.Answer, _ script: ConversationBook.Script,
    among connections: inout Connections
  ) {
    connections.readClock()
    // No round trip for an answer that came too early: in the recording the client had said more
    // before this answer came.
    if answer.cuesBefore <= connections.rows.messages.cuesDone(of: slot) {
      connections.recordRoundTrip(slot)
    }
    connections.noteAnswer(slot)
    connections.rows.messages.countAnswer(of: slot)
    guard connections.rows.state(slot) != .pausing else { return }
    noteLateness(slot, among: &connections)
    setDeadline(slot, script, from: connections.now, among: &connections)
  }

  /// Sets the instant by which the server's next answer, or its close, must have come.
  private mutating func setDeadline(
    _ slot: UInt32, _ script: ConversationBook.Script, from instant: Instant,
    among connections: inout Connections
  ) {
    guard !connections.rows.marks(slot).has(.overdue) else { return }
    let answer = book.answer(connections.rows.messages.answersReceived(of: slot), of: script)
    connections.rows.setAlarm(
      slot,
      to: instant.advanced(byNanoseconds: script.timeout)
        .advanced(byNanoseconds: answer?.lag ?? script.closeLag))
  }

  /// Marks a conversation as overdue if the answer, or the close, that has come now was too late.
  /// `MessageEngine.expire` comes after the events of a turn, so it may not have seen that the deadline
  /// has passed.
  private mutating func noteLateness(_ slot: UInt32, among connections: inout Connections) {
    guard !connections.rows.marks(slot).has(.overdue),
      let deadline = connections.rows.alarm(of: slot), deadline < connections.now
    else { return }
    connections.rows.markOverdue(slot)
    connections.board.add(connections.rows.messages.pattern(of: slot), .missing)
  }

  // MARK: Ends

  /// Counts the outcome of a conversation that has gone as it was recorded, and ends it.
  private mutating func end(_ slot: UInt32, among connections: inout Connections) {
    let pattern = connections.rows.messages.pattern(of: slot)
    if connections.rows.marks(slot).has(.overdue) {
      connections.board.subtract(pattern, .missing)
      connections.board.add(pattern, .late)
    } else {
      connections.board.add(pattern, .received)
    }
    connections.finishMessage(slot)
  }

  /// Notes that the peer has ended a connection. Where either side closed in the recording, the
  /// conversation is over; else the connection is lost.
  @inline(never)
  mutating func peerEnded(_ slot: UInt32, _ error: Errno?, among connections: inout Connections) {
    guard endsAsRecorded(slot, error, among: &connections) else {
      return connections.lose(slot, error)
    }
    if connections.rows.state(slot) != .pausing { noteLateness(slot, among: &connections) }
    end(slot, among: &connections)
    closeAsRecorded(slot, among: &connections)
  }

  /// Whether a connection has ended where one of the two sides closed it in the recording.
  private mutating func endsAsRecorded(
    _ slot: UInt32, _ error: Errno?, among connections: inout Connections
  ) -> Bool {
    let marks = connections.rows.marks(slot)
    guard marks.has(.conversing), !marks.has(.wrong), error == nil || error == .connectionReset
    else { return false }
    let script = script(of: slot, among: &connections)
    guard connections.rows.messages.answersReceived(of: slot) == script.answers else {
      return false
    }
    // Either the client was to close next, and the server was faster; or the server was to close.
    let next = book.cue(connections.rows.messages.cuesDone(of: slot), of: script)
    return next.map { $0.act == .close } ?? script.awaitsClose
  }

  /// Closes a connection with FIN, without a reset, as the recorded conversation ended.
  private mutating func closeAsRecorded(_ slot: UInt32, among connections: inout Connections) {
    try? connections.kernel.resetOnClose(connections.rows.descriptor(slot), false)
    connections.board.add(.closedAsRecorded)
    connections.countChurnEnd(slot)
    connections.drop(slot)
  }
}
