import Judgement
import Recording
import Report
import Testing

/// A percentile that a condition asks for is shown wherever the usual ones are.
@Suite struct AskedPercentileTests {
  private let recording: Recording
  private let judgement: Judgement

  init() {
    var recording = Sample.passed
    var judgement = Sample.passedJudgement
    judgement.thresholds.append(
      ThresholdResult(
        text: "connect.p99.5 < 1s in ramp", planLine: 13, passed: true, value: 0.002, reason: ""))
    recording.thresholds = judgement.thresholds
    (self.recording, self.judgement) = (recording, judgement)
  }

  @Test func `in the summary and its JSON`() {
    let text = summary(recording, judgement, files: OutputFiles(), colour: false)
    #expect(text.contains("p99 95 µs · p99.5 95 µs · p99.9 "))
    let json = jsonSummary(recording, judgement, files: OutputFiles())
    #expect(json.contains("\"p99\": 9.5039e-05, \"p99.5\": "))
    #expect(
      !jsonSummary(Sample.passed, Sample.passedJudgement, files: OutputFiles())
        .contains("p99.5"))
  }

  @Test func `in the properties of the XML`() {
    let xml = String(decoding: junit(recording, judgement, files: OutputFiles()), as: UTF8.self)
    #expect(xml.contains("name=\"connect.p99.5\""))
  }

  @Test func `on the page`() {
    let page = String(decoding: Report.html(recording, judgement), as: UTF8.self)
    #expect(page.contains(">p99.5<"))
  }

  @Test func `in what is exported`() throws {
    let text = String(decoding: try ExportFormat.openmetrics.bytes(of: recording), as: UTF8.self)
    #expect(text.contains("quantile=\"0.995\""))
  }
}
