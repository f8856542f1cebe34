import Foundation
import Recording
import Testing

/// The built program and recordings that are damaged, foreign or malicious: a message that names the
/// file, an exit code that says so, and nothing changed.
@Suite(.tags(.realKernel)) struct HostileRecordingTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try FileManager.default.createDirectory(
      at: workspace.url("shelf"), withIntermediateDirectories: true)
  }

  private static func recording() -> Recording {
    Recording(planName: "a") {
      $0.planFile = "a.plan"
      $0.planText = "server: {listen: \"127.0.0.1:9000\"}\nphases: [{ramp: {to: 100}}]\n"
      $0.started = "2026-01-02T03:04:05.678Z"
      $0.duration = 1
      $0.hostname = "box"
      $0.phases = [
        PhaseRecord(
          name: "ramp", kind: .ramp, title: "ramp to 100", planLine: 2, goal: 100, started: 0,
          ended: 1, outcome: .done, established: 100, accepted: 100)
      ]
      $0.series = [
        Series(
          key: .established, unit: "connections", kind: .gauge, points: [.init(at: 1, value: 100)])
      ]
    }
  }

  /// What is done to a good recording; each makes a file that is none.
  static let damages: [(name: String, damage: @Sendable (inout [UInt8]) -> Void)] = [
    ("empty", { $0 = [] }),
    ("text", { $0 = Array("name: ramp\n".utf8) }),
    ("cut in the header", { $0.removeLast($0.count - 60) }),
    ("cut in a page", { $0.removeLast($0.count - 5000) }),
    ("newer", { $0.replaceSubrange(60..<64, with: [0, 0, 0x0B, 0xB8]) }),
    ("of another program", { $0[70] ^= 1 }),
    ("with pages of zeros", { for place in 4096..<$0.count { $0[place] = 0 } }),
    (
      "with pages of noise",
      { for place in 200..<$0.count { $0[place] = UInt8(truncatingIfNeeded: place &* 31) } }
    ),
    (
      "with its pages swapped",
      { bytes in for place in 4096..<8192 { bytes.swapAt(place, place + 4096) } }
    ),
  ]

  private static let commands = [
    ["report", "FILE", "--out", "out"], ["export", "FILE", "--format", "csv"],
    ["compare", "good", "FILE"], ["compare", "FILE", "good"],
    ["merge", "good", "FILE", "-o", "out/merged"],
  ]

  /// All files of the shelf, with what is in them.
  private func shelf() throws -> [String: Data] {
    try workspace.files(in: "shelf").reduce(into: [:]) { files, name in
      files[name] = try Data(contentsOf: workspace.url("shelf/\(name)"))
    }
  }

  @Test(arguments: damages.indices)
  func `a damaged file is named, is exit 1, and stays as it is`(index: Int) throws {
    try Self.recording().write(to: workspace.url("good").path)
    try Self.recording().write(to: workspace.url("shelf/bad").path)
    var bytes = [UInt8](try Data(contentsOf: workspace.url("shelf/bad")))
    Self.damages[index].damage(&bytes)
    try Data(bytes).write(to: workspace.url("shelf/bad"))
    let before = try shelf()
    for command in Self.commands {
      let ending = try workspace.run(command.map { $0 == "FILE" ? "shelf/bad" : $0 })
      #expect(ending.exitCode == 1, "\(command): \(ending.errors)")
      #expect(ending.output.isEmpty)
      #expect(ending.errorLines.count == 1, "\(ending.errors)")
      #expect(ending.errors.contains("shelf/bad"), "\(ending.errors)")
      #expect(try shelf() == before)
      #expect(!workspace.exists("out"))
    }
  }

  @Test func `a log that is damaged or missing is no reason to touch anything`() throws {
    let path = workspace.url("shelf/live").path
    let writer = try RecordingWriter(path: path, recording: Self.recording())
    try writer.append(
      Sample(
        at: 1, readings: [Reading(.established, unit: "connections", kind: .gauge, value: 5)]))
    try FileManager.default.copyItem(atPath: path, toPath: path + ".copy")
    var log = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "-wal")))
    for place in log.indices where place % 97 == 0 { log[place] ^= 0x10 }
    try Data(log).write(to: URL(fileURLWithPath: path + ".copy-wal"))
    withExtendedLifetime(writer) {}
    let before = try shelf()
    for command in [["report", "FILE", "--out", "out"], ["export", "FILE", "--format", "json"]] {
      let ending = try workspace.run(command.map { $0 == "FILE" ? "shelf/live.copy" : $0 })
      // What stands before the damage is read, and said to be incomplete.
      #expect(ending.exitCode == (command[0] == "report" ? 1 : 0), "\(ending.errors)")
      #expect((ending.output + ending.errors).contains("incomplete"))
      #expect(try shelf() == before)
    }
  }

  @Test func `what a file says of itself drives no terminal`() throws {
    var recording = Self.recording()
    recording.planName = "a\u{1B}[2J\u{202E}"
    recording.hostname = "\u{9B}31m"
    recording.fault = "\u{1B}]0;x\u{7}"
    recording.phases[0].title = "\u{1B}[31mramp"
    recording.phases[0].remark = "\u{1B}c"
    try recording.write(to: workspace.url("shelf/odd").path)
    var other = recording
    other.hostname = "b\u{1B}[2J"
    other.started = "2026-01-02T03:04:05.000Z"
    try other.write(to: workspace.url("shelf/other").path)
    for command in [
      ["report", "shelf/odd", "--out", "out"], ["compare", "shelf/odd", "shelf/other"],
      ["merge", "shelf/odd", "shelf/other", "-o", "merged"],
    ] {
      let ending = try workspace.run(command)
      let said = ending.output + ending.errors
      #expect(!said.isEmpty)
      for scalar in ["\u{1B}", "\u{9B}", "\u{7}", "\u{202E}"] as [Unicode.Scalar] {
        #expect(!said.unicodeScalars.contains(scalar), "\(command): \(scalar.value)")
      }
    }
  }
}
