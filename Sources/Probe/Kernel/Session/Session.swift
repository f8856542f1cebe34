import Linux
import SystemPackage
import WorkerLog

/// A protocol as a `SessionKernel` sees it: how a connection is opened, kept and ended, and how messages stand on
/// the wire.
///
/// A session knows connections by their rows, and knows neither sockets nor clocks. Bytes that it has to send, other
/// than messages, it puts into `said`.
protocol Session: ~Copyable {
  /// The call that failures of the opening, and all later ones, are counted as.
  static var call: FailedCall { get }
  /// Bytes that the session's columns take for each connection.
  static var bytesPerEnd: Int { get }

  var isServer: Bool { get }
  /// Nanoseconds from one ping of a connection to the next; nil where none is pinged.
  var pingInterval: UInt64? { get }
  /// Bytes that the last call has to send. The kernel sends them, and empties this.
  var said: SaidBytes { get set }

  // MARK: The opening

  /// A connection begins. A client's session says its request.
  mutating func begin(_ row: UInt32)
  /// Takes what has come, from the connection's first byte on.
  mutating func hearOpening(
    _ row: UInt32, _ bytes: UnsafeMutableRawBufferPointer
  ) -> OpeningStep
  /// Forgets a connection that has ended.
  mutating func forget(_ row: UInt32)

  // MARK: Messages

  /// Takes what has come behind the opening, up to the first `SessionStep.Event` that the kernel has to know of.
  /// Messages go to `pieces`.
  mutating func hear(
    _ row: UInt32, _ bytes: UnsafeMutableRawBufferPointer, into pieces: inout MessagePieceWriter
  ) -> SessionStep
  /// Begins a client's message: writes the head that stands before it, and returns how many bytes the head has.
  mutating func beginMessage(
    _ row: UInt32, _ piece: MessagePiece, into room: UnsafeMutableRawBufferPointer
  ) -> Int
  /// Writes bytes of the message that was begun as they stand on the wire; in the message they stand at `offset`.
  mutating func write(
    _ row: UInt32, _ bytes: UnsafeRawBufferPointer, at offset: Int,
    into room: UnsafeMutableRawBufferPointer)
  /// As `Kernel.writeHead`.
  mutating func writeHead(
    of piece: MessagePiece, into room: UnsafeMutableRawBufferPointer
  ) -> Int

  // MARK: Keeping and ending

  /// Asks the peer for a sign of life.
  ///
  /// - Parameter round: a number that the peer's answer brings back (`SessionStep.Event.alive`).
  mutating func ping(round: UInt32)
  /// Says that the connection ends as it should.
  mutating func sayGoodbye()
}

enum OpeningStep {
  /// Everything was used, and more has to come.
  case goesOn
  /// The opening is over, and messages may follow. So many bytes were used.
  case done(used: Int)
  case refused(LayerFailure)
}

struct SessionStep {
  enum Event {
    /// Everything was used.
    case more
    /// `said` is to go out between two messages.
    case answer
    /// The peer has answered the ping of this round.
    case alive(round: UInt32)
    /// The peer ends the session, and `said` is the answer. The failure is the peer's reason; nil where the
    /// connection ends as it should.
    case ended(LayerFailure?)
    /// The peer broke a rule, and `said` tells it so.
    case failed(LayerFailure)
  }

  var event: Event
  /// How many bytes were used, from the first one on.
  var used: Int
}

/// A few bytes that a session has to send, in memory that is used again.
struct SaidBytes: ~Copyable {
  private let bytes: Scratch<UInt8>
  private(set) var count = 0

  init(room: Int) throws(Errno) { bytes = try Scratch(count: room) }

  var isEmpty: Bool { count == 0 }
  var text: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes.buffer)[..<count])
  }

  mutating func removeAll() { count = 0 }

  /// - Parameter write: writes into the room that is left, and returns how many bytes it wrote.
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
