import Plan
import Recording
import Testing

@testable import Judgement

/// Where samples are missing, as judged.
@Suite struct SampleGapTests {
  private func recording(_ instants: [Double]) -> Recording {
    Recording(planName: "p") {
      $0.complete = true
      $0.planFile = "p.plan"
      $0.duration = 20
      $0.planText =
        "target: 127.0.0.1:9\nsampling: {every: 500ms}\nphases: [ramp: {to: 1}, hold: 10s]\n"
      $0.phases = [
        PhaseRecord(name: "ramp", kind: .ramp, title: "", planLine: 1, started: 0, ended: 2),
        PhaseRecord(name: "hold", kind: .hold, title: "", planLine: 2, started: 2, ended: 20),
      ]
      $0.series = [
        Series(
          key: .established, unit: "", kind: .gauge,
          points: instants.map { .init(at: $0, value: 1) })
      ]
    }
  }

  @Test func `a sample that is more than a second late leaves a gap, which decides nothing`() {
    let judged = judge(recording([0, 0.5, 2, 4, 4.5, 7.5, 8]))
    #expect(judged.verdict == .passed, "\(judged.headline)")
    #expect(
      judged.gaps == [
        SampleGap(from: 2, to: 4, phase: "hold"), SampleGap(from: 4.5, to: 7.5, phase: "hold"),
      ])
    let whole = judge(recording([0, 0.5, 2, 3.5, 4.5, 6, 7.5, 8]))
    #expect(whole.gaps.isEmpty)
    #expect((judged.verdict, judged.headline) == (whole.verdict, whole.headline))
  }

  @Test func `a recording without samples has no gap`() {
    #expect(judge(recording([])).gaps.isEmpty)
    #expect(judge(recording([3])).gaps.isEmpty)
  }
}
