import Plan
import Probe
import Recording
import Testing
import WorkerLog

@testable import Coordination

@Suite struct RefusalTallyTests {
  private static func http(_ number: UInt16) -> Refusal {
    Refusal("HTTP \(number)", code: RefusalCode(.http, number))
  }

  private func facts(_ refusals: (Refusal, Int)...) -> [String] {
    var tally = RefusalTally()
    for (refusal, count) in refusals { tally.add(refusal, count) }
    return tally.facts(DataMask([])).map { "\($0.name): \($0.value)" }
  }

  @Test func `what was heard most often is what was said, whoever heard it first`() {
    // Two workers; the first of each has heard 429 first.
    #expect(
      facts(
        (Self.http(429), 1), (Self.http(503), 4000), (Self.http(429), 1), (Self.http(503), 5999))
        == [
          "said: HTTP 503", "code: HTTP 503", "how often: 9,999", "also said: HTTP 429 × 2",
        ])
  }

  @Test func `what cost connections is what was said, however often others were tried again`() {
    var tally = RefusalTally()
    tally.add(Self.http(503), 3000, retried: 3000)
    tally.add(Self.http(401), 400, retried: 390)
    #expect(
      tally.facts(DataMask([])).map { "\($0.name): \($0.value)" } == [
        "said: HTTP 401", "code: HTTP 401", "how often: 400 (390 tried again)",
        "also said: HTTP 503 × 3,000 (tried again)",
      ])
  }

  @Test func `the same number in another packet is another refusal`() {
    func mqtt(_ words: String, _ packet: UInt8) -> Refusal {
      Refusal(words, code: RefusalCode(.mqtt, 135, packet: packet))
    }
    #expect(
      facts((mqtt("not authorized (135)", 2), 5), (mqtt("SUBACK: not authorized (135)", 9), 1000))
        == [
          "said: SUBACK: not authorized (135)", "code: MQTT 135", "how often: 1,000",
          "also said: not authorized (135) × 5",
        ])
  }

  @Test func `one that says always the same needs no count`() {
    #expect(facts((Self.http(503), 10)) == ["said: HTTP 503", "code: HTTP 503"])
    #expect(facts((Refusal("odd"), 10)) == ["said: odd"])
    #expect(facts() == [])
  }

  @Test func `without a number the words tell kinds apart, with one they do not`() {
    func close(_ reason: String) -> Refusal {
      Refusal("close 1013: \(reason)", code: RefusalCode(.webSocket, 1013))
    }
    #expect(
      facts((close("1"), 1), (close("2"), 1)) == ["said: close 1013: 1", "code: WebSocket 1013"])
    #expect(facts((Refusal("a"), 1), (Refusal("b"), 1)).last == "also said: b × 1")
  }

  @Test func `what could not be told apart is named last`() {
    #expect(
      facts((Refusal("a"), 10), (RefusalTable.others, 99_000)).first == "said: a")
  }

  @Test func `quoted text tells no kinds apart`() {
    #expect(
      facts((Refusal("not TLS: \"1\""), 1), (Refusal("not TLS: \"2\""), 2)) == [
        "said: not TLS: \"1\""
      ])
  }

  @Test func `of many kinds the most frequent are named, and the others counted`() {
    var tally = RefusalTally()
    for number in 0..<20 {
      tally.add(Self.http(UInt16(500 + number)), number == 0 ? 100 : number)
    }
    #expect(
      tally.facts(DataMask([])).last?.value
        == "HTTP 519 × 19; HTTP 518 × 18; HTTP 517 × 17; HTTP 516 × 16; HTTP 515 × 15; "
        + "and 14 more × 105")
  }

  @Test func `an alert has its name, and who sent it`() {
    let heard = Refusal("the peer sent it", code: RefusalCode(.tls, 48))
    let sent = Refusal("self-signed", code: RefusalCode(.tls, 48, isSent: true))
    #expect(facts((heard, 1))[1] == "code: TLS unknown_ca (48)")
    #expect(facts((sent, 1))[1] == "code: TLS unknown_ca (48), sent by the client")
    for text in ["TLS unknown_ca (48)", "TLS unknown_ca (48), sent by the client", "HTTP 503"] {
      #expect(SaidCode(text)?.description == text)
    }
    #expect(
      SaidCode("TLS unknown_ca (48), sent by the client")?.shortWords == "TLS unknown_ca, sent")
    for text in ["", "HTTP", "HTTP x", "SMTP 503", "TLS a (b)"] { #expect(SaidCode(text) == nil) }
  }
}
