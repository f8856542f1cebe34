import Linux
import SystemPackage

/// Why something cannot be written, as a user reads it: "reports/a: Permission denied".
struct FileProblem: Error, Equatable, CustomStringConvertible {
  let path: String
  let reason: String

  var description: String { "\(path): \(reason)" }

  init(_ path: String, _ reason: String) {
    self.path = path
    self.reason = reason
  }

  init(_ path: String, _ error: Errno) { self.init(path, "\(error)") }

  /// Runs `body`. Where that throws an errno, throws a problem with that errno and `path`.
  static func naming<Result>(
    _ path: String, _ body: () throws(Errno) -> Result
  ) throws(FileProblem) -> Result {
    do throws(Errno) { return try body() } catch { throw FileProblem(path, error) }
  }
}
