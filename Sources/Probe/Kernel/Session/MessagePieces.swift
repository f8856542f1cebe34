/// Whether a message is a text, in UTF-8, or any bytes.
package enum MessageKind: UInt8, BitwiseCopyable, Sendable {
  case text, binary
  /// No message: what a session has to tell beside them. A client's says that its last message has arrived, or why
  /// not; a server's is to be sent back as it is, in its place among the answers.
  case note
}

/// A piece of a message: all of it, unless the message is long or comes in several reads.
package struct MessagePiece: BitwiseCopyable, Equatable {
  /// The most bytes that any protocol writes before a piece.
  package static let mostHead = 16

  package var kind: MessageKind
  package var count: Int
  /// Whether the message begins with this piece, and whether it ends with it.
  package var begins = true
  package var ends = true

  package init(_ kind: MessageKind, count: Int) {
    self.kind = kind
    self.count = count
  }
}

/// The pieces that one read from a kernel that carries messages has brought. A head of 32 bits stands before each
/// piece: its length, its kind, and whether its message begins and ends with it.
@safe
struct MessagePieces {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

  fileprivate static let headCount = 4
  private static let begins: UInt32 = 1
  private static let ends: UInt32 = 2
  private static let kinds: UInt32 = 4

  /// The next piece, and its bytes.
  @inline(__always)
  mutating func next() -> (piece: MessagePiece, bytes: UnsafeRawBufferPointer)? {
    guard unsafe offset < bytes.count else { return nil }
    let head = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    let first = offset + Self.headCount
    offset = first + Int(head >> 4)
    var piece = MessagePiece(
      MessageKind(rawValue: UInt8(head / Self.kinds & 3)) ?? .text, count: Int(head >> 4))
    piece.begins = head & Self.begins != 0
    piece.ends = head & Self.ends != 0
    return unsafe (piece, UnsafeRawBufferPointer(rebasing: bytes[first..<offset]))
  }

  fileprivate static func head(_ piece: MessagePiece) -> UInt32 {
    UInt32(piece.count) << 4 | (piece.begins ? begins : 0) | (piece.ends ? ends : 0)
      | UInt32(piece.kind.rawValue) * kinds
  }
}

/// Writes pieces into the caller's buffer.
///
/// A session says how much longer pieces may be than what brings them (`Session.growth`, `Session.slack`).
@safe
struct MessagePieceWriter {
  private let room: UnsafeMutableRawBufferPointer
  private(set) var count = 0
  /// Where the head of the open piece goes; nil when no piece is open.
  private var openHead: Int?
  private var piece = MessagePiece(.text, count: 0)

  init(_ room: UnsafeMutableRawBufferPointer) { unsafe self.room = unsafe room }

  /// Adds bytes to the open piece; begins a piece if none is open.
  ///
  /// - Parameter begins: whether the message begins with a piece that begins here.
  @inline(__always)
  mutating func add(_ bytes: UnsafeRawBufferPointer, _ kind: MessageKind, begins: Bool) {
    if openHead == nil { begin(kind, begins) }
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
    if openHead == nil { begin(kind, begins) }
    piece.ends = true
    endPiece()
  }

  /// Ends the open piece, if one is open: no more of its message is here.
  mutating func endPiece() {
    guard let openHead else { return }
    unsafe room.storeBytes(
      of: MessagePieces.head(piece), toByteOffset: openHead, as: UInt32.self)
    self.openHead = nil
  }

  private mutating func begin(_ kind: MessageKind, _ begins: Bool) {
    precondition(unsafe count + MessagePieces.headCount <= room.count, "no room for a piece")
    openHead = count
    count += MessagePieces.headCount
    piece = MessagePiece(kind, count: 0)
    piece.begins = begins
    piece.ends = false
  }
}
