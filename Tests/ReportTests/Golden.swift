import Foundation
import Testing

/// Compares with a file under `Golden/`; with RUNNER_UPDATE_GOLDEN=1 it writes the file instead.
func expectGolden(
  _ name: String, _ actual: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let file = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Golden").appending(path: name)
  if ProcessInfo.processInfo.environment["RUNNER_UPDATE_GOLDEN"] == "1" {
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(actual).write(to: file)
    return
  }
  let expected = try String(decoding: Data(contentsOf: file), as: UTF8.self)
  let text = String(decoding: actual, as: UTF8.self)
  if expected == text { return }
  let different = zip(
    expected.split(separator: "\n", omittingEmptySubsequences: false),
    text.split(separator: "\n", omittingEmptySubsequences: false)
  )
  .enumerated().first { $0.element.0 != $0.element.1 }
  let place = different.map { "line \($0.offset + 1): \($0.element.1)\nwas: \($0.element.0)" }
  Issue.record(
    "\(name) differs; RUNNER_UPDATE_GOLDEN=1 rewrites it. \(place ?? "One is longer.")",
    sourceLocation: sourceLocation)
}

func expectGolden(
  _ name: String, _ actual: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  try expectGolden(name, Array(actual.utf8), sourceLocation: sourceLocation)
}
