import Linux
import SystemPackage

/// Rows by the instant at which something is to be done about them: a binary heap in fixed memory. It takes
/// 16 bytes per row, and no memory where no conversation is played.
struct Alarms: ~Copyable {
  /// By place in the heap: when the alarm is due, in nanoseconds.
  private let dues: Column<UInt64>
  /// By place in the heap: whose alarm it is.
  private let rows: Column<UInt32>
  /// By row: its place in the heap, from 1; 0 for a row without an alarm.
  private let places: Column<UInt32>
  private var count: UInt32 = 0

  init(rows capacity: Int) throws(Errno) {
    let dues = try Column<UInt64>(count: capacity)
    let rows = try Column<UInt32>(count: capacity)
    let places = try Column<UInt32>(count: capacity)
    self.dues = dues
    self.rows = rows
    self.places = places
  }

  var isEmpty: Bool { count == 0 }

  /// The row whose alarm is due first, and when; nil when no row has an alarm.
  var first: (row: UInt32, due: Instant)? {
    isEmpty ? nil : (rows[0], Instant(nanoseconds: dues[0]))
  }

  /// When the alarm of a row is due; nil when the row has none.
  func due(_ row: UInt32) -> Instant? {
    let place = places[row]
    return place == 0 ? nil : Instant(nanoseconds: dues[place - 1])
  }

  /// Sets the alarm of a row, whether or not it had one.
  mutating func set(_ row: UInt32, to due: Instant) {
    var place = places[row]
    if place == 0 {
      count += 1
      place = count
    }
    sift(row, due.nanoseconds, at: place - 1)
  }

  /// Removes the alarm of a row, if it has one.
  mutating func remove(_ row: UInt32) {
    let place = places[row]
    guard place > 0 else { return }
    places[row] = 0
    count -= 1
    guard place - 1 < count else { return }
    // The last entry takes the free place, and moves from there to where it belongs.
    sift(rows[count], dues[count], at: place - 1)
  }

  /// Puts a row where it belongs in the heap, from the place `start`, which must be free or the row's own. Other rows
  /// may move.
  private func sift(_ row: UInt32, _ due: UInt64, at start: UInt32) {
    var place = start
    while place > 0, due < dues[(place - 1) / 2] {
      move((place - 1) / 2, to: place)
      place = (place - 1) / 2
    }
    while true {
      var child = 2 * place + 1
      guard child < count else { break }
      if child + 1 < count, dues[child + 1] < dues[child] { child += 1 }
      guard dues[child] < due else { break }
      move(child, to: place)
      place = child
    }
    dues[place] = due
    rows[place] = row
    places[row] = place + 1
  }

  private func move(_ from: UInt32, to place: UInt32) {
    let row = rows[from]
    dues[place] = dues[from]
    rows[place] = row
    places[row] = place + 1
  }
}
