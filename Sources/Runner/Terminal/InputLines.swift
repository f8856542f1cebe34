/// Puts lines together from the pieces in which they are read.
struct InputLines {
  enum Line: Equatable {
    case text(String)
    case tooLong
  }

  /// The most bytes of a line; a longer line becomes `tooLong`. Nobody types so much, and a wrong file at
  /// standard input must not fill the memory.
  static let longest = 1 << 20

  private var lines: [Line] = []
  /// The beginning of a line whose end has not come yet.
  private var partial: [UInt8] = []
  private var isTooLong = false
  private(set) var hasEnded = false

  var isEmpty: Bool { lines.isEmpty }

  mutating func add(_ bytes: ArraySlice<UInt8>) {
    var rest = bytes
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      extendPartial(rest[..<end])
      finishLine()
      rest = rest[(end + 1)...]
    }
    extendPartial(rest)
  }

  private mutating func extendPartial(_ piece: ArraySlice<UInt8>) {
    let room = Self.longest - partial.count
    partial += piece.prefix(room)
    if piece.count > room { isTooLong = true }
  }

  /// Ends the input; an unfinished line counts as a line.
  mutating func end() {
    guard !hasEnded else { return }
    hasEnded = true
    if !partial.isEmpty { finishLine() }
  }

  /// The first line that has not been taken.
  var first: Line? { lines.first }

  mutating func takeFirst() { lines.removeFirst() }

  private mutating func finishLine() {
    if partial.last == UInt8(ascii: "\r") { partial.removeLast() }
    lines.append(isTooLong ? .tooLong : .text(String(decoding: partial, as: UTF8.self)))
    partial = []
    isTooLong = false
  }
}
