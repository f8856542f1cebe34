import Linux
import Testing

@testable import Runner

/// Lines out of pieces, when a script may go on, and when an order is given up.
@Suite struct ConnectPartsTests {
  private func lines(_ pieces: [String], ending: Bool = true) -> [InputLines.Line] {
    var input = InputLines()
    for piece in pieces { input.add(Array(piece.utf8)[...]) }
    if ending { input.end() }
    var lines: [InputLines.Line] = []
    while let line = input.first {
      lines.append(line)
      input.takeFirst()
    }
    return lines
  }

  @Test(arguments: [
    (["a\nb\n"], ["a", "b"]), (["a", "b\n", "c"], ["ab", "c"]), (["a\r\nb\r\n"], ["a", "b"]),
    (["\n\n"], ["", ""]), ([""], []), (["no newline"], ["no newline"]),
  ])
  func `lines are whole wherever they were cut`(pieces: [String], expected: [String]) {
    #expect(lines(pieces) == expected.map(InputLines.Line.text))
  }

  @Test func `a line that was begun waits for its end`() {
    #expect(lines(["a\nb"], ending: false) == [.text("a")])
  }

  @Test func `a line beyond all measure is dropped, and the next one is read`() {
    #expect(InputLines.longest == 1 << 20)
    let long = String(repeating: "x", count: InputLines.longest + 1)
    #expect(lines([long, long, "\nlist\n"]) == [.tooLong, .text("list")])
  }

  private func instant(_ milliseconds: UInt64) -> Instant {
    Instant(nanoseconds: 1_000_000_000 + milliseconds * 1_000_000)
  }

  @Test func `where nothing was sent a script need not wait`() {
    var settling = Settling()
    let isOver = settling.isOver(awaitsAnswer: true, now: instant(0))
    #expect(isOver)
    #expect(!settling.isWaiting)
  }

  @Test func `an order is given up after a hundred failures in a row, or a hopeless one`() {
    var order = OpenOrder(number: 1, total: 1_000, rate: nil, start: instant(0), before: [:])
    for _ in 1..<OpenOrder.mostFailuresInARow { order.noteFailure(isHopeless: false) }
    order.noteEstablished()
    for _ in 1..<OpenOrder.mostFailuresInARow { order.noteFailure(isHopeless: false) }
    #expect(order.due != nil)
    var hopeless = order
    order.noteFailure(isHopeless: false)
    #expect(order.due == nil)
    hopeless.noteEstablished()
    hopeless.noteFailure(isHopeless: true)
    #expect(hopeless.due == nil)
    #expect(hopeless.standing == 2)
  }

  @Test(arguments: [(false, 100), (true, 500)])
  func `an answer shortens the wait`(awaits: Bool, milliseconds: UInt64) {
    var settling = Settling()
    settling.noteTraffic(now: instant(0))
    let before = settling.isOver(awaitsAnswer: awaits, now: instant(milliseconds - 1))
    #expect(!before)
    #expect(settling.isWaiting)
    let after = settling.isOver(awaitsAnswer: awaits, now: instant(milliseconds))
    #expect(after)
    #expect(!settling.isWaiting)
  }

  @Test func `a peer that never stops is not waited for`() {
    var settling = Settling()
    var waited: UInt64 = 0
    repeat {
      waited += 50
      settling.noteTraffic(now: instant(waited))
    } while !settling.isOver(awaitsAnswer: false, now: instant(waited)) && waited < 60_000
    #expect((5000...5100).contains(waited))
  }
}
