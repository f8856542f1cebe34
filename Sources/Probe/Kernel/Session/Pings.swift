import Linux

/// When each connection is pinged: once in every interval, and all of them spread over it.
///
/// A row's place in the interval is its number with the bits reversed, as a fraction. So any number of rows is
/// spread evenly, and a row keeps its place when more come.
struct Pings {
  /// Nanoseconds; nil where nobody is pinged.
  private(set) var interval: UInt64?
  /// How many intervals have begun.
  private(set) var round: UInt32 = 0
  /// The last round that began because this worker was late: answers to earlier pings may stand unread.
  private(set) var roundAfterDelay: UInt32 = 0
  /// When the current round began.
  private var start = Instant(nanoseconds: 0)
  /// A round has 2 to the power of `bits` places.
  private var bits: UInt64 = 0
  /// The place of the round that is next.
  private var place: UInt64 = 0

  init(every interval: UInt64?) { self.interval = interval.map { max(1, $0) } }

  /// Makes room for a row.
  mutating func include(_ row: UInt32) {
    while UInt64(row) >> bits != 0 {
      bits += 1
      // There are twice as many places: place p has become 2 * p. The next one is right behind the last that
      // was used.
      if place > 0 { place = 2 * place - 1 }
    }
  }

  /// Has turns come sooner from now on: the place of every row moves forward.
  mutating func shorten(to interval: UInt64) {
    self.interval = min(self.interval ?? .max, max(1, interval))
  }

  /// The next row whose turn has come; nil when none has.
  mutating func next(at now: Instant) -> UInt32? {
    guard let interval else { return nil }
    if round == 0 {
      start = now
      round = 1
    }
    // The worker is late by half an interval or more: a new round begins now, and the rest of the old one is
    // left out.
    if nextPlaceDue.advanced(byNanoseconds: interval / 2) <= now {
      (start, place) = (now, 0)
      round &+= 1
      roundAfterDelay = round
    }
    if place == 1 << bits {
      guard start.advanced(byNanoseconds: interval) <= now else { return nil }
      start = start.advanced(byNanoseconds: interval)
      round &+= 1
      place = 0
    }
    guard nextPlaceDue <= now else { return nil }
    defer { place += 1 }
    var row: UInt32 = 0
    let last = Int(bits) - 1
    // Not by a range of `UInt64`: an unoptimised iterator allocates.
    for bit in 0..<Int(bits) { row |= UInt32(place >> UInt64(bit) & 1) << UInt32(last - bit) }
    return row
  }

  /// When to call `next` again: no more than a thousand times per second. Nil where nobody is pinged.
  func nextInstant(after now: Instant) -> Instant? {
    guard interval != nil else { return nil }
    return max(nextPlaceDue, now.advanced(byNanoseconds: 1_000_000))
  }

  /// When `place` is due; the end of the round where all of its places have been used.
  private var nextPlaceDue: Instant {
    let (high, low) = (interval ?? 0).multipliedFullWidth(by: place)
    let offset = bits == 0 ? low : high << (64 - bits) | low >> bits
    return start.advanced(byNanoseconds: offset)
  }
}
