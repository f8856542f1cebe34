import Testing

@testable import Coordination
@testable import Runner

@Suite struct ProgressTests {
  @Test func `says what became of the messages, and how long answers take once there are some`() {
    var messages = ProgressState.Messages(sent: 1200, lost: 3)
    #expect(messages.text == "1,200 sent, 3 lost")
    messages.roundTripP99 = 0.0049
    #expect(messages.text == "1,200 sent, 3 lost, round trip p99 4.9 ms")
  }
}
