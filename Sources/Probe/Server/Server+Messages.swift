import Messages

/// Answers messages, over a kernel that carries them (`Kernel.carriesMessages`). The answers to all that one read
/// brings go out together, as far as `responses` has room for them. An echo of a long message goes out in pieces, as
/// they come.
extension Server where System: ~Copyable {
  /// Answers the pieces of messages that one read has brought. The connection may be gone afterwards.
  mutating func answerMessages(_ slot: UInt32, _ heard: UnsafeRawBufferPointer) {
    let generation = generations[slot]
    var pieces = unsafe MessagePieces(heard)
    responseCount = 0
    // A connection that has ended may have had its descriptor, and so its row, taken by the next one.
    while open[slot], generations[slot] == generation, let (piece, bytes) = unsafe pieces.next() {
      guard piece.kind != .note else {
        unsafe put(bytes, slot)
        continue
      }
      unsafe countReceived(slot, bytes)
      switch reply.kind {
      // MQTT says by the kind which messages go back.
      case .echo where assignment.mqtt != nil:
        if piece.kind == .binary { unsafe put(bytes, slot) }
      case .echo:
        putHead(of: piece, slot)
        unsafe put(bytes, slot)
      case .text: if piece.ends { unsafe put(reply.text, slot) }
      case .discard, .push: break
      }
    }
    guard open[slot], generations[slot] == generation else { return }
    sendResponses(slot)
  }

  /// Counts the bytes of messages that are not answered, as their connection has ended.
  @inline(never)
  mutating func countMessages(_ slot: UInt32, _ heard: UnsafeRawBufferPointer) {
    var pieces = unsafe MessagePieces(heard)
    while let (piece, bytes) = unsafe pieces.next() {
      if piece.kind != .note { unsafe countReceived(slot, bytes) }
    }
  }

  /// Adds to `responses` what stands on the wire before a piece of an echo.
  @inline(__always)
  private mutating func putHead(of piece: MessagePiece, _ slot: UInt32) {
    let room = unsafe UnsafeMutableRawBufferPointer(responses.buffer)
    if room.count - responseCount < MessagePiece.mostHead { sendResponses(slot) }
    responseCount += unsafe kernel.writeHead(
      of: piece, into: UnsafeMutableRawBufferPointer(rebasing: room[responseCount...]))
  }
}
