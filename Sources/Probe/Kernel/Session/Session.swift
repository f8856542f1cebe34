import Linux
import SystemPackage
import WorkerLog

/// What a protocol does with a connection besides the messages on it, and how these stand on the wire: what a
/// `SessionKernel` has to be told.
///
/// A session knows connections by their rows, and neither sockets nor clocks. What it has to say it puts into `said`.
protocol Session: ~Copyable {
  /// What has failed where the opening or anything later fails.
  static var call: FailedCall { get }
  /// Bytes that its columns have for each connection.
  static var bytesPerEnd: Int { get }

  var isServer: Bool { get }
  /// Nanoseconds from one ping of a connection to the next; nil where none is pinged.
  var pingInterval: UInt64? { get }
  /// What the last call has to say; the kernel sends it and leaves it empty.
  var said: SaidBytes { get set }

  // MARK: The opening

  /// A connection begins: of a client with what it says.
  mutating func begin(_ row: UInt32)
  /// Takes what has come, from the connection's first byte on.
  mutating func hearOpening(
    _ row: UInt32, _ bytes: UnsafeMutableRawBufferPointer
  ) -> OpeningStep
  /// Nothing of this is kept any more.
  mutating func forget(_ row: UInt32)

  // MARK: Messages

  /// Takes what has come behind the opening, up to what the kernel has to know of.
  mutating func hear(
    _ row: UInt32, _ bytes: UnsafeMutableRawBufferPointer, into pieces: inout MessagePieceWriter
  ) -> SessionStep
  /// Begins a message of a client with what stands before it; returns its number of bytes.
  mutating func beginMessage(
    _ row: UInt32, _ piece: MessagePiece, into room: UnsafeMutableRawBufferPointer
  ) -> Int
  /// Writes bytes of the message that was begun, which stand at `offset` in it, as they go out.
  mutating func write(
    _ row: UInt32, _ bytes: UnsafeRawBufferPointer, at offset: Int,
    into room: UnsafeMutableRawBufferPointer)
  /// What stands before a piece of a server's message.
  mutating func writeHead(
    of piece: MessagePiece, into room: UnsafeMutableRawBufferPointer
  ) -> Int

  // MARK: Keeping and ending

  /// Asks whether the peer is alive.
  ///
  /// - Parameter round: to be found in the answer.
  mutating func ping(round: UInt32)
  /// Says that the connection ends as it should.
  mutating func sayGoodbye()
}

enum OpeningStep {
  /// Everything was used, and more has to come.
  case goesOn
  /// Messages may follow. So many bytes were used.
  case done(used: Int)
  case refused(LayerFailure)
}

struct SessionStep {
  enum Event {
    /// Everything was used.
    case more
    /// What is `said` is to go out between two messages.
    case answer
    /// The peer has answered the ping of this round.
    case alive(round: UInt32)
    /// The peer ends the connection, and `said` is the answer; nil where it gave no reason that is a failure.
    case ended(LayerFailure?)
    /// The peer broke a rule, and `said` is what it is told.
    case failed(LayerFailure)
  }

  var event: Event
  /// How many bytes were used, from the first one on.
  var used: Int
}

/// A few bytes of a protocol's own, in memory that is used again.
struct SaidBytes: ~Copyable {
  private let bytes: Scratch<UInt8>
  private(set) var count = 0

  init(room: Int) throws(Errno) { bytes = try Scratch(count: room) }

  var isEmpty: Bool { count == 0 }
  var text: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes.buffer)[..<count])
  }

  mutating func removeAll() { count = 0 }

  /// - Parameter write: writes into the room and returns how many bytes these were.
  mutating func append(_ write: (UnsafeMutableRawBufferPointer) -> Int) {
    let room = unsafe UnsafeMutableRawBufferPointer(bytes.buffer)
    count += unsafe write(UnsafeMutableRawBufferPointer(rebasing: room[count...]))
  }

  mutating func append(_ more: [UInt8]) {
    unsafe append { room in
      precondition(more.count <= room.count, "no room for what is said")
      unsafe room.copyBytes(from: more)
      return more.count
    }
  }
}
