import Linux
import Messages
import SystemPackage

/// What became of a message that was handed to the kernel.
enum SendOutcome {
  case whole
  /// The kernel takes no more now; epoll reports when it takes more.
  case partly
  /// The errno is nil where the kernel names none.
  case failed(Errno?)
}

/// What plain messages and conversations have in common.
extension ClientConnections where System: ~Copyable {
  /// Hands as much of the message under way to the kernel as it takes.
  ///
  /// - Parameter message: all bytes of the message; the ones that the kernel has taken before are
  ///   not sent again.
  @inline(__always)
  mutating func send(_ slot: UInt32, _ message: UnsafeRawBufferPointer) -> SendOutcome {
    var written = rows.messages.written(of: slot)
    while written < message.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: message[written...])
      switch unsafe kernel.send(rows.descriptor(slot), rest) {
      case .moved(let count):
        written += count
        board.add(.bytesSent, UInt64(count))
      case .wouldBlock:
        rows.messages.setWritten(of: slot, to: written)
        return .partly
      case .failed(let error): return .failed(error)
      case .closed: return .failed(nil)
      }
    }
    rows.messages.setWritten(of: slot, to: written)
    return .whole
  }

  /// Compares bytes heard with those that come next in `answer`.
  ///
  /// - Returns: how many of the bytes heard belong to the answer, and whether they are right.
  @inline(__always)
  mutating func compare(
    _ slot: UInt32, _ heard: UnsafeRawBufferPointer, with answer: UnsafeRawBufferPointer
  ) -> (used: Int, isRight: Bool) {
    let before = Int(rows.messages.answerProgress(of: slot))
    let used = min(heard.count, answer.count - before)
    let isRight = unsafe Memory.isEqual(
      UnsafeRawBufferPointer(rebasing: answer[before..<before + used]),
      UnsafeRawBufferPointer(rebasing: heard[..<used]))
    rows.messages.setAnswerProgress(of: slot, to: UInt32(before + used))
    return (used, isRight)
  }

  /// Counts a connection as unanswered (`Counter.unanswered`) when it begins a message that wants an answer, unless
  /// it has ever got one.
  mutating func wantAnswer(_ slot: UInt32) {
    guard !rows.marks(slot).has(.answered | .unanswered) else { return }
    rows.mark(slot, .unanswered)
    board.add(.unanswered)
  }

  /// Notes that the message, or the conversation's cue, has been handed to the kernel whole.
  mutating func finishWriting(_ slot: UInt32) {
    rows.await(slot)
    if rows.marks(slot).has(.conversing) { rows.messages.countCue(of: slot) }
  }

  /// Notes that a connection has got an answer, right or wrong.
  mutating func noteAnswer(_ slot: UInt32) {
    let marks = rows.marks(slot)
    if marks.has(.answered) { return }
    if marks.has(.unanswered) { board.subtract(.unanswered) }
    rows.unmark(slot, .unanswered)
    rows.mark(slot, .answered)
  }

  /// Records the round trip of an answer that has just come whole.
  @inline(__always)
  mutating func recordRoundTrip(_ slot: UInt32) {
    recordRoundTrip(due: rows.due(slot), began: rows.began(slot))
  }

  /// Records a round trip that ends now, unless its message was due before `timesAnswersSince`.
  ///
  /// - Parameters:
  ///   - due: when the message was due, in nanoseconds.
  ///   - began: when the message was begun, in nanoseconds.
  @inline(__always)
  mutating func recordRoundTrip(due: UInt64, began: UInt64) {
    guard due >= timesAnswersSince else { return }
    board.record(.roundTrip, nanoseconds: now.nanoseconds &- due)
    board.record(.roundTripUncorrected, nanoseconds: now.nanoseconds &- began)
  }

  /// Ends the message under way, if there is one, and has the connection wait until no more bytes of a wrong answer
  /// come.
  mutating func drainWrongAnswer(_ slot: UInt32) {
    // A connection that is to be closed begins no other message, so it need not wait.
    if rows.marks(slot).has(.closesAfterMessage), rows.state(slot) != .established {
      return finishMessage(slot)
    }
    board.add(.waits)
    rows.drain(slot, at: now.nanoseconds)
  }

  /// Ends the message under way, if there is one, and has the connection wait for the close that the server has
  /// announced: a message that is sent now would have no answer. Where no close comes, the connection is idle again
  /// after as long a quiet as ends a wrong answer.
  @inline(never)
  mutating func awaitClose(_ slot: UInt32) {
    if rows.marks(slot).has(.closesAfterMessage), rows.state(slot) != .established {
      return finishMessage(slot)
    }
    rows.drain(slot, at: now.nanoseconds)
  }

  @inline(__always)
  mutating func finishMessage(_ slot: UInt32) { rows.finishMessage(slot) }

  /// The connection's number among all connections of the run, from 0.
  mutating func connectionNumber(of slot: UInt32) -> UInt64 {
    assignment.share.ordinal(Int(rows.messages.number(of: slot)))
  }

  /// What fills the places of the message under way.
  mutating func facts(of slot: UInt32) -> MessageTemplate.Facts {
    let step = tuples.step(at: rows.position(slot))
    return MessageTemplate.Facts(
      connection: connectionNumber(of: slot),
      sequence: UInt64(rows.messages.sequence(of: slot)),
      source: assignment.sources[step.source], port: step.port, worker: assignment.share.index,
      seed: assignment.seed)
  }
}
