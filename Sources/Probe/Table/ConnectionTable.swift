import Linux
import SystemPackage

/// The client's connections: one row each, in columns. A row takes 37 bytes, and these more where there is need:
/// - where the plan has messages, 17 and 4 for each pattern;
/// - where it has conversations, 24;
/// - where the server pushes, 4;
/// - for a connection whose `ConnectionHistory` is not 0, 1;
/// - for one that has come back in the place of another, 5;
/// - for a connection that has had overdue answers, up to 97.
///
/// What `AnswerSearches` keeps for each row comes on top.
///
/// A row is in one list at most. The lists are:
/// - the free rows;
/// - those that are connecting;
/// - those that may begin a message (idle);
/// - those that wait for quiet;
/// - for each pattern, those with a message of it under way that is not overdue.
///
/// A row with a conversation under way is in no list. It has an alarm while it waits for a delay, or for an
/// answer or a close that is not overdue.
struct ConnectionTable: ~Copyable {
  /// No row: the end of a list.
  static let none = RowLists.none

  /// Numbers of the lists; `messages` is that of the first pattern's.
  private enum List {
    static let free: UInt32 = 0
    static let connecting: UInt32 = 1
    static let idle: UInt32 = 2
    static let draining: UInt32 = 3
    static let messages: UInt32 = 4
  }

  let capacity: UInt32
  let messages: MessageColumns
  let returns: ReturnColumns
  private let states: Column<State>
  private let marks: Column<RowMarks>
  private let generations: Column<UInt16>
  private let descriptors: Column<Int32>
  /// Positions of the connections' tuples on the source walk.
  private let positions: Column<UInt32>
  /// Nanoseconds: when the connection was due and when it was begun; later the same of its message, or of
  /// its conversation's step. While the row waits for quiet, `dues` is when the wait began or the last
  /// byte came.
  private let dues: Column<UInt64>
  private let begins: Column<UInt64>
  /// `ConnectionHistory` of each. Written only where it changes: pages of zeros cost no memory.
  private let histories: Column<UInt8>
  private let lists: RowLists
  /// When a conversation's delay is over, or when its next answer, or the server's close, is overdue. A
  /// conversation that is overdue has alarms for its delays only.
  private var alarms: Alarms
  /// No row from this one on was ever used.
  private(set) var firstUnused: UInt32 = 0

  /// - Parameters:
  ///   - patterns: how many patterns of messages there are.
  ///   - pushed: whether the server pushes messages.
  ///   - conversations: whether any of the patterns plays conversations.
  ///   - returning: whether connections come back.
  init(
    capacity: Int, patterns: Int = 0, pushed: Bool = false, conversations: Bool = false,
    returning: Bool = false
  ) throws(Errno) {
    // Locals first: a throw must find either all of the columns in place or none.
    let messages = try MessageColumns(
      rows: capacity, patterns: patterns, pushed: pushed, conversations: conversations)
    let states = try Column<State>(count: capacity)
    let marks = try Column<RowMarks>(count: capacity)
    let generations = try Column<UInt16>(count: capacity)
    let descriptors = try Column<Int32>(count: capacity)
    let positions = try Column<UInt32>(count: capacity)
    let dues = try Column<UInt64>(count: capacity)
    let begins = try Column<UInt64>(count: capacity)
    let histories = try Column<UInt8>(count: capacity)
    let returns = try ReturnColumns(rows: capacity, returning: returning)
    let lists = try RowLists(lists: Int(List.messages) + patterns, rows: capacity)
    let alarms = try Alarms(rows: conversations ? capacity : 0)
    self.capacity = UInt32(capacity)
    self.messages = messages
    self.states = states
    self.marks = marks
    self.generations = generations
    self.descriptors = descriptors
    self.positions = positions
    self.dues = dues
    self.begins = begins
    self.histories = histories
    self.returns = returns
    self.lists = lists
    self.alarms = alarms
  }

  /// Takes a free row for a connection that has been begun. There is always one, as the worker never
  /// holds more connections than the table has rows.
  ///
  /// - Parameters:
  ///   - number: the connection's number among all that this worker has begun, from 0.
  ///   - history: its `ConnectionHistory`; 0 for a connection that was begun in time.
  ///   - attempt: of a connection that comes back, which attempt it is.
  mutating func insert(
    descriptor: FileDescriptor, position: UInt32, due: UInt64, began: UInt64, number: UInt64 = 0,
    history: UInt8 = 0, attempt: UInt8 = 0
  ) -> UInt32 {
    var slot = lists.pop(from: List.free)
    if slot == Self.none {
      slot = firstUnused
      firstUnused += 1
    }
    become(slot, .connecting)
    marks[slot] = RowMarks()
    descriptors[slot] = descriptor.rawValue
    positions[slot] = position
    dues[slot] = due
    begins[slot] = began
    if histories[slot] != history { histories[slot] = history }
    returns.setAttempt(of: slot, to: attempt)
    messages.begin(slot, number: number)
    lists.append(slot, to: List.connecting)
    return slot
  }

  /// The handshake has finished: the row is idle.
  mutating func establish(_ slot: UInt32) {
    lists.remove(slot, from: List.connecting)
    becomeIdle(slot)
  }

  /// A byte was sent that should come back.
  mutating func ask(_ slot: UInt32) {
    lists.remove(slot, from: List.idle)
    become(slot, .asked)
  }

  /// The byte of `ask` has come back.
  mutating func answer(_ slot: UInt32) { becomeIdle(slot) }

  /// Frees a row; events that still name the connection that had it are stale from here on.
  mutating func remove(_ slot: UInt32) {
    switch state(slot) {
    case .connecting: lists.remove(slot, from: List.connecting)
    case .established: lists.remove(slot, from: List.idle)
    case .draining: lists.remove(slot, from: List.draining)
    case .sending, .awaiting, .pausing: unlistMessage(slot)
    case .asked, .free: break
    }
    become(slot, .free)
    generations[slot] &+= 1
    lists.push(slot, onto: List.free)
  }

  @inline(__always)
  private func becomeIdle(_ slot: UInt32) {
    become(slot, .established)
    lists.append(slot, to: List.idle)
  }

  // MARK: Messages

  /// Begins a message on an idle row.
  @inline(__always)
  mutating func beginMessage(
    _ slot: UInt32, pattern: Int, due: UInt64, began: UInt64
  ) {
    lists.remove(slot, from: List.idle)
    become(slot, .sending)
    dues[slot] = due
    begins[slot] = began
    messages.beginMessage(slot, pattern: pattern, owing: marks[slot].has(.owing))
    listMessage(slot, in: List.messages + UInt32(pattern), due: due)
  }

  /// The most rows that a message is put before because they are due later.
  private static var mostSteps: Int { 16 }

  /// Lists a message by when it was due, so that the first one in the list is overdue first. Nearly all come in this
  /// order. A message that is made up for goes before those that were begun before it and are due later, up to
  /// `mostSteps` of them: each step is a read somewhere in memory.
  @inline(__always)
  private func listMessage(_ slot: UInt32, in list: UInt32, due: UInt64) {
    var behind = lists.last(of: list)
    var steps = 0
    while behind != Self.none, dues[behind] > due, steps < Self.mostSteps {
      behind = lists.previous(of: behind)
      steps += 1
    }
    lists.insert(slot, into: list, behind: behind)
  }

  /// The message, or the conversation's step, has been handed to the kernel whole.
  @inline(__always)
  mutating func await(_ slot: UInt32) {
    become(slot, .awaiting)
    if isSentAndOverdue(slot) { lists.append(slot, to: List.idle) }
  }

  /// The message under way is not waited for any more: its row may begin another one as soon as this
  /// one has been sent whole. A conversation is played to its end first.
  mutating func markOverdue(_ slot: UInt32) {
    unlistMessage(slot)
    mark(slot, .overdue)
    if isSentAndOverdue(slot) { lists.append(slot, to: List.idle) }
  }

  /// Whether the message under way was sent whole and is not waited for any more. False for a
  /// conversation, which is played to its end all the same.
  @inline(__always)
  private func isSentAndOverdue(_ slot: UInt32) -> Bool {
    marks[slot].has(.overdue) && !marks[slot].has(.conversing)
      && state(slot) == .awaiting
  }

  /// Whether a message may be begun on a row.
  @inline(__always)
  func canBeginMessage(_ slot: UInt32) -> Bool {
    state(slot) == .established || isSentAndOverdue(slot)
  }

  /// Whether nothing is under way on a row, and the server owes its connection no answer.
  func isClear(_ slot: UInt32) -> Bool {
    state(slot) == .established && !marks[slot].has(.owing)
  }

  /// Makes a debt of the overdue message under way, and the row idle.
  mutating func turnIntoDebt(_ slot: UInt32) {
    unlistMessage(slot)
    let isForgotten = messages.owe(
      slot, due: dues[slot], began: begins[slot], isFirst: !marks[slot].has(.owing))
    if isForgotten { mark(slot, .forgetful) }
    unmark(slot, .ofMessage)
    mark(slot, .owing)
    becomeIdle(slot)
  }

  /// Moves an idle row to the end of its list, so that another one is `oldestIdle`.
  mutating func passOver(_ slot: UInt32) {
    lists.remove(slot, from: List.idle)
    lists.append(slot, to: List.idle)
  }

  /// The message under way is over.
  @inline(__always)
  mutating func finishMessage(_ slot: UInt32) {
    unlistMessage(slot)
    unmark(slot, .ofMessage)
    becomeIdle(slot)
  }

  /// Has a row wait for quiet, as more of a wrong answer may come, or the connection's end. The message under way, if
  /// there is one, is over.
  mutating func drain(_ slot: UInt32, at instant: UInt64) {
    if state(slot) == .established {
      lists.remove(slot, from: List.idle)
    } else {
      unlistMessage(slot)
    }
    unmark(slot, .ofMessage)
    become(slot, .draining)
    dues[slot] = instant
    lists.append(slot, to: List.draining)
  }

  /// More bytes have come on a row that waits for quiet: the wait begins anew.
  mutating func keepDraining(_ slot: UInt32, at instant: UInt64) {
    lists.remove(slot, from: List.draining)
    dues[slot] = instant
    lists.append(slot, to: List.draining)
  }

  /// The wait for quiet is over: the row is idle.
  mutating func endDraining(_ slot: UInt32) {
    lists.remove(slot, from: List.draining)
    becomeIdle(slot)
  }

  /// Takes a row with a message or conversation under way out of its list, or removes its alarm.
  @inline(__always)
  private mutating func unlistMessage(_ slot: UInt32) {
    let marks = marks[slot]
    if marks.has(.overdue | .conversing) {
      if marks.has(.conversing) { alarms.remove(slot) }
      if isSentAndOverdue(slot) { lists.remove(slot, from: List.idle) }
      return
    }
    lists.remove(slot, from: List.messages + UInt32(messages.pattern(of: slot)))
  }

  // MARK: Conversations

  /// Begins a conversation on an idle row, and sends nothing yet.
  mutating func beginConversation(_ slot: UInt32, pattern: Int, due: UInt64, began: UInt64) {
    lists.remove(slot, from: List.idle)
    mark(slot, .conversing)
    become(slot, .awaiting)
    dues[slot] = due
    begins[slot] = began
    messages.beginConversation(slot, pattern: pattern)
  }

  /// Begins the next step of a conversation: a text, or the end of what the client sends.
  func speak(_ slot: UInt32, due: UInt64, began: UInt64) {
    become(slot, .sending)
    dues[slot] = due
    begins[slot] = began
    messages.setWritten(of: slot, to: 0)
  }

  /// Has a conversation wait for the delay before its next step.
  mutating func pause(_ slot: UInt32, until due: Instant) {
    become(slot, .pausing)
    alarms.set(slot, to: due)
  }

  /// The delay is over.
  mutating func resume(_ slot: UInt32) {
    become(slot, .awaiting)
    alarms.remove(slot)
  }

  /// Sets when the next answer of a conversation, or the server's close, is overdue.
  mutating func setAlarm(_ slot: UInt32, to due: Instant) { alarms.set(slot, to: due) }
  func alarm(of slot: UInt32) -> Instant? { alarms.due(slot) }
  /// The row whose alarm is due first, and when; nil when no row has an alarm.
  var nextAlarm: (row: UInt32, due: Instant)? { alarms.first }

  // MARK: Rows

  @inline(__always)
  func state(_ slot: UInt32) -> State { states[slot] }

  @inline(__always)
  private func become(_ slot: UInt32, _ state: State) { states[slot] = state }

  func descriptor(_ slot: UInt32) -> FileDescriptor { FileDescriptor(rawValue: descriptors[slot]) }
  func position(_ slot: UInt32) -> UInt32 { positions[slot] }
  func due(_ slot: UInt32) -> UInt64 { dues[slot] }
  func began(_ slot: UInt32) -> UInt64 { begins[slot] }
  /// The connection's number among all that this worker has begun; 0 in a plan without messages.
  func number(_ slot: UInt32) -> UInt64 {
    messages.patterns > 0 ? UInt64(messages.number(of: slot)) : 0
  }
  func history(_ slot: UInt32) -> UInt8 { histories[slot] }
  mutating func setHistory(_ slot: UInt32, _ history: UInt8) { histories[slot] = history }
  func token(_ slot: UInt32) -> Token { Token(slot: slot, generation: generations[slot]) }
  func marks(_ slot: UInt32) -> RowMarks { marks[slot] }
  func mark(_ slot: UInt32, _ more: RowMarks) { marks[slot].insert(more) }
  func unmark(_ slot: UInt32, _ others: RowMarks) { marks[slot].remove(others) }

  /// The state of the connection that a token was made for; `free` when it is gone.
  @inline(__always)
  func state(_ token: Token) -> State {
    guard token.slot < firstUnused, generations[token.slot] == token.generation else {
      return .free
    }
    return state(token.slot)
  }

  // MARK: Lists

  /// The row that has been connecting for the longest, or `none`.
  var oldestConnecting: UInt32 { lists.first(of: List.connecting) }
  /// The row that has been idle for the longest, or `none`.
  var oldestIdle: UInt32 { lists.first(of: List.idle) }

  /// Of the rows that wait for quiet, the one that has been quiet for the longest, or `none`.
  var oldestDraining: UInt32 { lists.first(of: List.draining) }

  /// Of the rows whose message of a pattern is under way and not overdue, the one whose message was due first
  /// (`listMessage`); or `none`.
  func oldestMessage(of pattern: Int) -> UInt32 {
    lists.first(of: List.messages + UInt32(pattern))
  }

  /// Whether a message that is not overdue is under way, or some conversation has an alarm.
  @inline(__always)
  var hasMessageUnderWay: Bool {
    !alarms.isEmpty || (0..<messages.patterns).contains { oldestMessage(of: $0) != Self.none }
  }

  /// The row after `slot` in the list that `slot` is in, or `none`.
  func next(after slot: UInt32) -> UInt32 { lists.next(after: slot) }
}
