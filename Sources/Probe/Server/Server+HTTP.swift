import Messages
import Protocols
import SystemPackage

/// Answers requests of HTTP/1.1, in the order in which they come. All responses to what one read brings go out
/// together, as far as `responses` has room for them.
extension Server where System: ~Copyable {
  /// Answers the requests in what one read has brought. The connection may be gone afterwards.
  mutating func answerRequests(_ slot: UInt32, _ heard: UnsafeRawBufferPointer) {
    let generation = generations[slot]
    var reader = requests[slot]
    var used = 0
    responseCount = 0
    // A connection that has ended may have had its descriptor, and so its row, taken by the next one.
    while open[slot], generations[slot] == generation {
      if isUnsent(slot) {
        // The socket is full: the other requests wait for it. So no more than one response beside those of
        // `responses` waits in memory, however many requests one read brings.
        sendResponses(slot)
        guard open[slot], generations[slot] == generation else { return }
        return unsafe putAside(slot, UnsafeRawBufferPointer(rebasing: heard[used...]))
      }
      // At the end of a request the reader has forgotten what the response needs to know of it.
      let before = reader
      let rest = unsafe UnsafeRawBufferPointer(rebasing: heard[used...])
      let step = unsafe reader.next(rest)
      used += step.used
      requests[slot] = reader
      switch step.event {
      case .more, .upgraded: return sendResponses(slot)
      case .head(let head):
        if let refusal = unsafe beginResponse(
          slot, to: reader, expectsContinue: head.contains(.expectsContinue))
        {
          unsafe put(refusal, slot)
          return endResponses(slot)
        }
      case .body(let piece):
        if echoes(reader) { unsafe put(UnsafeRawBufferPointer(rebasing: rest[piece]), slot) }
      case .end:
        endResponse(slot, to: before)
        if Self.isLast(before) { return endResponses(slot) }
      case .malformed:
        unsafe put(replies.badRequest, slot)
        return endResponses(slot)
      case .method, .target, .key, .status: continue
      }
    }
  }

  /// Goes on with requests that were put aside, now that everything before them has been sent. Where the last response
  /// has been sent, says that nothing more comes.
  @inline(never)
  mutating func answerWaitingRequests(_ slot: UInt32) {
    if let waiting = unanswered.removeValue(forKey: slot) {
      unsafe waiting.withUnsafeBytes { unsafe answerRequests(slot, $0) }
    } else if requests[slot].isClosed {
      finishResponses(slot)
    }
  }

  @inline(never)
  private mutating func putAside(_ slot: UInt32, _ heard: UnsafeRawBufferPointer) {
    unsafe unanswered[slot] = Array(heard)
  }

  /// Whether the response sends the request's body back. A response to HEAD has no body.
  @inline(__always)
  private mutating func echoes(_ request: HTTPReader) -> Bool {
    reply.kind == .echo && request.hasBody && request.method != .head
  }

  /// Begins the response to a request whose head has come: an echo goes out as the body's bytes come. Returns the
  /// response that refuses the request, where it cannot be answered.
  private mutating func beginResponse(
    _ slot: UInt32, to request: HTTPReader, expectsContinue: Bool
  ) -> UnsafeRawBufferPointer? {
    // A success would make a tunnel of the connection (RFC 9110, 9.3.6).
    if request.method == .connect { return unsafe replies.notImplemented }
    let echoes = echoes(request)
    let length = request.bodyLength
    if echoes, length == nil { return unsafe replies.lengthRequired }
    if expectsContinue { unsafe put(replies.interim, slot) }
    guard echoes, let length else { return nil }
    unsafe put(replies.echo(isLast: Self.isLast(request)), slot)
    put(decimal: length, slot)
    unsafe put(replies.endOfHead, slot)
    return nil
  }

  /// Writes the response to a request that has ended, unless it was an echo, which is whole by now.
  private mutating func endResponse(_ slot: UInt32, to request: HTTPReader) {
    if echoes(request) { return }
    unsafe put(
      replies.response(toHead: request.method == .head, isLast: Self.isLast(request)), slot)
  }

  /// Whether the connection closes after the response. With HTTP/1.0 it does, even if the client asks to keep it open:
  /// most clients of that version take the close for the response's end.
  private static func isLast(_ request: HTTPReader) -> Bool {
    !request.keepsOpen || request.isVersion10
  }

  private mutating func put(decimal value: UInt64, _ slot: UInt32) {
    let room = unsafe UnsafeMutableRawBufferPointer(responses.buffer)
    if room.count - responseCount < MessageWriter.longestDecimal { sendResponses(slot) }
    var writer = unsafe MessageWriter(
      buffer: UnsafeMutableRawBufferPointer(rebasing: room[responseCount...]))
    writer.append(decimal: value)
    responseCount += writer.count
  }

  /// Adds bytes to `responses`, and sends those first wherever there is no room.
  mutating func put(_ bytes: UnsafeRawBufferPointer, _ slot: UInt32) {
    var rest = unsafe bytes
    while unsafe !rest.isEmpty {
      if unsafe responseCount == responses.buffer.count { sendResponses(slot) }
      let count = unsafe min(rest.count, responses.buffer.count - responseCount)
      let room = unsafe UnsafeMutableRawBufferPointer(responses.buffer)[responseCount...]
      unsafe UnsafeMutableRawBufferPointer(rebasing: room).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
      responseCount += count
      unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Sends what `responses` has. The connection may be gone afterwards.
  mutating func sendResponses(_ slot: UInt32) {
    let count = responseCount
    responseCount = 0
    guard open[slot], count > 0 else { return }
    unsafe respond(
      slot, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(responses.buffer)[..<count]))
  }

  /// Sends what `responses` has, and says that nothing more comes: the client is to close the connection. What the
  /// client still sends is read and passed over. To close a socket with unread bytes sends a reset, which may
  /// overtake the response.
  @inline(never)
  private mutating func endResponses(_ slot: UInt32) {
    let generation = generations[slot]
    var reader = requests[slot]
    _ = reader.close()
    requests[slot] = reader
    sendResponses(slot)
    guard open[slot], generations[slot] == generation, unsent[slot] == nil else { return }
    finishResponses(slot)
  }

  /// Says that nothing more comes (FIN). To be called when everything has been sent.
  @inline(never)
  private mutating func finishResponses(_ slot: UInt32) {
    do throws(Errno) {
      try kernel.finishSending(descriptor(slot))
    } catch {
      // The client has gone meanwhile.
      end(slot)
    }
  }
}
