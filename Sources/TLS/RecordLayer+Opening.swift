extension RecordLayer {
  /// What a record amounts to.
  package enum Event: Equatable, Sendable {
    /// Not all of the record has come. It has this many bytes; 5 as long as its header is missing, which says
    /// how many. The caller keeps what has come, at the beginning of a buffer, until that many are there.
    case incomplete(Int)
    /// Plaintext, at these places of the buffer.
    case data(Range<Int>)
    /// The record has nothing for the caller.
    case nothing
    /// Handshake messages end in this record: so many session tickets, and perhaps a KeyUpdate, after which the
    /// peer seals with a new key. `RecordState.isAnswerOwed` says whether the peer wants a KeyUpdate back.
    case messages(tickets: Int, isKeyUpdated: Bool)
    /// The peer sends nothing more (close_notify); whatever comes all the same is passed over.
    case closed
    case alert(Alert)
    /// The record is refused; `sealAlert` makes what the peer is owed for it.
    case failed(RecordFailure)
  }

  package struct Opened: Equatable, Sendable {
    package var event: Event
    /// Bytes of the buffer that are done with.
    package var consumed: Int
  }

  /// Opens the record at the start of `bytes`, in place; more records may follow there.
  package func open(
    _ state: inout RecordState, _ bytes: UnsafeMutableRawBufferPointer
  ) -> Opened {
    if state.fatal != 0 {
      return Opened(event: .failed(.isOver(Alert(rawValue: state.fatal))), consumed: bytes.count)
    }
    if state.flags.contains(.isReadClosed) { return Opened(event: .closed, consumed: bytes.count) }
    guard let start = bytes.baseAddress, bytes.count > 0 else {
      return Opened(event: .incomplete(Self.headerSize), consumed: 0)
    }
    let type = unsafe bytes[0]
    guard type == ContentType.applicationData else {
      return fail(&state, .unprotected(type: type), bytes.count)
    }
    guard bytes.count >= Self.headerSize else {
      return Opened(event: .incomplete(Self.headerSize), consumed: 0)
    }
    let length = unsafe Int(bytes[3]) << 8 | Int(bytes[4])
    let size = Self.headerSize + length
    guard size <= Self.longestRecord else { return fail(&state, .tooLong(length), bytes.count) }
    guard bytes.count >= size else { return Opened(event: .incomplete(size), consumed: 0) }
    guard state.reading.sequence < .max else { return fail(&state, .tooManyRecords, bytes.count) }
    let count = length - Self.tagSize
    guard count >= 0, unsafe opener(state.suite).open(&state.reading, start, count: count) else {
      return fail(&state, .badMAC, bytes.count)
    }
    state.reading.sequence += 1
    guard count <= Self.mostContent + 1 else {
      return fail(&state, .tooLong(count - 1), bytes.count)
    }
    // The type is the last byte that is not zero; the zeroes behind it are padding.
    var end = Self.headerSize + count
    while end > Self.headerSize, unsafe bytes[end - 1] == 0 { end -= 1 }
    guard end > Self.headerSize else {
      return fail(&state, .unexpectedContent(type: 0), bytes.count)
    }
    end -= 1
    let content = unsafe UnsafeRawBufferPointer(rebasing: bytes[Self.headerSize..<end])
    let event = unsafe take(&state, type: bytes[end], content)
    if case .failed(let failure) = event { return fail(&state, failure, bytes.count) }
    return Opened(event: event, consumed: size)
  }

  private func fail(
    _ state: inout RecordState, _ failure: RecordFailure, _ consumed: Int
  ) -> Opened {
    state.fatal = failure.alert.rawValue
    return Opened(event: .failed(failure), consumed: consumed)
  }

  private func take(
    _ state: inout RecordState, type: UInt8, _ content: UnsafeRawBufferPointer
  ) -> Event {
    if type == ContentType.handshake { return unsafe takeMessages(&state, content) }
    // Nothing may come between the pieces of a message. Source: RFC 8446, section 5.1.
    guard state.skipped == 0, state.messageCount == 0 else {
      return .failed(.unexpectedContent(type: type))
    }
    switch type {
    case ContentType.applicationData:
      return content.count == 0
        ? .nothing : .data(Self.headerSize..<Self.headerSize + content.count)
    case ContentType.alert:
      guard content.count == 2 else { return .failed(.malformed("an alert that is not two bytes")) }
      let alert = unsafe Alert(rawValue: content[1])
      switch alert {
      case .closeNotify:
        state.flags.insert(.isReadClosed)
        return .closed
      // It only says why close_notify will follow.
      case .userCanceled: return .nothing
      default:
        state.fatal = alert.rawValue
        return .alert(alert)
      }
    default: return .failed(.unexpectedContent(type: type))
    }
  }

  // MARK: Messages after the handshake

  private enum MessageType {
    static let newSessionTicket: UInt8 = 4
    static let keyUpdate: UInt8 = 24
  }

  /// The longest NewSessionTicket there can be, in bytes: the most that its fields hold together.
  private static let longestTicket = 4 + 4 + 256 + 65_537 + 65_536

  /// Goes through handshake messages, which begin and end anywhere in records.
  private func takeMessages(
    _ state: inout RecordState, _ content: UnsafeRawBufferPointer
  ) -> Event {
    guard content.count > 0 else {
      return .failed(.unexpectedContent(type: ContentType.handshake))
    }
    var (place, tickets, isKeyUpdated) = (0, 0, false)
    while place < content.count {
      if state.skipped > 0 {
        let skipped = min(Int(state.skipped), content.count - place)
        place += skipped
        state.skipped -= UInt32(skipped)
        if state.skipped == 0 { tickets += 1 }
        continue
      }
      state.message[Int(state.messageCount)] = unsafe content[place]
      state.messageCount += 1
      place += 1
      let type = state.message[0]
      if state.messageCount == 4 {
        if let failure = beginMessage(&state) { return .failed(failure) }
      } else if state.messageCount == 5 {
        guard state.message[4] <= 1 else { return .failed(.malformed("a KeyUpdate that is none")) }
        // What follows has to be under the new key. Source: RFC 8446, section 5.1.
        guard place == content.count else { return .failed(.unexpectedMessage(type: type)) }
        if state.message[4] == 1 { state.flags.insert(.owesKeyUpdate) }
        state.messageCount = 0
        state.reading.update(state.suite)
        isKeyUpdated = true
      }
    }
    return tickets > 0 || isKeyUpdated
      ? .messages(tickets: tickets, isKeyUpdated: isKeyUpdated) : .nothing
  }

  /// Judges a message by its type and length, the first four bytes. Nil where the message may come.
  private func beginMessage(_ state: inout RecordState) -> RecordFailure? {
    let type = state.message[0]
    let length = Int(state.message[1]) << 16 | Int(state.message[2]) << 8 | Int(state.message[3])
    switch type {
    case MessageType.newSessionTicket where !state.flags.contains(.isServer):
      guard 1...Self.longestTicket ~= length else {
        return .malformed("a session ticket of \(length) bytes")
      }
      state.skipped = UInt32(length)
      state.messageCount = 0
      return nil
    case MessageType.keyUpdate:
      return length == 1 ? nil : .malformed("a KeyUpdate of \(length) bytes")
    default: return .unexpectedMessage(type: type)
    }
  }
}
