import Foundation
import Recording
import Synchronization
import Testing

/// A directory of its own for one test, gone when the test is.
final class Workspace {
  let directory: URL
  private var count = 0

  init() throws {
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("runner-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  // MARK: Running

  func start(
    _ arguments: [String], environment: [String: String] = [:], shell: String? = nil,
    takesInput: Bool = false
  ) throws -> RunningProgram {
    try RunningProgram(
      arguments, in: self, environment: environment, shell: shell, takesInput: takesInput)
  }

  /// Runs the program to its end.
  func run(
    _ arguments: [String], environment: [String: String] = [:], shell: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Ending {
    try start(arguments, environment: environment, shell: shell)
      .wait(sourceLocation: sourceLocation)
  }

  /// Runs a plan with `--json` and reads the line that it prints.
  func summary(
    of arguments: [String], environment: [String: String] = [:], shell: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> (ending: Ending, summary: Summary) {
    let ending = try run(
      arguments + ["--json"], environment: environment, shell: shell,
      sourceLocation: sourceLocation)
    let summary = try Summary(ending, sourceLocation: sourceLocation)
    #expect(ending.exitCode == summary.exit, sourceLocation: sourceLocation)
    return (ending, summary)
  }

  // MARK: Files

  /// Writes a file and returns its name, to be given to the program that starts here.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try Data(text.utf8).write(to: url(name))
    return name
  }

  func url(_ name: String) -> URL { directory.appendingPathComponent(name) }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url(name).path) }

  /// The names in a directory, sorted.
  func files(in name: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url(name).path)) ?? []).sorted()
  }

  func text(of name: String) throws -> String {
    String(decoding: try Data(contentsOf: url(name)), as: UTF8.self)
  }

  func recording(of plan: String) throws -> Recording {
    try Recording.read(from: url("reports/\(plan)/run.recording").path)
  }

  func junit(of plan: String) throws -> JUnitFile {
    try JUnitFile(url("reports/\(plan)/TEST-\(plan).xml"))
  }

  /// An empty file that no one has written to.
  func fresh(_ name: String) -> URL {
    count += 1
    let file = url(".\(name)-\(count)")
    _ = FileManager.default.createFile(atPath: file.path, contents: nil)
    return file
  }
}
