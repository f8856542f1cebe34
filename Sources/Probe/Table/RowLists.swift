import SystemPackage

/// Doubly linked lists over the rows of a table. A row is in one of them at most.
///
/// `append`, `insert` and `remove` are inlined, because each message calls them several times: a call would
/// copy this struct to the stack first.
struct RowLists: ~Copyable {
  /// No row: the end of a list.
  static let none = UInt32.max

  struct Ends: BitwiseCopyable {
    var first = RowLists.none
    var last = RowLists.none
  }

  private let ends: Column<Ends>
  private let nexts: Column<UInt32>
  private let previouses: Column<UInt32>

  init(lists: Int, rows: Int) throws(Errno) {
    let ends = try Column<Ends>(count: lists)
    let nexts = try Column<UInt32>(count: rows)
    let previouses = try Column<UInt32>(count: rows)
    for list in 0..<UInt32(lists) { ends[list] = Ends() }
    self.ends = ends
    self.nexts = nexts
    self.previouses = previouses
  }

  func first(of list: UInt32) -> UInt32 { ends[list].first }

  /// The row after `row` in its list, or `none`.
  func next(after row: UInt32) -> UInt32 { nexts[row] }

  @inline(__always)
  func append(_ row: UInt32, to list: UInt32) {
    let last = ends[list].last
    nexts[row] = Self.none
    previouses[row] = last
    if last == Self.none { ends[list].first = row } else { nexts[last] = row }
    ends[list].last = row
  }

  @inline(__always)
  func last(of list: UInt32) -> UInt32 { ends[list].last }

  /// The row before `row` in its list, or `none`.
  @inline(__always)
  func previous(of row: UInt32) -> UInt32 { previouses[row] }

  /// Puts a row in a list, behind another one; `none` for the front.
  @inline(__always)
  func insert(_ row: UInt32, into list: UInt32, behind: UInt32) {
    let next = behind == Self.none ? ends[list].first : nexts[behind]
    nexts[row] = next
    previouses[row] = behind
    if behind == Self.none { ends[list].first = row } else { nexts[behind] = row }
    if next == Self.none { ends[list].last = row } else { previouses[next] = row }
  }

  @inline(__always)
  func remove(_ row: UInt32, from list: UInt32) {
    let next = nexts[row]
    let previous = previouses[row]
    if previous == Self.none { ends[list].first = next } else { nexts[previous] = next }
    if next == Self.none { ends[list].last = previous } else { previouses[next] = previous }
  }

  /// Puts a row in front of a list that only `push` and `pop` change. Such a list is linked one
  /// way: it has neither previous rows nor a last one.
  func push(_ row: UInt32, onto list: UInt32) {
    nexts[row] = ends[list].first
    ends[list].first = row
  }

  /// Takes the row that was pushed last; `none` when the list is empty.
  func pop(from list: UInt32) -> UInt32 {
    let row = ends[list].first
    if row != Self.none { ends[list].first = nexts[row] }
    return row
  }
}
