import Foundation
import Plan
package import Recording
import Simulation

/// A run on a simulated host. Its recording has something in every table but `plan_attachment` and `replay`.
/// Inputs that are changes (`RecordingChanges`) change this recording.
package enum SampleRun {
  package static let recording = read(file)
  /// The bytes of the recording's file.
  package static let file = runRecorded()

  private static let text = """
    name: sample
    server: {listen: "127.0.0.1:9000", processes: 1}
    clients: {processes: 1, connect-timeout: 1s, retries: 1}
    messages:
      beat: {every: 1s, send: "ping {sequence}", timeout: 500ms}
    phases:
      - ramp: {to: "${goal}", rate: 100/s, messages: beat}
      - churn: {rate: 10/s, lifetime: 300ms, for: 1s}
      - hold: {for: 1s, messages: beat}
      - search: {from: 80, step: 10, to: 120, confirm: 500ms}
      - ramp: {to: 200}
      - close: {over: 500ms, with: fin}
    thresholds:
      - connections >= 50
      - connect.p99 < 1s in ramp
      - failures.rate < 50% for 2s
      - messages.rate > 1/s in hold
      - rtt.p99 < 3s
    expect-limit: {errno: EMFILE}
    on-limit: hold
    sampling: {every: 1s}

    """

  private static func runRecorded() -> [UInt8] {
    let path = TemporaryFile.path("sample")
    defer { TemporaryFile.remove(path) }
    var host = SimulatedHost()
    host.descriptorsPerProcess = 140
    do {
      let plan = try Plan.read(text: text, file: "sample.plan", overrides: ["goal": "60"])
      _ = try SimulatedRun(plan, on: host, seed: 1, recordingAt: path)
      return try TemporaryFile.bytes(of: path)
    } catch {
      fatalError("there is no sample to begin with: \(error)")
    }
  }

  private static func read(_ bytes: [UInt8]) -> Recording {
    let path = TemporaryFile.path("read")
    defer { TemporaryFile.remove(path) }
    do {
      try TemporaryFile.write(bytes, to: path)
      return try Recording.read(from: path)
    } catch {
      fatalError("the sample cannot be read: \(error)")
    }
  }
}

/// Files that a check needs for a moment. Whoever writes one removes it.
enum TemporaryFile {
  static func path(_ name: String) -> String {
    // In memory where possible, for speed: each input takes several files.
    let memory = "/dev/shm"
    let place =
      FileManager.default.isWritableFile(atPath: memory) ? memory : NSTemporaryDirectory()
    return "\(place)/runner-fuzz-\(ProcessInfo.processInfo.processIdentifier)-\(name)-\(UUID())"
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  static func bytes(of path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  static func remove(_ path: String) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
      try? FileManager.default.removeItem(atPath: path + suffix)
    }
  }
}
