import Probe
import Recording
import Testing

/// What a plan may expect a limit at is what workers report.
@Suite struct CallNameTests {
  @Test func `the calls of records are those of workers`() {
    #expect(FailedCall.allCases.map(\.name) == FailureRecord.calls)
  }
}
