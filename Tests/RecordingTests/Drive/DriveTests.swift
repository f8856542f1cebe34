import Testing

@testable import Recording

/// What the entries of drive logs say.
@Suite struct DriveTests {
  private func recording(_ streams: [(worker: Int, entries: [UInt8])]) -> Recording {
    Recording(planName: "x") {
      $0.drive = streams.map { DriveRecord(worker: $0.worker, entries: $0.entries) }
    }
  }

  /// The first byte of an entry: ticks since the one before, and whether a count follows.
  private func header(_ kind: UInt8, after ticks: UInt8 = 0, many: Bool = false) -> UInt8 {
    ticks << 3 | (many ? 4 : 0) | kind
  }

  @Test func `arrivals of all workers are summed tick by tick`() throws {
    let recording = recording([
      (1, [header(2), 0, header(0, after: 3), header(0, after: 2, many: true), 5]),
      (2, [header(2), 0, header(0, after: 5)]),
    ])
    let driven = try #require(recording.driven())
    #expect(driven.keys.sorted() == [0])
    #expect(
      driven[0]?.arrivals == [
        DrivenPhase.Tick(tick: 3, count: 1), DrivenPhase.Tick(tick: 5, count: 6),
      ])
    #expect(driven[0]?.count == 7)
  }

  @Test func `a worker's records are one stream, and phases begin at nought`() throws {
    let recording = recording([
      (1, [header(2), 0, header(0, after: 9)]), (1, [header(0, after: 1), header(2), 3]),
      (1, [header(1, after: 2, many: true), 4, 0x80, 1]),
    ])
    let driven = try #require(recording.driven())
    #expect(driven[0]?.arrivals.map(\.tick) == [9, 10])
    #expect(driven[3]?.arrivals == [])
    #expect(driven[3]?.messages == [4: 128])
  }

  @Test(
    arguments: [
      // An arrival before any phase, a kind that there is none of, no count, a count of nought, an
      // unfinished number, one beyond 64 bits, a tick beyond all clocks.
      [0], [3], [2, 0, 4], [2, 0, 4, 0], [2, 0, 0x80],
      [2, 0] + [UInt8](repeating: 0xFF, count: 10),
      [2, 0] + [UInt8](repeating: 0xFF, count: 9) + [1],
    ] as [[UInt8]])
  func `what no worker writes is found`(entries: [UInt8]) {
    #expect(recording([(1, entries)]).driven() == nil)
  }

  @Test func `any bytes are read or refused`() {
    var generator = Seeded(state: 7)
    for _ in 0..<2000 {
      let bytes = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in
        UInt8.random(in: .min ... .max, using: &generator)
      }
      let counts = recording([(0, [2, 0] + bytes)]).driven()?.values.map(\.count)
      #expect(counts?.allSatisfy { $0 < 1 << 60 } ?? true, "\(bytes)")
    }
  }

  @Test func `a phase that began later, at another place, has its first entry later`() {
    let records = [
      DriveRecord(worker: 7, entries: [header(2), 0, header(0, after: 3), header(0, after: 2)]),
      DriveRecord(worker: 7, entries: [header(2), 1, header(0, after: 1, many: true), 9]),
    ]
    let delayed = DriveRecord.moved(records) { ($0 + 2, $0 == 0 ? 4 : 0) }
    #expect(
      delayed == [
        DriveRecord(
          worker: 7,
          entries: [
            header(2), 2, header(0, after: 7), header(0, after: 2), header(2), 3,
            header(0, after: 1, many: true), 9,
          ])
      ])
    let nonsense = [DriveRecord(worker: 1, entries: [3, 3])]
    #expect(DriveRecord.moved(nonsense) { ($0, 1) } == nonsense)
  }
}
