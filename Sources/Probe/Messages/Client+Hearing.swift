import Linux

/// What comes back: the answer to the message under way, or something that nobody asked for.
extension Client where System: ~Copyable {
  /// Takes bytes that a connection has brought; true when the rest that is there is to be thrown
  /// away, since what it belongs to is wrong.
  mutating func hear(_ slot: UInt32, _ heard: UnsafeRawBufferPointer) -> Bool {
    switch connections.state(slot) {
    case .asked:
      connections.answer(slot)
      board.add(.verified)
    case .sending, .awaiting, .pausing:
      return unsafe hearAnswer(slot, heard)
    case .quieting:
      connections.disturb(slot, at: now.nanoseconds)
      return true
    case .established where connections.marks(slot).has(.owing):
      return unsafe hearOwed(slot, heard)
    case .established, .connecting, .free:
      unsafe hearUnasked(slot, heard)
    }
    return false
  }

  mutating func hearAnswer(_ slot: UInt32, _ heard: UnsafeRawBufferPointer) -> Bool {
    let marks = connections.marks(slot)
    if marks.has(.wrong) { return true }
    if marks.has(.owing) { return unsafe hearOwed(slot, heard) }
    if marks.has(.conversing) { return unsafe hearConversation(slot, heard) }
    let pattern = connections.messages.pattern(of: slot)
    let script = messageEngine.patterns.script(pattern)
    var used = heard.count
    switch script.answer {
    case .nothing, .conversation: used = 0
    case .echo: unsafe used = compare(slot, heard, with: message(of: slot))
    case .text: unsafe used = compare(slot, heard, with: messageEngine.patterns.answer(pattern))
    case .anything:
      let before = connections.messages.answered(of: slot)
      used = min(heard.count, script.answerCount - Int(before))
      connections.messages.setAnswered(of: slot, to: before + UInt32(used))
    case .matching, .framed: unsafe used = search(slot, heard, for: pattern)
    }
    if connections.marks(slot).has(.wrong) || connections.state(slot) == .quieting { return true }
    conclude(slot)
    if used < heard.count {
      unsafe hearUnasked(slot, UnsafeRawBufferPointer(rebasing: heard[used...]))
    }
    return false
  }

  /// Compares the next bytes of an answer with those that it should have; returns how many of them
  /// belong to it.
  @inline(__always)
  mutating func compare(
    _ slot: UInt32, _ heard: UnsafeRawBufferPointer, with answer: UnsafeRawBufferPointer
  ) -> Int {
    let before = Int(connections.messages.answered(of: slot))
    let used = min(heard.count, answer.count - before)
    let isRight = unsafe Memory.isEqual(
      UnsafeRawBufferPointer(rebasing: answer[before..<before + used]),
      UnsafeRawBufferPointer(rebasing: heard[..<used]))
    if !isRight { refute(slot) }
    connections.messages.setAnswered(of: slot, to: UInt32(before + used))
    return used
  }

  /// Takes bytes of an answer that is known by its content or by its end.
  private mutating func search(
    _ slot: UInt32, _ heard: UnsafeRawBufferPointer, for pattern: Int
  ) -> Int {
    let before = connections.messages.answered(of: slot)
    // Found before the message was sent to its end.
    if before == MessageColumns.whole { return 0 }
    let found = unsafe messageEngine.searches.hear(pattern, on: slot, heard, stage: before)
    switch found.end {
    case .open: connections.messages.setAnswered(of: slot, to: found.stage)
    case .right: connections.messages.setAnswered(of: slot, to: MessageColumns.whole)
    case .wrong: refute(slot, isOver: true)
    }
    return found.used
  }

  // MARK: Unasked

  mutating func hearUnasked(_ slot: UInt32, _ heard: UnsafeRawBufferPointer) {
    if isRestOfAnswer(slot) { return }
    guard messageEngine.patterns.isPushed else {
      if !isUnawaited(slot) {
        unsafe board.keepUnasked(heard)
        noteTold(slot)
      }
      return board.add(.unexpectedBytes, UInt64(heard.count))
    }
    unsafe hearPushed(slot, heard)
  }

  private mutating func noteTold(_ slot: UInt32) {
    guard !connections.marks(slot).has(.told) else { return }
    connections.mark(slot, .told)
    board.add(.unasked)
  }

  /// Whether it may be the answer to a message whose answer is not waited for.
  private mutating func isUnawaited(_ slot: UInt32) -> Bool {
    messageEngine.hasPatterns && connections.messages.hasBegun(slot)
      && messageEngine.patterns.script(connections.messages.pattern(of: slot)).answer == .nothing
  }

  /// Whether the last answer was one whose end nobody knows: what comes before the next message is
  /// sent belongs to it.
  private mutating func isRestOfAnswer(_ slot: UInt32) -> Bool {
    messageEngine.hasPatterns && connections.state(slot) == .established
      && connections.messages.hasBegun(slot)
      && messageEngine.patterns.script(connections.messages.pattern(of: slot)).answer == .matching
  }

  /// Compares with what the server is known to push, over and over. After a wrong byte the text
  /// may begin anew with any other.
  private mutating func hearPushed(_ slot: UInt32, _ heard: UnsafeRawBufferPointer) {
    let text = unsafe messageEngine.patterns.pushed
    var place = connections.messages.pushed(of: slot)
    for index in 0..<heard.count {
      let byte = unsafe heard[index]
      if unsafe byte != text[place] {
        // The bytes before it looked right, and belonged to nothing.
        board.add(.pushedWrong, UInt64(place))
        place = 0
        guard unsafe byte == text[0] else {
          board.add(.pushedWrong)
          continue
        }
      }
      place += 1
      guard place == text.count else { continue }
      board.add(.pushed)
      place = 0
    }
    connections.messages.setPushed(of: slot, to: place)
  }
}
