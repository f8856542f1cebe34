import Linux
import Messages
import SystemPackage

/// All messages of a client: which patterns are played, until when, and how their answers are
/// searched. The state of a single message stands in the row of its connection, not here.
struct MessageEngine<System: Kernel & ~Copyable>: ~Copyable {
  typealias Connections = ClientConnections<System>

  let patterns: PatternTable
  var player: ConversationPlayer<System>
  var searches: AnswerSearches
  /// One bit for each pattern that is played now.
  private(set) var playedBits: UInt64 = 0
  /// One bit for each pattern that `resume` is to play again.
  private(set) var pausedBits: UInt64 = 0
  /// The phase that the patterns are played for.
  private(set) var phase = 0
  private(set) var start = Instant(nanoseconds: 0)
  /// Whether `end(at:)` was called: only messages that were due before `end` are still begun.
  private(set) var isEnding = false
  /// The instant from which on no message is due.
  private(set) var end = Instant.distantFuture
  /// Whether some pattern is played once on each connection, so also on each new one.
  private(set) var playsOnce = false
  /// Whether some pattern has rounds, or is played once: a connection that was busy at its instant then
  /// has a message to make up for.
  private(set) var hasRounds = false
  /// The pattern whose only pace is its answers; nil where there is none, or more than one. Never a
  /// conversation, which may have to wait until its connection is owed no answer.
  private(set) var closedLoopPattern: Int?
  /// Whether the bytes that are heard now end a message. Means nothing where the kernel carries no messages.
  var endsMessage = false
  /// How many rows there are up to the last one that has had a connection. After a search has stepped down, the rows
  /// beyond the last one that kept its connection do not count until they get one again.
  private(set) var slotsInUse: UInt32 = 0
  /// How many rows the phase is going to use, as far as the plan tells.
  private(set) var plannedSlots: UInt32 = 0

  init(_ assignment: ClientAssignment) throws(Errno) {
    // Locals first: a throw must find either all in place or none.
    let patterns = try PatternTable(
      assignment.patterns, pushed: assignment.pushed, share: assignment.share)
    let player = try ConversationPlayer<System>(assignment.patterns)
    let searches = try AnswerSearches(assignment.patterns, rows: assignment.capacity)
    self.patterns = patterns
    self.player = player
    self.searches = searches
  }

  var hasPatterns: Bool { patterns.count > 0 }
  /// How many patterns the plan has.
  var patternCount: Int { patterns.count }
  var beginsNoMessages: Bool { playedBits == 0 }

  func isPlayed(_ pattern: Int) -> Bool { playedBits >> UInt64(pattern) & 1 == 1 }

  /// Begins no more messages.
  mutating func stopMessages() {
    playedBits = 0
    pausedBits = 0
    playsOnce = false
    hasRounds = false
    closedLoopPattern = nil
    isEnding = false
  }

  /// Stops as soon as the messages that were due before this instant have been begun: a worker that
  /// is a little behind leaves none out.
  mutating func end(at instant: Instant) {
    guard !beginsNoMessages else { return stopMessages() }
    end = min(end, instant)
    isEnding = true
  }

  /// Plays other patterns from an instant on.
  ///
  /// - Parameters:
  ///   - chosen: the patterns to play, by their place in `patterns`.
  ///   - span: nanoseconds in which messages become due; nil for until `end(at:)` or the next
  ///     phase.
  ///   - slots: how many rows the phase is going to use.
  mutating func play(
    _ chosen: [Int], in phase: Int, from start: Instant, span: UInt64?, slots: UInt32
  ) {
    setPlannedSlots(slots)
    self.phase = phase
    self.start = start
    end = span.map { start.advanced(byNanoseconds: $0) } ?? .distantFuture
    stopMessages()
    for pattern in chosen {
      patterns.restart(pattern, at: start, slots: slots)
      play(pattern)
    }
    noteClosedLoop()
  }

  private mutating func play(_ pattern: Int) {
    playedBits |= 1 << UInt64(pattern)
    let traits = patterns.traits(pattern)
    playsOnce = playsOnce || traits.isOnce
    hasRounds = hasRounds || traits.isOnce || traits.every > 0
  }

  private mutating func noteClosedLoop() {
    var unlimited = 0
    closedLoopPattern = nil
    for pattern in 0..<patterns.count
    where isPlayed(pattern) && patterns.traits(pattern).rate == .infinity {
      unlimited += 1
      let isConversation = patterns.traits(pattern).answer == .conversation
      closedLoopPattern = unlimited == 1 && !isConversation ? pattern : nil
    }
  }

  /// Begins no message until `resume`.
  mutating func pause() {
    let bits = playedBits | pausedBits
    stopMessages()
    pausedBits = bits
  }

  /// Plays the paused patterns from an instant on. Messages that were due before it are not made up
  /// for. A pattern that is played once on each connection goes on with the connections that have
  /// not played it.
  mutating func resume(from start: Instant, slots: UInt32) {
    setPlannedSlots(slots)
    self.start = start
    for pattern in 0..<patterns.count where pausedBits >> UInt64(pattern) & 1 == 1 {
      if patterns.traits(pattern).isOnce {
        // The cursor has passed slots whose connections were busy then, and are free now.
        patterns.rewind(pattern)
      } else {
        patterns.restart(pattern, at: start, slots: slots)
      }
      play(pattern)
    }
    pausedBits = 0
    noteClosedLoop()
  }

  mutating func setPlannedSlots(_ slots: UInt32) { plannedSlots = slots }

  /// Has rounds include a row that has got a connection.
  mutating func extendRounds(over slot: UInt32) { slotsInUse = max(slotsInUse, slot + 1) }

  /// Has rounds include only the first `slots` rows.
  mutating func narrowRounds(to slots: UInt32) { slotsInUse = slots }
}
