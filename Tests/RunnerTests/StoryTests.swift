import Addressing
import Foundation
import Glibc
import GoldenFiles
import Linux
import Messages
import Plan
import Recording
import SystemPackage
import Testing
import WorkerLog

@testable import Coordination
@testable import Runner

/// What the parts of the commands say and decide reads as it did.
@Suite struct StoryTests {
  private func instant(_ milliseconds: Int) -> Instant {
    Instant(nanoseconds: 1_000_000_000 + UInt64(milliseconds) * 1_000_000)
  }

  @Test func `what a server says of its growth`() throws {
    var lines: [String] = []
    for seed in 0..<40 as Range<UInt64> {
      var chance = Chance(seed)
      var (log, elapsed, counts) = (GrowthLog(), 0.0, ServerCounts())
      lines.append("\(seed).")
      for _ in 0..<14 {
        elapsed += chance.pick([0, 0.25, 0.5, 1, 1, 59])
        let come = chance.pick([0, 0, 1, 2, 500, 999, 1000, 4000, 100_000])
        let gone = chance.happens(30) ? min(counts.held, chance.pick([1, 700])) : 0
        counts.held += come - gone
        counts.accepted += come
        counts.closed += gone
        lines.append("  \(elapsed) \(counts.held): \(log.line(counts, elapsed: elapsed) ?? "-")")
      }
    }
    #expect(try difference("growth.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `orders to open, and when a script goes on`() throws {
    var lines: [String] = []
    for seed in 0..<60 as Range<UInt64> {
      var chance = Chance(seed)
      var order = OpenOrder(
        number: 3, total: chance.pick([0, 1, 5, 200]), rate: chance.pick([nil, 1, 20, 0.5]),
        start: instant(0), before: [:])
      var settling = Settling()
      var (parts, now) = ([String](), 0)
      for _ in 0..<12 {
        now += chance.pick([0, 50, 99, 100, 250, 499, 500, 1000, 5000])
        switch chance.below(6) {
        case 0: order.begun += 1
        case 1: order.noteEstablished()
        case 2: for _ in 0..<chance.pick([1, 50, 99, 100]) { order.noteFailure(isHopeless: false) }
        case 3: order.noteFailure(isHopeless: chance.happens(30))
        case 4: order.connecting += chance.pick([1, -1])
        default: order.lost += 1
        }
        if chance.happens(40) { settling.noteTraffic(now: instant(now)) }
        let isOver = settling.isOver(awaitsAnswer: chance.happens(50), now: instant(now))
        parts.append(
          "\(told(order.due?.nanoseconds as Any)) \(order.isOver) \(order.isStopped) \(order.standing)"
            + " | \(isOver) \(settling.isWaiting)")
      }
      lines.append("\(seed). " + parts.joined(separator: "; "))
    }
    #expect(try difference("orders.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `the table of connections`() throws {
    var lines: [String] = []
    for seed in 0..<60 as Range<UInt64> {
      var chance = Chance(seed)
      var table = PeerTable()
      for _ in 0..<14 {
        let descriptor = FileDescriptor(rawValue: Int32(1_000_000 + chance.below(4)))
        let row = table[descriptor.rawValue]
        switch chance.below(6) {
        case 0...1:
          _ = table.insert(
            descriptor, orderNumber: chance.below(3), source: SocketAddress("127.0.0.2:5"),
            began: instant(0))
        case 2: if let row { table.establish(row) }
        case 3: if let row { table.remove(row) }
        case 4: if let row { table.add(received: chance.pick([0, 1, 9]), to: row) }
        default:
          if let row {
            table.add(
              sent: chance.pick([0, 1, 9]), unsent: chance.pick([[], [1], [1, 2]]), to: row)
          }
        }
        let rows = table.connections.map { row in
          "\(row.descriptor.rawValue) \(row.generation) \(row.orderNumber) \(row.state) \(row.received)"
            + " \(row.sent) \(row.unsent.count) \(row.wanted.rawValue)"
            + " \(table.connection(of: row.token) != nil) \(table.connection(of: row.token + 1 << 32) == nil)"
        }
        lines.append(
          "\(seed). \(rows) open \(table.open) of \(table.opened), \(table.received) \(table.sent)"
            + " \(table.awaitsAnswer)")
      }
    }
    #expect(try difference("peers.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `limits and totals`() throws {
    var lines: [String] = []
    for seed in 0..<40 as Range<UInt64> {
      var chance = Chance(seed)
      var tally = FailureTally()
      for _ in 0..<chance.below(5) {
        tally.add(
          chance.pick([FailedCall.connect, .socket, .connectTimeout]),
          chance.pick([nil, .tooManyOpenFiles, .connectionRefused]), at: Double(chance.below(9)),
          established: chance.below(5), source: chance.pick([nil, SocketAddress("127.0.0.2:5")]),
          endpoint: try #require(SocketAddress("127.0.0.1:9000")))
      }
      lines += tally.records.map(told)
      let limits = (0..<chance.below(3)).map { _ in
        LimitRecord(
          end: chance.pick([.client, .server]), phase: "connect", planLine: 0,
          syscall: chance.pick([nil, "accept4"]),
          errno: chance.pick([
            nil, ErrnoRecord(number: 24, name: "EMFILE", text: "Too many open files"),
          ]),
          resource: chance.pick([.descriptorsPerProcess, .acceptQueue]),
          count: chance.pick([1, 1200]),
          firstInstant: 1, established: 1, accepted: 1, knob: chance.pick([nil, "RLIMIT_NOFILE"]),
          now: chance.pick([nil, 1024]), needed: chance.pick([nil, 2048]),
          fix: chance.pick([nil, "ulimit -n 2048"]),
          evidence: chance.some(of: [Fact("seen", "1"), Fact("endpoint", "127.0.0.1:9000")]))
      }
      lines += limits.map(\.told)
      let totals = ServeTotals(
        endpoints: ["127.0.0.1:9000", "[::1]:9001"], duration: chance.pick([0, 1.23456, 61]),
        accepted: chance.pick([0, 1, 1200]), most: chance.pick([0, 7]), held: chance.pick([0, 1]),
        lost: limits.count,
        closed: chance.pick([0, 1199]), received: chance.pick([0, 2048]),
        sent: chance.pick([0, 1_048_576]),
        limits: limits)
      lines += [totals.text, totals.json]
    }
    #expect(try difference("totals.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `names of files`() throws {
    let workspace = try Workspace()
    let report = "<?xml version=\"1.0\"?><testsuites><testsuite name=\"a.phases\"/></testsuites>"
    for name in [
      "TEST-a.xml", "TEST-b.xml", "TEST-a.txt", "a.xml", "TEST-.xml", "other", "run.recording",
    ] {
      try workspace.write(report, to: name)
    }
    try workspace.write("x", to: "TEST-c.xml")
    let directory = workspace.directory.path
    #expect(RunFiles.junitFiles(in: directory) == ["\(directory)/TEST-a.xml"])
    #expect(RunFiles.junitFiles(in: directory + "/nowhere").isEmpty)
    for (path, name) in [
      ("x/TEST-a.xml", "a"), ("TEST-a.xml", "a"), ("a.xml", "a.xml"), ("TEST-a.txt", "TEST-a.txt"),
      ("/y/z", "z"), ("", ""), ("TEST-.xml", ""),
    ] { #expect(RunFiles.planName(ofJUnit: path) == name, "\(path)") }
    for (path, parent) in [("a", "."), ("/a", "/"), ("a/b", "a"), ("/a/b", "/a"), ("a/", "a")] {
      #expect(RunFiles.parent(of: path) == parent, "\(path)")
    }
    for (path, isSpecial) in [
      ("/dev/null", true), (directory, false), (directory + "/other", false),
      (directory + "/none", false),
    ] {
      #expect(RunFiles.isSpecial(path) == isSpecial, "\(path)")
    }
    let recording = directory + "/run.recording"
    for (suffix, isOne) in [
      ("", true), ("-wal", true), ("-shm", true), ("-journal", true), ("-x", false),
    ] {
      #expect(RunFiles.isRecording(recording + suffix, recording) == isOne)
    }
    #expect(
      RunFiles.historyName(ofStart: "2026-01-02T03:04:05.678Z") == "20260102T030405.678Z.recording")
  }

  @Test func `what may be written over`() throws {
    let workspace = try Workspace()
    func problem(_ text: String?, _ kind: RunFiles.Replaceable) throws -> String {
      let path = workspace.url("file").path
      if let text { try workspace.write(text, to: "file") }
      do throws(FileProblem) {
        try RunFiles.check(writingTo: path, over: kind)
        return "may"
      } catch {
        return "\(error)".replacing(workspace.directory.path, with: "")
      }
    }
    var lines = [try problem(nil, .xml)]
    for text in [
      "", "<?xml", "<?xml version?><testsuite>", "<?xml version?><other>",
      "<!DOCTYPE html><p data-verdict=\"\">",
      "<!DOCTYPE html><p>", "SQLite format 3", "text",
    ] {
      for kind in [RunFiles.Replaceable.xml, .page, .anything] {
        lines.append("\(text) over \(kind): \(try problem(text, kind))")
      }
    }
    #expect(try difference("replaceable.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `what a capture keeps`() throws {
    var lines: [String] = []
    for seed in 0..<24 as Range<UInt64> {
      var chance = Chance(seed)
      var log = CaptureLog(redactions: [], marksVolatileHeaders: true)
      for number in 0..<chance.below(6) {
        var recorder = ConversationRecorder(client: "c\(number)", started: 0)
        let size = chance.pick([0, 1, 1000, 200_000, 400_000, 524_000])
        recorder.add(
          [UInt8](repeating: chance.pick([65, 1]), count: size), fromClient: chance.happens(50),
          at: UInt64(chance.pick([0, 999, 1000, 1_500_000, 2_000_000_000])), room: &log.room)
        log.add(recorder)
      }
      let file = log.file(forward: "127.0.0.1:1")
      lines.append(
        "\(seed). total \(log.total), room \(log.room): \(log.summary(of: file, at: "file.yaml"))")
      lines += file.connections.map { connection in
        "  \(connection.conversation.client) \(connection.isTruncated)"
          + " \(connection.conversation.bytes(ofClient: true).count)"
          + " \(connection.conversation.bytes(ofClient: false).count)"
      }
      lines.append("  \(file.yaml.count) bytes, at most \(Plan.longestMessageFile)")
    }
    #expect(try difference("captures.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  // MARK: The live view

  /// What a terminal of so many columns is sent while these states are told.
  private func drawn(columns: UInt16, colour: Bool, _ body: (inout LiveView) -> Void) throws
    -> String
  {
    var (side, other) = (Int32(0), Int32(0))
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    try #require(openpty(&side, &other, nil, nil, &size) == 0)
    defer { close(side) }
    let child = try ChildProcess.fork(dieWithParent: true) {
      SignalSource.unblockAll()
      alarm(30)
      guard dup2(other, STDERR_FILENO) >= 0 else { return 1 }
      var view = LiveView(colour: colour)
      body(&view)
      view.finish()
      return 0
    }
    close(other)
    var (text, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
    // The last side that closes ends it with an error.
    while true {
      let count = read(side, &buffer, buffer.count)
      if count > 0 { text += buffer[..<count] } else if count == 0 || errno != EINTR { break }
    }
    #expect(child.wait() == .exited(0))
    return String(decoding: text, as: UTF8.self).replacing("\u{1B}", with: "<ESC>").replacing(
      "\r", with: "<CR>")
  }

  @Test func `what the live view draws`() throws {
    var lines: [String] = []
    for (seed, columns) in ([80, 80, 200, 40, 20, 60, 0, 120] as [UInt16]).enumerated() {
      var chance = Chance(UInt64(seed))
      var states: [ProgressState] = []
      for step in 0..<6 {
        states.append(
          ProgressState(
            plan: "plan", phase: chance.pick(["ramp to 100", "hold for 3 s"]),
            elapsed: Double(step) * 0.15,
            phaseElapsed: Double(step) * 0.15, goal: chance.pick([nil, 0, 100, 1_000_000]),
            planned: chance.pick([nil, 0, 3]), established: 10 * step * chance.pick([1, 2]),
            accepted: chance.pick([nil, 10]), connecting: chance.pick([0, 5]),
            failures: chance.pick([0, 1200]),
            messages: chance.pick([
              nil, .init(sent: 1200, lost: 3, roundTripP99: chance.pick([nil, 0.0049])),
            ]), memoryAvailable: chance.pick([nil, 1e9]),
            limit: chance.pick([nil, "client socket: EMFILE (Too many open files)"])))
      }
      let isColoured = chance.happens(50)
      let drawn = try drawn(columns: columns, colour: isColoured) { view in
        for (index, state) in states.enumerated() {
          if index == 3 { view.note("a finding") }
          if index % 3 == 0 { view.phaseChanged(state) } else { view.update(state) }
        }
      }
      lines.append("\(columns) columns, coloured \(isColoured):\n\(drawn)")
    }
    #expect(try difference("live.txt", lines.joined(separator: "\n") + "\n") == nil)
  }
}
