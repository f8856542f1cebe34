import Coordination
import Linux
import Recording

/// Writes one line per phase change, and one every ten seconds in between: for logs.
struct PlainProgress: Progress {
  private static let interval = 10.0
  /// When to write the next line, in seconds since the run started.
  private var nextLine = Self.interval

  mutating func phaseChanged(_ state: ProgressState) {
    nextLine = state.elapsed + Self.interval
    write("\(clock(state)) \(state.phase)")
  }

  mutating func update(_ state: ProgressState) {
    guard state.elapsed >= nextLine else { return }
    nextLine = state.elapsed + Self.interval
    var line = "\(clock(state)) \(Format.count(state.established)) established"
    if let accepted = state.accepted { line += ", \(Format.count(accepted)) accepted" }
    line += ", \(Format.count(state.failures)) failed"
    if let messages = state.messages { line += ", messages: \(messages.text)" }
    if let memory = state.memoryAvailable { line += ", \(Format.bytes(memory)) available" }
    write(line)
  }

  func note(_ text: String) { write(text) }
  func finish() {}

  private func clock(_ state: ProgressState) -> String {
    let seconds = Int(state.elapsed)
    let tail = seconds % 60
    return "[\(seconds / 60):\(tail < 10 ? "0" : "")\(tail)] \(state.plan):"
  }

  private func write(_ line: String) { StandardError.offer(line + "\n") }
}
