import Linux
import SystemPackage

/// One direction of a relayed connection: what one side sends, on its way to the other.
///
/// A flow reads the next piece only when the last one is passed on, so a slow reader slows its
/// sender down, as it would without a proxy.
struct CaptureFlow {
  let from: FileDescriptor
  let to: FileDescriptor
  /// Whether `from` may have bytes: epoll has announced it (edge-triggered), and no read has met
  /// EAGAIN since.
  var mayRead = false
  /// The same for writing to `to`.
  var mayWrite = false
  /// The sender sends nothing more.
  private(set) var hasEnded = false
  /// The receiver is gone: the flow drops the bytes that wait for it, and reads nothing more.
  private(set) var isDead = false
  /// How many bytes were passed on.
  private(set) var movedBytes = 0
  /// Bytes that the receiver's socket did not take at once.
  private var unsent: [UInt8] = []
  /// How many bytes at the start of `unsent` the socket has taken by now.
  private var takenCount = 0
  /// Whether the receiver was told that the sender has ended. True also where the sender is lost:
  /// then the receiver is reset when the relay closes.
  private var isEndPassedOn = false

  init(from: FileDescriptor, to: FileDescriptor) {
    self.from = from
    self.to = to
  }

  /// What one step of a flow came to.
  enum Advance {
    /// There is nothing to do before the next event of epoll.
    case idle
    /// Something was passed on, and there may be more to do.
    case busy
    /// The buffer holds this many new bytes; the caller must pass them to `send`.
    case received(Int)
    /// The sender closed its side.
    case ended
    /// The sender is gone, with this error: it sends nothing more, and nothing reaches it.
    case senderLost(Errno)
    /// The receiver is gone, and the bytes that waited for it are dropped.
    case receiverLost
  }

  /// All bytes were passed on, and so was the end.
  var isDone: Bool { hasEnded && unsent.isEmpty && isEndPassedOn }
  /// Nothing is left to be passed on, and nothing will come.
  var isDrained: Bool { isDead || hasEnded && unsent.isEmpty }

  /// Takes one step: passes on kept bytes, or the end, or else reads into `buffer`.
  mutating func advance(_ buffer: UnsafeMutableRawBufferPointer) -> Advance {
    guard !isDead else { return .idle }
    if !unsent.isEmpty { return flush() }
    if hasEnded {
      guard !isEndPassedOn, mayWrite else { return .idle }
      isEndPassedOn = true
      // shutdown(2) fails only where the connection is gone, and then there is nobody to be told.
      try? Socket.finishSending(to)
      return .busy
    }
    // Nothing is read before it can be passed on.
    guard mayRead, mayWrite else { return .idle }
    switch unsafe Socket.receive(from, into: buffer) {
    case .moved(let count): return .received(count)
    case .wouldBlock:
      mayRead = false
      return .idle
    case .closed:
      hasEnded = true
      return .ended
    case .failed(let error):
      hasEnded = true
      isEndPassedOn = true
      return .senderLost(error)
    }
  }

  /// Passes on the bytes that `advance` has received; keeps those that the socket does not take.
  mutating func send(_ bytes: UnsafeRawBufferPointer) -> Advance {
    switch unsafe Socket.send(to, bytes) {
    case .moved(let count):
      movedBytes += count
      if count < bytes.count { unsent = unsafe Array(bytes[count...]) }
      return .busy
    case .wouldBlock:
      mayWrite = false
      unsent = unsafe Array(bytes)
      return .idle
    case .closed, .failed:
      die()
      return .receiverLost
    }
  }

  private mutating func flush() -> Advance {
    guard mayWrite else { return .idle }
    let transfer = unsafe unsent.withUnsafeBytes {
      unsafe Socket.send(to, UnsafeRawBufferPointer(rebasing: $0[takenCount...]))
    }
    switch transfer {
    case .moved(let count):
      movedBytes += count
      takenCount += count
      if takenCount == unsent.count {
        unsent = []
        takenCount = 0
      }
      return .busy
    case .wouldBlock:
      mayWrite = false
      return .idle
    case .closed, .failed:
      die()
      return .receiverLost
    }
  }

  mutating func die() {
    isDead = true
    unsent = []
  }
}
