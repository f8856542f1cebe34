extension RecordLayer {
  package struct Sealed: Equatable, Sendable {
    /// Bytes of the plaintext that are in the records.
    package var taken: Int
    /// Bytes of the buffer that are to be sent.
    package var written: Int
  }

  /// The most bytes that `count` bytes of plaintext take when they are sealed, with one KeyUpdate before them.
  package static func room(for count: Int) -> Int {
    let records = count / mostContent + (count % mostContent == 0 ? 0 : 1)
    return count + records * overhead + keyUpdateSize
  }

  /// Seals plaintext into records, as many as there is room for. The KeyUpdate that the peer is owed goes
  /// before them; so does one of our own when the key is used up. Nothing is taken after `sealClose` or
  /// `sealAlert`.
  ///
  /// - Parameter buffer: must not overlap the plaintext.
  package func seal(
    _ state: inout RecordState, _ plaintext: UnsafeRawBufferPointer,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> Sealed {
    var sealed = Sealed(taken: 0, written: 0)
    guard !state.isWriteOver else { return sealed }
    while sealed.taken < plaintext.count {
      if state.isAnswerOwed || state.writing.sequence >= recordsPerKey {
        let count = unsafe sealKeyUpdate(&state, asking: false, into: rest(of: buffer, sealed))
        guard count > 0 else { break }
        sealed.written += count
      }
      let room = buffer.count - sealed.written - Self.overhead
      let count = min(plaintext.count - sealed.taken, Self.mostContent, room)
      guard count > 0 else { break }
      unsafe sealed.written += seal(
        &state, ContentType.applicationData,
        UnsafeRawBufferPointer(rebasing: plaintext[sealed.taken..<sealed.taken + count]),
        into: rest(of: buffer, sealed))
      sealed.taken += count
    }
    return sealed
  }

  /// Seals the KeyUpdate that the peer is owed. Returns how many bytes are to be sent: 0 where none is owed, where
  /// the room is less than `room(for: 0)`, and after `sealClose` or `sealAlert`.
  package func sealOwed(
    _ state: inout RecordState, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    guard state.isAnswerOwed else { return 0 }
    return unsafe sealKeyUpdate(&state, asking: false, into: buffer)
  }

  /// Seals a KeyUpdate, owed or not, and goes on with a new key. Returns as `sealOwed` does.
  ///
  /// - Parameter asking: whether the peer shall take a new key, too.
  package func sealKeyUpdate(
    _ state: inout RecordState, asking: Bool, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    guard !state.isWriteOver, buffer.count >= Self.keyUpdateSize else { return 0 }
    let message: InlineArray<5, UInt8> = [24, 0, 0, 1, asking ? 1 : 0]
    let count = unsafe withUnsafeBytes(of: message) {
      unsafe seal(&state, ContentType.handshake, $0, into: buffer)
    }
    state.writing.update(state.suite)
    state.flags.remove(.owesKeyUpdate)
    return count
  }

  /// Seals close_notify; nothing can be sealed afterwards. Returns how many bytes are to be sent: 0 where the
  /// room is less than `overhead` and 2 bytes, or where the last alert was sealed before.
  package func sealClose(
    _ state: inout RecordState, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int { unsafe sealAlert(&state, .closeNotify, into: buffer) }

  /// Seals an alert; unless it is user_canceled, nothing can be sealed afterwards. Returns as `sealClose` does.
  package func sealAlert(
    _ state: inout RecordState, _ alert: Alert, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    guard !state.isWriteOver, buffer.count >= Self.overhead + 2 else { return 0 }
    let level: UInt8 = alert == .closeNotify || alert == .userCanceled ? 1 : 2
    let content: InlineArray<2, UInt8> = [level, alert.rawValue]
    let count = unsafe withUnsafeBytes(of: content) {
      unsafe seal(&state, ContentType.alert, $0, into: buffer)
    }
    if alert != .userCanceled { state.flags.insert(.isWriteClosed) }
    return count
  }

  private func rest(
    of buffer: UnsafeMutableRawBufferPointer, _ sealed: Sealed
  ) -> UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[sealed.written...])
  }

  /// Makes one record, for which there must be room, and returns how many bytes it has.
  func seal(
    _ state: inout RecordState, _ type: UInt8, _ content: UnsafeRawBufferPointer,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    let length = content.count + 1 + Self.tagSize
    precondition(buffer.count >= Self.headerSize + length && content.count <= Self.mostContent)
    unsafe buffer[0] = ContentType.applicationData
    unsafe (buffer[1], buffer[2]) = (3, 3)
    unsafe (buffer[3], buffer[4]) = (UInt8(length >> 8), UInt8(length & 0xFF))
    if content.count > 0 {
      unsafe (buffer.baseAddress! + Self.headerSize).copyMemory(
        from: content.baseAddress!, byteCount: content.count)
    }
    unsafe buffer[Self.headerSize + content.count] = type
    let isSealed = unsafe sealer(state.suite).seal(
      &state.writing, buffer.baseAddress!, count: content.count + 1)
    // No input from outside can make this fail: the key and the room are there.
    guard isSealed else { fatalError("a record was not sealed: \(ErrorQueue.takeReason())") }
    state.writing.sequence += 1
    return Self.headerSize + length
  }
}
