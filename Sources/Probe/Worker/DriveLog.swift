import Linux
import Synchronization

/// What one client worker has driven, tick by tick: a ring of bytes on its scoreboard that the
/// worker fills and the coordinator empties.
///
/// It holds entries one after another, in the bytes that `DriveEntry` makes of each; a recording keeps them
/// as they are.
@safe
package struct DriveLog {
  /// Bytes: about a second with every pattern in every tick, and many seconds of a ramp.
  static let capacity = 32_768
  /// Bytes of a cache line. `written` and `taken` have one each, as the worker stores the former,
  /// the coordinator the latter.
  private static let line = 64
  static let stride = 2 * line + capacity

  private let base: UnsafeMutableRawPointer

  init(base: UnsafeMutableRawPointer) {
    unsafe self.base = unsafe base
  }

  // MARK: The worker's side

  var room: Int { Self.capacity - unread }

  /// Adds bytes, which must fit into `room`.
  func append(_ bytes: Span<UInt8>) {
    var end = unsafe written.pointee.load(ordering: .relaxed)
    for index in bytes.indices {
      unsafe place(end).pointee = bytes[index]
      end &+= 1
    }
    // The end last: it makes the bytes visible.
    unsafe written.pointee.store(end, ordering: .releasing)
  }

  // MARK: The coordinator's side

  /// Whether the log may be full before the next sample, so that it should be emptied now.
  package var isFilling: Bool { unread > Self.capacity / 2 }

  /// Takes all bytes that have been added; always whole entries.
  package func drain() -> [UInt8] {
    let end = unsafe written.pointee.load(ordering: .acquiring)
    let start = unsafe taken.pointee.load(ordering: .relaxed)
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(end &- start)) { buffer, count in
      for index in 0..<Int(end &- start) {
        unsafe buffer[index] = place(start &+ UInt64(index)).pointee
      }
      count = Int(end &- start)
    }
    unsafe taken.pointee.store(end, ordering: .releasing)
    return bytes
  }

  // MARK: Cells

  private var unread: Int {
    let end = unsafe written.pointee.load(ordering: .acquiring)
    return Int(unsafe end &- taken.pointee.load(ordering: .acquiring))
  }

  /// How many bytes the worker has ever added.
  private var written: UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe base.assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// How many bytes the coordinator has ever taken.
  private var taken: UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (base + Self.line).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  private func place(_ position: UInt64) -> UnsafeMutablePointer<UInt8> {
    let place = 2 * Self.line + Int(position % UInt64(Self.capacity))
    return unsafe (base + place).assumingMemoryBound(to: UInt8.self)
  }
}
