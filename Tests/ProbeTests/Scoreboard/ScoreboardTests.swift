import Foundation
import Linux
import Messages
import SystemPackage
import Testing
import WorkerLog

@testable import Probe

@Suite struct ScoreboardTests {
  @Test(
    arguments: [
      .init(order: .begin, phase: 0, start: Instant(nanoseconds: 1)),
      .init(order: .settle, phase: 65_535, start: .distantFuture),
      .init(order: .quit, phase: 3, start: Instant(nanoseconds: 0)),
    ] as [Scoreboard.Command])
  func `an order arrives as it was posted`(command: Scoreboard.Command) throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    #expect(board.command()?.order == .wait)
    board.post(command)
    #expect(board.command() == command)
  }

  @Test func `an order is whole, or not there yet`() throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    // Both orders of a pair have all fields alike, so that a mixture of two shows.
    @Sendable func order(_ number: UInt64) -> Scoreboard.Command {
      Scoreboard.Command(
        order: number % 2 == 0 ? .begin : .settle, phase: Int(number),
        start: Instant(nanoseconds: number), goal: Int(number), number: number)
    }
    let last: UInt64 = 200_000
    let writer = Thread { for number in 1...last { board.post(order(number)) } }
    writer.start()
    var seen: UInt64 = 0
    var mixed = 0
    while seen < last {
      guard let command = board.command(), command.number > 0 else { continue }
      if command != order(command.number) { mixed += 1 }
      seen = command.number
    }
    #expect(mixed == 0)
  }

  @Test func `no cell lies on another`() throws {
    let board = try Scoreboard(sources: 3)
    defer { board.unmap() }
    for counter in Counter.allCases { board[counter] = UInt64(counter.rawValue) + 100 }
    board.post(.init(order: .begin, phase: 5, start: Instant(nanoseconds: 6)))
    for row in 0..<FailureTable.capacity {
      board.failures.add(
        .read, nil, phase: row, at: .distantFuture, held: .max, position: .max)
    }
    for latency in Scoreboard.Latency.allCases {
      board.record(latency, nanoseconds: 0)
      board.record(latency, nanoseconds: .max)
    }
    for pattern in 0..<MessagePattern.most {
      for counter in MessageCounter.allCases {
        board[pattern, counter] = UInt64(pattern * 10 + counter.rawValue)
      }
    }
    for source in 0..<3 { board.addToSource(source, Int32(source) + 1) }

    for counter in Counter.allCases { #expect(board[counter] == UInt64(counter.rawValue) + 100) }
    #expect(board.command()?.phase == 5)
    #expect(board.failures.rows().map(\.phase) == Array(0..<FailureTable.capacity))
    for pattern in 0..<MessagePattern.most {
      for counter in MessageCounter.allCases {
        #expect(board[pattern, counter] == UInt64(pattern * 10 + counter.rawValue))
      }
    }
    for latency in Scoreboard.Latency.allCases {
      #expect(counts(of: latency, on: board).reduce(0, +) == 2)
    }
    #expect((0..<3).map(board.held(bySource:)) == [1, 2, 3])
  }

  @Test func `a source goes up and down, and one that is not counted is left alone`() throws {
    let board = try Scoreboard(sources: 1)
    defer { board.unmap() }
    board.addToSource(0, 1)
    board.addToSource(0, 1)
    board.addToSource(0, -1)
    board.addToSource(1, 1)
    #expect(board.held(bySource: 0) == 1)
  }

  @Test func `distributions add up over workers`() throws {
    let boards = [try Scoreboard(sources: 0), try Scoreboard(sources: 0)]
    defer { for board in boards { board.unmap() } }
    for board in boards { board.record(.connect, nanoseconds: 1000) }
    var totals = [UInt64](repeating: 0, count: LatencyBuckets.count)
    for board in boards { board.addCounts(of: .connect, to: &totals) }
    #expect(totals[LatencyBuckets.index(of: 1000)] == 2)
    #expect(totals.reduce(0, +) == 2)
  }

  private func counts(of latency: Scoreboard.Latency, on board: Scoreboard) -> [UInt64] {
    var totals = [UInt64](repeating: 0, count: LatencyBuckets.count)
    board.addCounts(of: latency, to: &totals)
    return totals
  }
}

@Suite struct RefusalTests {
  private static func http(_ number: UInt16) -> Refusal {
    Refusal("HTTP \(number)", code: RefusalCode(.http, number))
  }

  @Test func `refusals are counted by phase, call, errno and what was said`() throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    let table = board.refusals
    for phase in 0..<5 {
      #expect(table.rows(of: phase).isEmpty)
      let alert = Refusal("sent", code: RefusalCode(.tls, 48, isSent: true))
      table.add(alert, .secure, .protocolError, phase: phase)
      for number in [503, 429, 503, 503] as [UInt16] {
        table.add(Self.http(number), .webSocket, .protocolError, phase: phase)
      }
      table.add(Refusal("odd"), .webSocket, .protocolError, phase: phase)
      table.add(Refusal("odder"), .webSocket, .protocolError, phase: phase)
      table.add(Refusal("odd"), .webSocket, .connectionReset, phase: phase)
      table.add(Refusal("odd"), .webSocket, nil, phase: phase)
      board.forgetSaid(patterns: 0)
      // What came between two phases is asked for when the second is over.
      for told in [phase, phase - 1] where told >= 0 {
        let rows = table.rows(of: told)
        #expect(rows.map(\.count) == [1, 3, 1, 1, 1, 1, 1])
        #expect(rows.prefix(3).map(\.refusal) == [alert, Self.http(503), Self.http(429)])
        #expect(rows.map(\.call) == [.secure] + Array(repeating: .webSocket, count: 6))
        #expect(rows.suffix(2).map(\.errno) == [.connectionReset, nil])
      }
      #expect(phase < 2 || table.rows(of: phase - 2).isEmpty)
    }
  }

  @Test func `what does not fit is cut, or left out`() throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    let long = Refusal(String(repeating: "a", count: 1000))
    for number in 0..<20 {
      board.refusals.add(Self.http(UInt16(number)), .webSocket, .protocolError, phase: 4)
      board.refusals.add(long, .mqtt, .protocolError, phase: 5)
    }
    #expect(board.refusals.rows(of: 4).count == RefusalTable.capacity)
    let kept = board.refusals.rows(of: 5)
    #expect(kept.map(\.count) == [20])
    #expect(
      kept.map(\.refusal.words) == [String(repeating: "a", count: RefusalTable.mostWords - 3) + "…"]
    )
    #expect(board.unasked.isEmpty)
  }

  @Test func `those that are tried again are counted by row, in rows used anew as well`() throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    let table = board.refusals
    for phase in 0..<4 {
      let rows = try (401...402).map {
        try #require(table.add(Self.http($0), .webSocket, .protocolError, phase: phase))
      }
      #expect(table.add(Self.http(402), .webSocket, .protocolError, phase: phase) == rows[1])
      for _ in 0..<2 { table.markRetried(rows[1]) }
      #expect(table.rows(of: phase).map(\.retried) == [0, 2])
      table.unmarkRetried(rows[1])
      #expect(table.rows(of: phase).map(\.retried) == [0, 1])
      #expect(table.rows(of: phase).map(\.count) == [1, 2])
    }
  }

  @Test func `the same number in another packet is another refusal`() throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    let refusals = [2, 9].map {
      Refusal("in packet \($0)", code: RefusalCode(.mqtt, 135, packet: $0))
    }
    for refusal in refusals { board.refusals.add(refusal, .mqtt, .protocolError, phase: 0) }
    #expect(board.refusals.rows(of: 0).map(\.refusal) == refusals)
  }

  @Test func `refusals that quote the peer are of one kind, whatever it said`() throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    for number in 0..<100 {
      board.refusals.add(
        Refusal("not TLS: \"\(number)\""), .secure, .protocolError, phase: 0)
    }
    let rows = board.refusals.rows(of: 0)
    #expect(rows.map(\.count) == [100])
    #expect(rows.map(\.refusal.words) == ["not TLS: \"0\""])
  }

  @Test func `wordings without end leave room for other kinds, and all are counted`() throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    for number in 0..<10_000 {
      board.refusals.add(Refusal("not TLS: \(number)"), .secure, .protocolError, phase: 0)
    }
    let alert = Refusal("sent", code: RefusalCode(.tls, 48))
    board.refusals.add(alert, .secure, .protocolError, phase: 0)
    board.refusals.add(Refusal("reset"), .webSocket, .connectionReset, phase: 0)
    let rows = board.refusals.rows(of: 0)
    #expect(rows.map(\.count) == [1, 1, 1, 9997, 1, 1])
    #expect(rows[3].refusal.words == "something else")
    #expect(rows[4].refusal == alert && rows[5].call == .webSocket)
  }

  @Test func `three wrong answers of a phase are kept, no two of which begin alike`() throws {
    let board = try Scoreboard(sources: 0)
    defer { board.unmap() }
    func say(_ text: String, to pattern: Int = 2) {
      unsafe Array(text.utf8).withUnsafeBytes { unsafe board.keepWrongAnswer(pattern, $0) }
    }
    func kept(_ pattern: Int = 2) -> [String] {
      board.wrongAnswers(pattern).map { String(decoding: $0, as: UTF8.self) }
    }
    for text in ["404\nDate: 1", "404\nDate: 2", "503\n", "503", "40", "500"] { say(text) }
    #expect(kept() == ["404\nDate: 1", "503\n", "40"])
    say("-ERR", to: 63)
    #expect(kept(63) == ["-ERR"] && kept(1).isEmpty)
    board.forgetSaid(patterns: 64)
    #expect(kept().isEmpty && kept(63).isEmpty)
    say(String(repeating: "a", count: 2000))
    #expect(kept().map(\.count) == [Scoreboard.mostSaid])
  }
}
