import Foundation
import Testing

@testable import Recording

/// Whatever a disk or a stranger does to a recording, reading it ends in a value or in a sentence.
@Suite struct RecordingDamageTests {
  private let directory: TemporaryDirectory
  private let whole: Data

  init() throws {
    directory = try TemporaryDirectory()
    let path = directory.file("whole.recording")
    try Recording.full.write(to: path)
    whole = try Data(contentsOf: URL(fileURLWithPath: path))
  }

  @Test func `counts of a histogram that no run comes to are refused`() throws {
    var recording = Recording.full
    recording.distributions = [
      DistributionRecord(
        latency: .connect, phase: "ramp", from: 0, to: 1,
        distribution: Distribution(buckets: [.init(value: 9, count: 1 << 52)]))
    ]
    let path = directory.file("large.recording")
    try recording.write(to: path)
    #expect(throws: RecordingError.self) { try Recording.read(from: path) }
  }

  @Test func `a truncated recording is refused or read, never a crash`() throws {
    var random = Seeded(state: 1)
    for _ in 0..<60 {
      let length = Int.random(in: 0..<whole.count, using: &random)
      #expect(outcome(of: whole.prefix(length)) != nil, "cut at \(length)")
    }
  }

  @Test(arguments: [1, 8, 200]) func `flipped bits never crash the reader`(flips: Int) throws {
    var random = Seeded(state: UInt64(flips))
    for _ in 0..<60 {
      var bytes = whole
      for _ in 0..<flips {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
          1 << UInt8.random(in: 0..<8, using: &random)
      }
      _ = outcome(of: bytes)
    }
  }

  @Test func `a damaged write-ahead log reads up to the damage`() throws {
    var random = Seeded(state: 7)
    let path = directory.file("live.recording")
    let writer = try RecordingWriter(path: path, recording: Recording.full.planned)
    for instant in 0..<5 {
      try writer.append(
        Sample(
          at: Double(instant),
          readings: [Reading(.slab, unit: "bytes", kind: .gauge, value: 1)]))
    }
    let main = try Data(contentsOf: URL(fileURLWithPath: path))
    let wal = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
    for _ in 0..<40 {
      var bytes = wal
      bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 0x10
      let recording = try #require(outcome(of: main, wal: bytes)).get()
      #expect(recording.planName == "ramp-1m")
      #expect(!recording.complete)
    }
  }

  @Test func `pages of noise are refused in a sentence`() throws {
    var bytes = whole
    for offset in 100..<bytes.count { bytes[offset] = UInt8(truncatingIfNeeded: offset &* 31) }
    guard case .failure(.corrupt(_, let reason)) = outcome(of: bytes) else {
      Issue.record("noise was read")
      return
    }
    #expect(!reason.isEmpty)
  }

  private func outcome(of bytes: Data, wal: Data? = nil) -> Result<Recording, RecordingError>? {
    let path = directory.file("damaged.recording")
    do {
      try bytes.write(to: URL(fileURLWithPath: path))
      try wal?.write(to: URL(fileURLWithPath: path + "-wal"))
      return .success(try Recording.read(from: path))
    } catch let error as RecordingError {
      return .failure(error)
    } catch {
      return nil
    }
  }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
