import Foundation

/// A recording's files as broken disks, slips and strangers make them of good ones: the same for the
/// same seed.
struct FileMutator {
  /// A database and what lies beside it, by suffix.
  typealias Files = [String: [UInt8]]

  static let page = 4096

  private var random: Seeded
  private let finished: Files
  private let live: Files

  /// - Parameters:
  ///   - finished: the one file of a run that is over.
  ///   - live: the files of a run that was cut off, with a write-ahead log.
  init(seed: UInt64, finished: Files, live: Files) {
    random = Seeded(state: seed)
    self.finished = finished
    self.live = live
  }

  /// What was done, and the files that came of it.
  mutating func next() -> (what: String, files: Files) {
    switch below(10) {
    case 0..<6: damaged(finished, "")
    case 6, 7: damaged(live, "-wal")
    case 8: damaged(live, "")
    default: misplaced()
    }
  }

  private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

  /// One of the files damaged once to three times.
  private mutating func damaged(_ files: Files, _ suffix: String) -> (String, Files) {
    var files = files
    var bytes = files[suffix] ?? []
    var done: [String] = []
    for _ in 0...below(3) where !bytes.isEmpty { done.append(damage(&bytes)) }
    files[suffix] = bytes
    return ("run.recording\(suffix): " + done.joined(separator: ", "), files)
  }

  private mutating func damage(_ bytes: inout [UInt8]) -> String {
    let pages = max(1, bytes.count / Self.page)
    switch below(10) {
    case 0:
      bytes.removeSubrange(below(bytes.count)...)
      return "cut to \(bytes.count)"
    case 1:
      let count = 1 + below(64)
      for _ in 0..<count { flip(&bytes, at: below(bytes.count)) }
      return "\(count) bits"
    case 2:
      // A b-tree page's header: its kind, its cells, where they are (sqlite.org/fileformat2.html).
      let start = below(pages)
      let place = start * Self.page + (start == 0 ? 100 : 0) + below(12)
      if place < bytes.count { flip(&bytes, at: place) }
      return "bit in the header of page \(start)"
    case 3:
      flip(&bytes, at: below(min(100, bytes.count)))
      return "bit in the file's header"
    case 4:
      let start = below(pages) * Self.page
      for place in start..<min(bytes.count, start + Self.page) { bytes[place] = 0 }
      return "page at \(start) zero"
    case 5:
      let (one, other) = (below(pages), below(pages))
      for offset in 0..<Self.page where max(one, other) * Self.page + offset < bytes.count {
        bytes.swapAt(one * Self.page + offset, other * Self.page + offset)
      }
      return "pages \(one) and \(other) swapped"
    case 6:
      let start = below(pages) * Self.page
      for place in start..<min(bytes.count, start + Self.page) {
        bytes[place] = UInt8(truncatingIfNeeded: random.next())
      }
      return "page at \(start) noise"
    case 7:
      bytes += (0...below(2 * Self.page)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      return "longer"
    case 8:
      // A number that counts, points or measures something.
      let place = below(bytes.count)
      let value: UInt64 = [0, 1, 0x7F, 0xFF, 0x7FFF_FFFF, .max].randomElement(using: &random)!
      for offset in 0..<[1, 2, 4, 8].randomElement(using: &random)!
      where place + offset < bytes.count {
        bytes[place + offset] = UInt8(truncatingIfNeeded: value >> UInt64(8 * offset))
      }
      return "number at \(place)"
    default:
      let (from, to, count) = (below(bytes.count), below(bytes.count), 1 + below(200))
      let piece = Array(bytes[from..<min(bytes.count, from + count)])
      bytes.replaceSubrange(to..<min(bytes.count, to + piece.count), with: piece)
      return "\(count) bytes copied from \(from) to \(to)"
    }
  }

  private mutating func flip(_ bytes: inout [UInt8], at place: Int) {
    bytes[place] ^= 1 << UInt8(below(8))
  }

  /// Files that are not what they are called, or do not belong together.
  private mutating func misplaced() -> (String, Files) {
    var files = Bool.random(using: &random) ? finished : live
    let noise = (0..<below(9000)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    switch below(9) {
    case 0: return ("nothing", ["": []])
    case 1: return ("noise", ["": noise])
    case 2: return ("text", ["": Array("name: ramp\nphases: []\n".utf8)])
    case 3: return ("header and noise", ["": Array((finished[""] ?? []).prefix(100)) + noise])
    case 4:
      files[""]?.replaceSubrange(60..<64, with: [0, 0, UInt8(8 + below(200)), 3])
      return ("newer", files)
    case 5:
      files["-wal"] = nil
      return ("without its log", files)
    case 6:
      files["-wal"] = noise
      return ("with a log of noise", files)
    case 7:
      files["-journal"] = Bool.random(using: &random) ? noise : live["-wal"]
      return ("with a journal that is none", files)
    default:
      files[""] = finished[""]
      files["-wal"] = live["-wal"]
      return ("with the log of another", files)
    }
  }
}
