import SystemPackage

/// The client's connections: one row each, in columns, 33 bytes a row.
struct ConnectionTable: ~Copyable {
  enum State: UInt8 {
    case free, connecting, established
    /// Established, and a byte is on its way that should come back.
    case asked
  }

  /// No row: the end of a list.
  static let none = UInt32.max

  let capacity: UInt32
  private let states: Column<UInt8>
  private let generations: Column<UInt16>
  private let descriptors: Column<Int32>
  private let positions: Column<UInt32>
  /// Nanoseconds. `dues` is when the schedule wanted the connection, `begins` when it was begun.
  private let dues: Column<UInt64>
  private let begins: Column<UInt64>
  /// Rows that are connecting, oldest first, as a list: its head is the next to time out. A free
  /// row's `nexts` leads to the next free one.
  private let nexts: Column<UInt32>
  private let previouses: Column<UInt32>

  /// The oldest row that is connecting, or `none`.
  private(set) var oldestConnecting = none
  private var newestConnecting = none
  private var firstFree = none
  /// Rows from here on were never used.
  private(set) var firstUnused: UInt32 = 0

  init(capacity: Int) throws(Errno) {
    // Locals first: a throw must find either all of the columns in place or none.
    let states = try Column<UInt8>(count: capacity)
    let generations = try Column<UInt16>(count: capacity)
    let descriptors = try Column<Int32>(count: capacity)
    let positions = try Column<UInt32>(count: capacity)
    let dues = try Column<UInt64>(count: capacity)
    let begins = try Column<UInt64>(count: capacity)
    let nexts = try Column<UInt32>(count: capacity)
    let previouses = try Column<UInt32>(count: capacity)
    self.capacity = UInt32(capacity)
    self.states = states
    self.generations = generations
    self.descriptors = descriptors
    self.positions = positions
    self.dues = dues
    self.begins = begins
    self.nexts = nexts
    self.previouses = previouses
  }

  /// Takes a row for a connection that has been begun. The worker never begins more than its
  /// capacity, so there is always one.
  mutating func insert(
    descriptor: FileDescriptor, position: UInt32, due: UInt64, began: UInt64
  ) -> UInt32 {
    let slot: UInt32
    if firstFree != Self.none {
      slot = firstFree
      firstFree = nexts[slot]
    } else {
      slot = firstUnused
      firstUnused += 1
    }
    states[slot] = State.connecting.rawValue
    descriptors[slot] = descriptor.rawValue
    positions[slot] = position
    dues[slot] = due
    begins[slot] = began
    appendConnecting(slot)
    return slot
  }

  mutating func establish(_ slot: UInt32) {
    unlinkConnecting(slot)
    states[slot] = State.established.rawValue
  }

  mutating func ask(_ slot: UInt32) { states[slot] = State.asked.rawValue }
  mutating func answer(_ slot: UInt32) { states[slot] = State.established.rawValue }

  /// Frees a row; events that still name its old tenant are stale from here on.
  mutating func remove(_ slot: UInt32) {
    if state(slot) == .connecting { unlinkConnecting(slot) }
    states[slot] = State.free.rawValue
    generations[slot] &+= 1
    nexts[slot] = firstFree
    firstFree = slot
  }

  func state(_ slot: UInt32) -> State { State(rawValue: states[slot])! }
  func descriptor(_ slot: UInt32) -> FileDescriptor { FileDescriptor(rawValue: descriptors[slot]) }
  func position(_ slot: UInt32) -> UInt32 { positions[slot] }
  func due(_ slot: UInt32) -> UInt64 { dues[slot] }
  func began(_ slot: UInt32) -> UInt64 { begins[slot] }
  func token(_ slot: UInt32) -> Token { Token(slot: slot, generation: generations[slot]) }

  /// The state of the connection that a token was made for; `free` when it is gone.
  func state(_ token: Token) -> State {
    guard token.slot < firstUnused, generations[token.slot] == token.generation else {
      return .free
    }
    return state(token.slot)
  }

  private mutating func appendConnecting(_ slot: UInt32) {
    nexts[slot] = Self.none
    previouses[slot] = newestConnecting
    if newestConnecting == Self.none {
      oldestConnecting = slot
    } else {
      nexts[newestConnecting] = slot
    }
    newestConnecting = slot
  }

  private mutating func unlinkConnecting(_ slot: UInt32) {
    let next = nexts[slot]
    let previous = previouses[slot]
    if previous == Self.none { oldestConnecting = next } else { nexts[previous] = next }
    if next == Self.none { newestConnecting = previous } else { previouses[next] = previous }
  }
}
