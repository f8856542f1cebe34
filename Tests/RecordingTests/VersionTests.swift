import Foundation
import Testing

@testable import Recording

/// Recordings that earlier programs wrote, as they wrote them.
@Suite struct VersionTests {
  static let versions = ["1.0", "1.1", "1.2"]

  private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Versions")

  private func path(_ version: String) -> String {
    Self.directory.appendingPathComponent("\(version).recording").path
  }

  @Test(arguments: versions) func `a recording of every version reads`(version: String) throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path(version)))
    let recording = try Recording.read(from: path(version))
    #expect(recording.planName == "versions")
    #expect(recording.complete)
    #expect(recording.verdict == .passed)
    #expect(recording.phases.map(\.name) == ["ramp", "hold", "close"])
    #expect(recording.phases.map(\.outcome) == [.done, .done, .done])
    #expect(recording.phases[0].goal == 200)
    #expect(recording.phases[0].established == 200)
    #expect(recording.phases[0].accepted == 200)
    #expect(Set(recording.workers.map(\.end)) == [.client, .server])
    #expect(recording.series(.established)?.maximum == 200)
    #expect(recording.distribution(of: .connect).count == 200)
    #expect(recording.thresholds.map(\.passed) == [true, true, true])
    #expect(recording.predicted != nil)
    #expect(recording.host.contains { $0.name == "RLIMIT_NOFILE hard" })
    #expect(recording.seed != 0)
    // Not even a byte of it is brought up to date.
    #expect(try Data(contentsOf: URL(fileURLWithPath: path(version))) == bytes)
  }

  @Test(arguments: versions) func `each is of the version that it is called`(version: String) throws
  {
    let header = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(version))).prefix(100))
    let number = header[60..<64].reduce(Int32(0)) { $0 << 8 | Int32($1) }
    #expect("\(RecordingVersion(number: number))" == version)
  }

  @Test func `no recording stands there that is not tested`() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path)
    #expect(
      files.filter { $0.hasSuffix(".recording") }.sorted()
        == Self.versions.map { "\($0).recording" })
  }

  @Test(arguments: versions) func `it writes as the current version`(version: String) throws {
    let directory = try TemporaryDirectory()
    let recording = try Recording.read(from: path(version))
    try recording.write(to: directory.file("new.recording"))
    #expect(try Recording.read(from: directory.file("new.recording")) == recording)
  }

  @Test func `two versions of one run's recording merge`() throws {
    var (one, other) = (
      try Recording.read(from: path("1.0")), try Recording.read(from: path("1.1"))
    )
    other.started = one.started
    one.hostname = "other"
    let merged = try Recording.merged([one, other])
    #expect(Metrics(merged).heldInAnyPhase == 400)
  }
}
