import Foundation
import Testing

@testable import Recording

/// Whatever is done to the files of a recording, reading them ends in a value or in a sentence, and
/// changes nothing.
@Suite struct RecordingFuzzTests {
  private let directory: TemporaryDirectory
  private let path: String

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("run.recording")
  }

  @Test(arguments: 0..<8)
  func `no file crashes the reader, and none is changed`(batch: Int) throws {
    var mutator = FileMutator(
      seed: UInt64(batch), finished: try finished(), live: try live())
    var refused = 0
    var read = 0
    for number in 0..<250 {
      let (what, files) = mutator.next()
      try put(files)
      do throws(RecordingError) {
        _ = try Recording.read(from: path)
        read += 1
      } catch {
        refused += 1
        #expect("\(error)".contains(path), "case \(number): \(what): \(error)")
        #expect(!"\(error)".contains("\n"), "case \(number): \(what): \(error)")
      }
      #expect(try self.files() == files, "case \(number): \(what)")
    }
    // Both must come up, or the cases are no good.
    #expect(refused > 50)
    #expect(read > 10)
  }

  @Test func `a newer file is told as one, however damaged the rest is`() throws {
    var bytes = try #require(try finished()[""])
    bytes.replaceSubrange(60..<64, with: [0, 0, 0x0B, 0xB8])
    for place in 200..<bytes.count { bytes[place] = 0xFF }
    try put(["": bytes])
    #expect(
      throws: RecordingError.newer(path: path, version: RecordingVersion(major: 3, minor: 0))
    ) { try Recording.read(from: path) }
  }

  // MARK: Files

  private func finished() throws -> FileMutator.Files {
    defer { clear() }
    try Recording.full.write(to: path)
    return try files()
  }

  private func live() throws -> FileMutator.Files {
    defer { clear() }
    let writer = try RecordingWriter(path: path, recording: .full)
    for instant in 2..<6 {
      try writer.append(
        Sample(
          at: Double(instant),
          readings: [Reading(.slab, unit: "bytes", kind: .gauge, value: Double(instant))],
          state: Recording.full.state))
    }
    var files = try files()
    // Not a part of the recording, and gone when its writer is.
    files["-shm"] = nil
    withExtendedLifetime(writer) {}
    return files
  }

  private func files() throws -> FileMutator.Files {
    var files: FileMutator.Files = [:]
    for name in try directory.contents {
      files[String(name.dropFirst("run.recording".count))] = [UInt8](
        try Data(contentsOf: URL(fileURLWithPath: directory.file(name))))
    }
    return files
  }

  private func put(_ files: FileMutator.Files) throws {
    clear()
    for (suffix, bytes) in files {
      try Data(bytes).write(to: URL(fileURLWithPath: path + suffix))
    }
  }

  private func clear() {
    for name in (try? directory.contents) ?? [] {
      try? FileManager.default.removeItem(atPath: directory.file(name))
    }
  }
}
