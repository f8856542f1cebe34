import Judgement
import Plan
import Recording

/// The input is a text, read as a condition of `--threshold` and as the limit that a plan expects.
func thresholdsFinding(in bytes: [UInt8]) -> String? {
  let text = String(decoding: bytes, as: UTF8.self)
  return conditionFinding(text) ?? expectedLimitFinding(text)
}

private func conditionFinding(_ text: String) -> String? {
  let recording = SampleRun.recording
  do {
    let read = try recording.thresholds([text], interval: .seconds(1))
    guard read.count == 1 else { return "reads as \(read.count) conditions" }
    let value = read[0].value
    guard value.isFinite, value >= 0 else { return "compares with \(value)" }
    if try recording.thresholds([read[0].text], interval: .seconds(1)) != read {
      return "\(read[0].text) reads as another condition"
    }
    let judged = try judge(recording, conditions: [text]).thresholds
    guard judged.count == 1, !judged[0].reason.isEmpty else { return "is judged without a reason" }
    return judged[0].passed && judged[0].value == nil ? "passes without a value" : nil
  } catch {
    let words = "\(error)"
    return words.isEmpty || words.drivesTerminal ? "is refused as \(words.debugDescription)" : nil
  }
}

private func expectedLimitFinding(_ text: String) -> String? {
  planFinding(
    text: """
      server: {listen: "127.0.0.1:9000"}
      phases: [ramp: {to: 10}]
      expect-limit: \(text)

      """)
}
