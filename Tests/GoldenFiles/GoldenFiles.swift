import Foundation

/// What sets these bytes apart from a file under `Golden/`: the first line that is not the same, or
/// nil when all are. With RUNNER_UPDATE_GOLDEN=1 it writes the file instead.
///
/// - Parameter test: the file of the test, which has `Golden/` beside it.
package func difference(
  _ name: String, _ actual: [UInt8], test: String = #filePath
) throws -> String? {
  let file = URL(filePath: test).deletingLastPathComponent()
    .appending(path: "Golden").appending(path: name)
  if ProcessInfo.processInfo.environment["RUNNER_UPDATE_GOLDEN"] == "1" {
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(actual).write(to: file)
    return nil
  }
  return difference(name, actual, from: try [UInt8](Data(contentsOf: file)))
}

package func difference(
  _ name: String, _ actual: String, test: String = #filePath
) throws -> String? {
  try difference(name, Array(actual.utf8), test: test)
}

/// As above, of bytes that are given.
package func difference(_ name: String, _ actual: [UInt8], from expected: [UInt8]) -> String? {
  if expected == actual { return nil }
  let different = zip(lines(of: expected), lines(of: actual)).enumerated()
    .first { $0.element.0 != $0.element.1 }
  let place = different.map { "line \($0.offset + 1): \($0.element.1)\nwas: \($0.element.0)" }
  return "\(name) differs; RUNNER_UPDATE_GOLDEN=1 rewrites it. \(place ?? "One is longer.")"
}

private func lines(of bytes: [UInt8]) -> [Substring] {
  String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
}
