/// The events to come in a simulated network, soonest first. Events of one instant keep the order
/// in which they were put in, so that bytes, FIN and RST of a connection never overtake each other.
struct EventQueue {
  private struct Entry {
    let instant: UInt64
    let order: UInt64
    let event: NetworkEvent

    func isBefore(_ other: Entry) -> Bool {
      instant == other.instant ? order < other.order : instant < other.instant
    }
  }

  /// A binary heap: no entry is before its parent.
  private var heap: [Entry] = []
  private var order: UInt64 = 0

  /// The instant of the soonest event; nil when there is none.
  var nextInstant: UInt64? { heap.first?.instant }

  mutating func put(_ event: NetworkEvent, at instant: UInt64) {
    order += 1
    heap.append(Entry(instant: instant, order: order, event: event))
    var child = heap.count - 1
    while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func take() -> NetworkEvent? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first.event }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].isBefore(heap[least]) { least = child }
      }
      if least == parent { return first.event }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
