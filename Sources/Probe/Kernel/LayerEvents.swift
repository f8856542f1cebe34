import Linux

/// Events on their way from a kernel through a layer above it.
enum LayerEvents {
  /// Passes events on in place, those of connections as `body` changes them. Wake-ups are no connection's.
  ///
  /// - Parameters:
  ///   - count: how many of `events` have come.
  ///   - body: gets a connection's descriptor and its event; nil, or an event with nothing seen, is not passed on.
  /// - Returns: how many are passed on: the first of `events`.
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
