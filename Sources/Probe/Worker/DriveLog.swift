import Linux
import Synchronization

/// How many connections and messages one client worker has begun, tick by tick: a ring of bytes on
/// its scoreboard that the worker fills and the coordinator empties.
///
/// The ring holds one `DriveEntry` after another, encoded as `DriveEntry.write` does. A recording
/// keeps these bytes as they are.
@safe
package struct DriveLog {
  /// Bytes of the ring. Where each of 64 patterns has messages in every tick, they take 192 bytes a tick: it then fills
  /// up in 0.7 s, and in half a minute or more of a ramp.
  static let capacity = 131_072
  /// Bytes of a cache line. `written` and `taken` have one each: the worker stores only `written`, the
  /// coordinator only `taken`.
  private static let cacheLine = 64
  /// Bytes that the log takes on the scoreboard.
  static let stride = 2 * cacheLine + capacity

  private let base: UnsafeMutableRawPointer

  init(base: UnsafeMutableRawPointer) {
    unsafe self.base = unsafe base
  }

  // MARK: The worker's side

  /// How many bytes can be added before the coordinator takes some.
  var room: Int { Self.capacity - unread }

  /// Adds bytes, which must fit into `room`.
  func append(_ bytes: Span<UInt8>) {
    var end = unsafe written.pointee.load(ordering: .relaxed)
    for index in bytes.indices {
      unsafe place(end).pointee = bytes[index]
      end &+= 1
    }
    // `written` last: it makes the bytes visible to the coordinator.
    unsafe written.pointee.store(end, ordering: .releasing)
  }

  // MARK: The coordinator's side

  /// Whether the log is more than a quarter full. It may then be full before the next sample, so the
  /// coordinator should empty it now. The rest has room for half a second of the busiest worker: a busy coordinator
  /// looks late.
  package var isFilling: Bool { unread > Self.capacity / 4 }

  /// Takes all bytes that the worker has added since the last call: whole entries, as `append` adds no
  /// others.
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
    unsafe (base + Self.cacheLine).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// Where the byte is that the worker has added as number `position`, from 0.
  private func place(_ position: UInt64) -> UnsafeMutablePointer<UInt8> {
    let place = 2 * Self.cacheLine + Int(position % UInt64(Self.capacity))
    return unsafe (base + place).assumingMemoryBound(to: UInt8.self)
  }
}
