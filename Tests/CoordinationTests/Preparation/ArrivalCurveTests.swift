import Foundation
import Recording
import Testing

@testable import Coordination

/// Recordings that say that something was driven after all clocks.
@Suite struct ArrivalCurveTests {
  /// A varint with a value's bits, seven at a time.
  private func varint(_ value: UInt64) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
  }

  @Test(arguments: [0.01, 1, 100]) func `what came too late for any clock is due at its end`(
    speed: Double
  ) throws {
    let late: UInt64 = 1 << 52
    var recording = Recording(planName: "a") {
      $0.planFile = "a.plan"
      $0.planText = "server: {listen: \"127.0.0.1:9000\"}\nphases: [{ramp: {to: 9}}]\n"
    }
    recording.phases = [
      PhaseRecord(name: "ramp", kind: .ramp, title: "ramp to 9", planLine: 2, goal: 9, started: 0)
    ]
    recording.effectivePlan = recording.planText
    // The phase, three arrivals so late, and as many as there can be a tick later.
    let entries: [UInt8] =
      [2, 0] + varint(late << 3 | 4) + [3] + varint(1 << 3 | 4) + varint((1 << 32) - 1)
    recording.drive = [DriveRecord(worker: 0, entries: entries)]
    let replay = try Replay(of: recording, at: "x", speed: speed, from: nil, targets: [])
    let curve = try #require(replay.arrivals[0])
    #expect(curve.count == 3 + (1 << 32) - 1)
    #expect(curve.end <= UInt64(Int64.max))
  }
}
