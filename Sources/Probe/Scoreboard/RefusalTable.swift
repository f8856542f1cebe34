import Synchronization
package import SystemPackage
package import WorkerLog

/// Why layers on top of TCP were refused, counted by kind, in a part of a worker's scoreboard. A kind is a call, an
/// errno, and the number that was said; where none was, the words that are not quoted from the peer.
///
/// Two phases in a row have rows of their own: a failure between them is counted in the first and may be reported with
/// the second, and then the coordinator asks for what was said in the first.
@safe
package struct RefusalTable {
  /// How many kinds of one phase are told apart; of any more nothing is kept.
  package static let capacity = 8
  /// How many wordings without a number are told apart of one call and errno in a phase. They must not take the rows
  /// of all other kinds, so any more are one kind, `others`.
  static let mostWordings = 3
  package static let others = Refusal("something else")
  /// The most bytes that are kept of the words; a multiple of 8.
  package static let mostWords = 248
  /// Stands at the end of words that were cut.
  private static let cutMark = "…"

  /// Where the fields of a row are, in bytes. Each but the words has 64 bits.
  private enum Field {
    /// The phase's place in the plan, from 1; 0 in a row that was never used. Written last.
    static let phase = 0
    static let kind = 8
    /// Of `Refusal.ownWords`, where no number was said; else 0.
    static let hash = 16
    static let count = 24
    static let retried = 32
    static let length = 40
    static let words = 48
    static let stride = words + mostWords
  }

  /// Bytes of the table.
  static let stride = 2 * capacity * Field.stride

  package struct Row: Equatable, Sendable {
    package var call: FailedCall
    package var errno: Errno?
    /// With the words of the first one of its kind.
    package var refusal: Refusal
    package var count: Int
    /// Of `count`, those after which the connection was tried again, as in the `FailureTable`.
    package var retried = 0
  }

  private let base: UnsafeMutableRawPointer

  init(base: UnsafeMutableRawPointer) {
    unsafe self.base = unsafe base
  }

  /// The worker's side: counts one refusal.
  ///
  /// - Returns: the row; nil where nothing of the refusal is kept.
  @discardableResult
  @inline(never)
  func add(_ refusal: Refusal, _ call: FailedCall, _ errno: Errno?, phase: Int) -> UInt8? {
    let kind = Self.kind(call, errno, refusal.code)
    var (refusal, hash) = (refusal, refusal.code == nil ? Self.hash(refusal.ownWords) : 0)
    var wordings = 0
    for place in Self.places(of: phase) {
      let row = UInt8(place / Field.stride)
      guard load(place + Field.phase) == UInt64(phase) + 1 else {
        // What the phase before the last has left there may be overwritten.
        store(0, place + Field.phase)
        store(kind, place + Field.kind)
        store(hash, place + Field.hash)
        store(1, place + Field.count)
        store(0, place + Field.retried)
        keep(refusal.words, at: place)
        unsafe cell(place + Field.phase).pointee.store(UInt64(phase) + 1, ordering: .releasing)
        return row
      }
      if load(place + Field.kind) == kind, load(place + Field.hash) == hash {
        store(load(place + Field.count) &+ 1, place + Field.count)
        return row
      }
      guard refusal.code == nil, load(place + Field.kind) == kind else { continue }
      wordings += 1
      if wordings == Self.mostWordings {
        (refusal, hash) = (Self.others, Self.hash(Self.others.ownWords))
      }
    }
    return nil
  }

  /// The worker's side: notes that the connection of the last refusal of this row is tried again.
  func markRetried(_ row: UInt8) {
    let place = Int(row) * Field.stride + Field.retried
    store(load(place) &+ 1, place)
  }

  /// The worker's side: a refusal of this row after which there was to be another attempt has cost its connection after
  /// all.
  func unmarkRetried(_ row: UInt8) {
    let place = Int(row) * Field.stride + Field.retried
    if load(place) > 0 { store(load(place) - 1, place) }
  }

  /// The kinds of a phase, in the order in which they came. Empty when there were none, and when the phase is neither
  /// the worker's own nor the one before it.
  package func rows(of phase: Int) -> [Row] {
    Self.places(of: phase).compactMap { place in
      let kept = unsafe cell(place + Field.phase).pointee.load(ordering: .acquiring)
      guard kept == UInt64(phase) + 1 else { return nil }
      let kind = load(place + Field.kind)
      guard let call = FailedCall(rawValue: UInt8(truncatingIfNeeded: kind)) else { return nil }
      let errno = UInt16(truncatingIfNeeded: kind >> 16)
      let words = unsafe UnsafeRawBufferPointer(
        start: base + place + Field.words, count: Int(load(place + Field.length)))
      return Row(
        call: call, errno: errno == 0 ? nil : Errno(rawValue: CInt(errno)),
        refusal: Refusal(unsafe String(decoding: words, as: UTF8.self), code: Self.code(in: kind)),
        count: Int(load(place + Field.count)), retried: Int(load(place + Field.retried)))
    }
  }

  private static func places(of phase: Int) -> [Int] {
    (0..<capacity).map { ((phase & 1) * capacity + $0) * Field.stride }
  }

  // From its lowest bits: the call (8), the table of the number (7), whether it was sent (1), the errno (16), the
  // number (16), the packet (8).

  private static func kind(_ call: FailedCall, _ errno: Errno?, _ code: RefusalCode?) -> UInt64 {
    var kind = UInt64(call.rawValue)
    kind |= UInt64(UInt16(truncatingIfNeeded: errno?.rawValue ?? 0)) << 16
    guard let code else { return kind }
    return kind | UInt64(code.table.rawValue) << 8 | (code.isSent ? 1 << 15 : 0)
      | UInt64(code.number) << 32 | UInt64(code.packet) << 48
  }

  private static func code(in kind: UInt64) -> RefusalCode? {
    RefusalCode.Table(rawValue: UInt8(truncatingIfNeeded: kind >> 8 & 0x7F)).map {
      RefusalCode(
        $0, UInt16(truncatingIfNeeded: kind >> 32), packet: UInt8(truncatingIfNeeded: kind >> 48),
        isSent: kind >> 15 & 1 == 1)
    }
  }

  /// FNV-1a. Not `Hasher`, whose seed differs by process.
  private static func hash(_ words: Substring) -> UInt64 {
    words.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  private func keep(_ words: String, at place: Int) {
    var words = words
    if words.utf8.count > Self.mostWords {
      // So that a value that is cut here is known for one.
      let room = Self.mostWords - Self.cutMark.utf8.count
      var end = words.utf8.index(words.startIndex, offsetBy: room)
      // Not within a character.
      while words.utf8[end] & 0xC0 == 0x80 { words.utf8.formIndex(before: &end) }
      words = words[..<end] + Self.cutMark
    }
    words.withUTF8 { text in
      let count = min(text.count, Self.mostWords)
      if let first = text.baseAddress {
        unsafe (base + place + Field.words).copyMemory(from: first, byteCount: count)
      }
      store(UInt64(count), place + Field.length)
    }
  }

  private func load(_ offset: Int) -> UInt64 {
    unsafe cell(offset).pointee.load(ordering: .relaxed)
  }

  private func store(_ value: UInt64, _ offset: Int) {
    unsafe cell(offset).pointee.store(value, ordering: .relaxed)
  }

  private func cell(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }
}
