/// What a message is made of.
package enum MessageKind: UInt8, BitwiseCopyable, Sendable {
  case text, binary
}

/// A piece of a message: all of it, unless it is long or comes cut.
package struct MessagePiece: BitwiseCopyable, Equatable {
  /// The most bytes that stand before a piece on any wire.
  package static let mostHead = 16

  package var kind: MessageKind
  package var count: Int
  /// Whether the message begins, and ends, with it.
  package var begins = true
  package var ends = true

  package init(_ kind: MessageKind, count: Int) {
    self.kind = kind
    self.count = count
  }
}

/// The pieces that one read of a kernel that carries messages has brought: before each stand 32 bits that tell
/// its length, its kind, and where its message begins and ends.
@safe
struct MessagePieces {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

  fileprivate static let headCount = 4
  private static let begins: UInt32 = 1
  private static let ends: UInt32 = 2
  private static let isBinary: UInt32 = 4

  /// The next piece, and its bytes.
  @inline(__always)
  mutating func next() -> (piece: MessagePiece, bytes: UnsafeRawBufferPointer)? {
    guard unsafe offset < bytes.count else { return nil }
    let head = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    let first = offset + Self.headCount
    offset = first + Int(head >> 3)
    var piece = MessagePiece(
      head & Self.isBinary == 0 ? .text : .binary, count: Int(head >> 3))
    piece.begins = head & Self.begins != 0
    piece.ends = head & Self.ends != 0
    return unsafe (piece, UnsafeRawBufferPointer(rebasing: bytes[first..<offset]))
  }

  fileprivate static func head(_ piece: MessagePiece) -> UInt32 {
    UInt32(piece.count) << 3 | (piece.begins ? begins : 0) | (piece.ends ? ends : 0)
      | (piece.kind == .binary ? isBinary : 0)
  }
}

/// Puts pieces into the buffer of whoever reads.
///
/// What a piece has around it here is at most twice as long as any frame's head, so a buffer has room for
/// all that half of its length can bring, and `slack`.
@safe
struct MessagePieceWriter {
  /// More than the head of a piece that goes on with what an earlier read began.
  static let slack = 16

  private let room: UnsafeMutableRawBufferPointer
  private(set) var count = 0
  /// Where the head of the piece stands that has not ended.
  private var open: Int?
  private var piece = MessagePiece(.text, count: 0)

  init(_ room: UnsafeMutableRawBufferPointer) { unsafe self.room = unsafe room }

  /// Adds bytes to the piece, which begins here if none is open.
  @inline(__always)
  mutating func add(_ bytes: UnsafeRawBufferPointer, _ kind: MessageKind, begins: Bool) {
    if open == nil { begin(kind, begins) }
    precondition(unsafe count + bytes.count <= room.count, "no room for a piece")
    if let from = bytes.baseAddress {
      unsafe (room.baseAddress! + count).copyMemory(from: from, byteCount: bytes.count)
    }
    piece.count += bytes.count
    count += bytes.count
  }

  /// The message is whole.
  @inline(__always)
  mutating func endMessage(_ kind: MessageKind, begins: Bool) {
    if open == nil { begin(kind, begins) }
    piece.ends = true
    endPiece()
  }

  /// Nothing more is here of the message whose piece is open.
  mutating func endPiece() {
    guard let open else { return }
    unsafe room.storeBytes(
      of: MessagePieces.head(piece), toByteOffset: open, as: UInt32.self)
    self.open = nil
  }

  private mutating func begin(_ kind: MessageKind, _ begins: Bool) {
    precondition(unsafe count + MessagePieces.headCount <= room.count, "no room for a piece")
    open = count
    count += MessagePieces.headCount
    piece = MessagePiece(kind, count: 0)
    piece.begins = begins
    piece.ends = false
  }
}
