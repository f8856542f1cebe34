/// The body of a message, and the lines that chunks put around its pieces (RFC 9112, 7.1).
extension HTTPReader {
  /// Takes the bytes of the body, or of its chunk, from `index` on.
  mutating func takeBody(_ count: Int, _ index: inout Int) -> Event {
    let start = index
    guard state != .bodyUntilClose else {
      index = count
      return .body(start..<count)
    }
    // Never more than there are bytes here, so the number fits into an `Int`.
    let taken = Int(min(bytesLeft, UInt64(count &- start)))
    index &+= taken
    bytesLeft &-= UInt64(taken)
    if bytesLeft == 0 { state = state == .chunk ? .chunkEnd : .ended }
    return .body(start..<index)
  }

  /// Prepares for the line before a chunk.
  mutating func beginChunk() {
    number = 0
    place = 0
    lineBytes = 0
    state = .chunkSize
  }

  /// Takes one byte of the line before a chunk, or of the line end after one.
  mutating func takeChunkLine(_ byte: UInt8) -> Event? {
    if Int(lineBytes) > Self.mostChunkLine { return fail(.chunkLineTooLong) }
    switch state {
    case .chunkSize:
      if let digit = HTTPByte.hexadecimal(byte) {
        // The next digit takes four bits, and the sign bit stays free.
        guard number >> 59 == 0 else { return fail(.chunkSizeTooLarge) }
        number = number << 4 | UInt64(digit)
        place = 1
        return nil
      }
      guard place > 0 else { return fail(.chunkSize) }
      return takeBehindSize(byte)
    case .chunkSpace: return takeBehindSize(byte)
    case .chunkExtension:
      if byte == HTTPByte.carriageReturn {
        state = .chunkLineEnd
      } else if !HTTPByte.isText(byte) {
        return fail(byte == HTTPByte.lineFeed ? .lineEnd : .chunkLine)
      }
      return nil
    case .chunkLineEnd:
      guard byte == HTTPByte.lineFeed else { return fail(.lineEnd) }
      lineBytes = 0
      if bytesLeft > 0 {
        state = .chunk
      } else {
        // Trailers may follow the last chunk. Whatever they say of the body's length means nothing.
        head.insert(.isTrailer)
        headBytes = 0
        fields = 0
        state = .lineStart
      }
      return nil
    case .chunkEnd:
      guard byte == HTTPByte.carriageReturn else { return fail(.chunkEnd) }
      state = .chunkEndLine
      return nil
    default:
      guard byte == HTTPByte.lineFeed else { return fail(.chunkEnd) }
      beginChunk()
      return nil
    }
  }

  /// Takes a byte after a chunk's size: white space, the beginning of extensions, or CR.
  private mutating func takeBehindSize(_ byte: UInt8) -> Event? {
    switch byte {
    case HTTPByte.space, HTTPByte.tab: state = .chunkSpace
    case UInt8(ascii: ";"): state = .chunkExtension
    case HTTPByte.carriageReturn where state == .chunkSize: state = .chunkLineEnd
    case HTTPByte.lineFeed: return fail(.lineEnd)
    default: return fail(state == .chunkSize ? .chunkSize : .chunkLine)
    }
    return nil
  }
}
