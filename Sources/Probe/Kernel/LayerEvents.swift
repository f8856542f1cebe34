import Linux

/// Events on their way from a kernel through a layer on top of it.
enum LayerEvents {
  /// Passes on the events that have come: wake-ups as they are, all others as `body` changes them.
  ///
  /// - Parameters:
  ///   - count: how many of `events` have come.
  ///   - body: gets the descriptor that the event is about, and the event. The event is not passed on where `body`
  ///     returns nil, or an event with nothing seen.
  /// - Returns: how many events are passed on. They are now the first of `events`.
  @inline(__always)
  static func passOn(
    _ events: UnsafeMutableBufferPointer<ReadyEvent>, _ count: Int,
    _ body: (UInt32, ReadyEvent) -> ReadyEvent?
  ) -> Int {
    var kept = 0
    for index in 0..<count {
      var event = unsafe events[index]
      if event.token != Token.wakeUp.rawValue {
        guard let changed = body(UInt32(truncatingIfNeeded: event.token), event),
          changed.seen.rawValue != 0
        else { continue }
        event = changed
      }
      unsafe events[kept] = event
      kept += 1
    }
    return kept
  }
}
