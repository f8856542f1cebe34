import Linux
import Messages
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
  /// As of `Kernel`.
  static var introduces: Bool { get }
  static var fillsIn: Bool { get }
  /// What is said of a peer that answers no ping, as "no PINGRESP".
  static var silence: String { get }
  /// How many turns of the pings a peer has to answer one.
  static var turnsToAnswer: UInt8 { get }
  /// Whether a turn passes without a ping where something was sent since the one before.
  static var pingsTheQuiet: Bool { get }
  /// Whether each answer that is owed has to go out, however many there are: the peer counts them. If not, one of
  /// several will do.
  static var owesEach: Bool { get }
  /// How many times as long as what brings them pieces may be, with the 32 bits before each.
  static var growth: Int { get }
  /// Bytes that one read may bring besides: of what an earlier read began, and what the session adds once.
  static var slack: Int { get }

  var isServer: Bool { get }
  /// Nanoseconds from one ping of a connection to the next; nil where none is pinged. It may become shorter when an
  /// opening is over.
  var pingInterval: UInt64? { get }
  /// Whether connections are pinged, or may be once a peer has asked for it.
  var mayPing: Bool { get }
  /// The most bytes that stand before a client's message.
  var mostHead: Int { get }
  /// Bytes that the last call has to send. The kernel sends them, and empties this.
  var said: SaidBytes { get set }

  // MARK: The opening

  /// A connection of a client comes about, and these facts fill in what it says to open. Only where it `introduces`.
  mutating func introduce(_ row: UInt32, _ facts: MessageTemplate.Facts)
  /// A connection begins. A client's session says its request.
  mutating func begin(_ row: UInt32)
  /// Takes what has come, from the connection's first byte on.
  mutating func hearOpening(
    _ row: UInt32, _ bytes: UnsafeMutableRawBufferPointer
  ) -> OpeningStep
  /// What has not come yet of an opening under way, as "no CONNACK".
  func missing(_ row: UInt32) -> String
  /// Forgets a connection that has ended.
  mutating func forget(_ row: UInt32)

  // MARK: Messages

  /// Takes what has come behind the opening, up to the first `SessionStep.Event` that the kernel has to know of.
  /// Messages go to `pieces`.
  mutating func hear(
    _ row: UInt32, _ bytes: UnsafeMutableRawBufferPointer, into pieces: inout MessagePieceWriter
  ) -> SessionStep
  /// The pattern and the facts of the message that is begun next. Only where it `fillsIn`.
  mutating func choose(_ pattern: Int, _ facts: MessageTemplate.Facts)
  /// Begins a client's message: writes the head that stands before it, and returns how many bytes the head has; nil
  /// where the peer takes no more messages now (`whyFull`).
  mutating func beginMessage(
    _ row: UInt32, _ piece: MessagePiece, into room: UnsafeMutableRawBufferPointer
  ) -> Int?
  /// Bytes of the message that was begun last have gone out. Where none have, it is begun again.
  mutating func noteBegun(_ row: UInt32)
  /// Why `beginMessage` has begun none.
  var whyFull: String { get }
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

/// What most sessions have.
extension Session where Self: ~Copyable {
  static var introduces: Bool { false }
  static var fillsIn: Bool { false }
  static var silence: String { "no answer to a ping" }
  static var turnsToAnswer: UInt8 { 1 }
  static var pingsTheQuiet: Bool { false }
  static var owesEach: Bool { false }
  // A piece has around it at most twice as much as any frame's head.
  static var growth: Int { 2 }
  static var slack: Int { 16 }

  var mayPing: Bool { pingInterval != nil }
  var mostHead: Int { MessagePiece.mostHead }
  var whyFull: String { "" }

  mutating func introduce(_ row: UInt32, _ facts: MessageTemplate.Facts) {}
  @inline(__always)
  mutating func noteBegun(_ row: UInt32) {}
  @inline(__always)
  mutating func choose(_ pattern: Int, _ facts: MessageTemplate.Facts) {}
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
    /// The peer has answered the ping of this round; nil where its answer does not tell which.
    case alive(round: UInt32?)
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

  /// Bytes that still fit.
  var left: Int { unsafe bytes.buffer.count - count }

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
