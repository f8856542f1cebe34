package import Linux
import Synchronization
package import SystemPackage
package import WorkerLog

/// The failures of one worker, counted by kind, in a part of its scoreboard. A kind is a call, an errno and a phase,
/// and for some calls an endpoint.
///
/// This is a table of kinds instead of a log: a million failures that are alike take one row, none is
/// lost, and nobody has to empty the table in time.
@safe
package struct FailureTable {
  /// Kinds that one worker can tell apart. The last row takes the failures of all further kinds.
  package static let capacity = 1024
  /// Bytes of a row. It has fields of 64 bits: 0 its key, which is 0 in an unused row; 1 `count`; 2 `first`; 3 `held`;
  /// 4 `position` + 1; 5 `stopped`; 6 `retried`; 7 `lastStopped`.
  static let stride = 64
  /// How many of a plan's endpoints are told apart. All further ones share a row per kind, so that a plan of a thousand
  /// endpoints leaves room for other kinds.
  package static let endpointsApart = 16

  package struct Row: Equatable, Sendable {
    package var call: FailedCall
    /// Nil for an orderly close, and for the runner's own deadline in TCP's handshake. In the handshake of a layer on
    /// top of TCP that deadline is ETIMEDOUT.
    package var errno: Errno?
    /// The phase's place in the plan, from 0.
    package var phase: Int
    package var count: UInt64
    /// Of `count`, the handshakes that were tried again.
    package var retried: UInt64 = 0
    /// When the first failure of this kind was counted.
    package var first: Instant
    /// When a failure of this kind first made the worker stop growing; nil when none did.
    package var stopped: Instant?
    /// When one last did: each step of a search may be stopped.
    package var lastStopped: Instant?
    /// Connections that the worker held at `first`.
    package var held: UInt64
    /// The first failure's position on the client's source walk; nil where it concerns no tuple.
    package var position: UInt32?
  }

  private let base: UnsafeMutableRawPointer

  init(base: UnsafeMutableRawPointer) {
    unsafe self.base = unsafe base
  }

  /// The worker's side: counts one failure.
  ///
  /// - Parameters:
  ///   - endpoint: the endpoint's place in the plan, for calls whose failures are told apart by it.
  ///   - held: connections that the worker holds now.
  ///   - position: the tuple's position on the client's source walk.
  /// - Returns: the row.
  @discardableResult
  func add(
    _ call: FailedCall, _ errno: Errno?, phase: Int, endpoint: Int? = nil, at instant: Instant,
    held: UInt64, position: UInt32?
  ) -> UInt16 {
    let key = Self.key(call, errno, phase: phase, endpoint: endpoint)
    for row in 0..<Self.capacity {
      let existing = load(row, 0)
      if existing == key || (existing != 0 && row == Self.capacity - 1) {
        store(load(row, 1) + 1, row, 1)
        return UInt16(row)
      }
      guard existing == 0 else { continue }
      store(1, row, 1)
      store(instant.nanoseconds, row, 2)
      store(held, row, 3)
      store(position.map { UInt64($0) + 1 } ?? 0, row, 4)
      // The key is written last, as it makes the row visible.
      unsafe cell(row, 0).pointee.store(key, ordering: .releasing)
      return UInt16(row)
    }
    // The last row takes all that has none of its own.
    return UInt16(Self.capacity - 1)
  }

  /// The worker's side: notes that the last failure of this kind has made it stop growing.
  func markStopped(
    _ call: FailedCall, _ errno: Errno?, phase: Int, endpoint: Int? = nil, at instant: Instant
  ) {
    let key = Self.key(call, errno, phase: phase, endpoint: endpoint)
    guard let row = self.row(of: key) else { return }
    store(instant.nanoseconds, row, 7)
    if load(row, 5) == 0 { store(instant.nanoseconds, row, 5) }
  }

  /// The worker's side: notes that the last failure of this row is a handshake that is tried
  /// again.
  func markRetried(_ row: UInt16) { store(load(Int(row), 6) + 1, Int(row), 6) }

  /// The worker's side: a failure of this row after which there was to be another attempt has cost its
  /// connection after all.
  func unmarkRetried(_ row: UInt16) {
    let retried = load(Int(row), 6)
    if retried > 0 { store(retried - 1, Int(row), 6) }
  }

  /// The row that counts failures of a kind: its own, or the last one. Nil when none was counted.
  @inline(__always)
  private func row(of key: UInt64) -> Int? {
    for row in 0..<Self.capacity {
      let existing = load(row, 0)
      guard existing != 0 else { return nil }
      if existing == key || row == Self.capacity - 1 { return row }
    }
    return nil
  }

  /// Bit 63 is set, so that no key is 0. The endpoint's place + 1 (0 for none) stands from bit 48 on, the phase from
  /// bit 32, the call from bit 16, the errno from bit 0.
  private static func key(
    _ call: FailedCall, _ errno: Errno?, phase: Int, endpoint: Int?
  ) -> UInt64 {
    let place = endpoint.map { UInt64(min($0, endpointsApart)) + 1 } ?? 0
    return 1 << 63 | place << 48 | UInt64(phase & 0xFFFF) << 32 | UInt64(call.rawValue) << 16
      | UInt64(UInt16(truncatingIfNeeded: errno?.rawValue ?? 0))
  }

  /// The coordinator's side: the rows as they stand.
  package func rows() -> [Row] {
    var rows: [Row] = []
    for row in 0..<Self.capacity {
      let key = unsafe cell(row, 0).pointee.load(ordering: .acquiring)
      guard key != 0, let call = FailedCall(rawValue: UInt8(truncatingIfNeeded: key >> 16))
      else { break }
      let code = Int32(key & 0xFFFF)
      let position = load(row, 4)
      let (stopped, lastStopped) = (load(row, 5), load(row, 7))
      rows.append(
        Row(
          call: call, errno: code == 0 ? nil : Errno(rawValue: code),
          phase: Int(key >> 32 & 0xFFFF), count: load(row, 1), retried: load(row, 6),
          first: Instant(nanoseconds: load(row, 2)),
          stopped: stopped == 0 ? nil : Instant(nanoseconds: stopped),
          lastStopped: lastStopped == 0 ? nil : Instant(nanoseconds: lastStopped),
          held: load(row, 3),
          position: position == 0 ? nil : UInt32(position - 1)))
    }
    return rows
  }

  private func load(_ row: Int, _ field: Int) -> UInt64 {
    unsafe cell(row, field).pointee.load(ordering: .relaxed)
  }

  private func store(_ value: UInt64, _ row: Int, _ field: Int) {
    unsafe cell(row, field).pointee.store(value, ordering: .relaxed)
  }

  private func cell(_ row: Int, _ field: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (base + row * Self.stride + field * 8).assumingMemoryBound(to: Atomic<UInt64>.self)
  }
}
