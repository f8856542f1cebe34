import Testing

@testable import Plan

@Suite struct UnitsTests {
  @Test(arguments: [
    ("0", 0), ("1", 1), ("20000", 20_000), ("20k", 20_000), ("1M", 1_000_000),
    ("1.5k", 1500), ("0.001k", 1), ("1 M", 1_000_000),
  ])
  func `reads counts`(text: String, value: Int) throws {
    #expect(try Units.count(text) == value)
  }

  @Test(arguments: [
    "", "k", "1K", "1m", "-1", "1.5", "1.2345k", "1e3", "1,000", ".5", "5.", "1..2", "0x10",
    "99999999999999999999", "2000000M", "１０",
  ])
  func `refuses what is no count`(text: String) {
    #expect(throws: Problem.self) { try Units.count(text) }
  }

  @Test(arguments: [
    ("250ms", Duration.milliseconds(250)), ("30s", .seconds(30)), ("1.5m", .seconds(90)),
    ("2h", .seconds(7200)), ("0s", .zero), ("0.1ms", .microseconds(100)),
    ("50us", .microseconds(50)), ("0.5us", .nanoseconds(500)),
  ])
  func `reads durations`(text: String, value: Duration) throws {
    #expect(try Units.duration(text) == value)
  }

  @Test(arguments: [
    "100000000000000000h", "5", "5sec", "-1s", "s", "1m30s", "0.0000001ms", "0.0001us", "5 µ",
    "9000h",
  ])
  func `refuses what is no duration`(text: String) {
    #expect(throws: Problem.self) { try Units.duration(text) }
  }

  @Test(arguments: [
    ("25k/s", 25_000.0), ("600/m", 10), ("0.5/s", 0.5), ("1M/s", 1e6), ("0.1k/s", 100),
  ])
  func `reads rates`(text: String, value: Double) throws {
    #expect(try Units.rate(text) == value)
  }

  @Test(arguments: ["25k", "25", "25/h", "25k/", "25 per s", "-1/s", "/s", "25K/s", "9999M/s"])
  func `refuses what is no rate`(text: String) {
    #expect(throws: Problem.self) { try Units.rate(text) }
  }

  @Test(arguments: [("5%", 0.05), ("0.1%", 0.001), ("100%", 1), ("0%", 0)])
  func `reads shares`(text: String, value: Double) throws {
    #expect(try Units.share(text) == value)
  }

  @Test(arguments: ["5", "101%", "-1%", "%", "5%%"])
  func `refuses what is no share`(text: String) {
    #expect(throws: Problem.self) { try Units.share(text) }
  }

  @Test(arguments: [
    ("64B", 64), ("1kB", 1000), ("1KiB", 1024), ("2MB", 2_000_000), ("1.5MiB", 1_572_864),
  ])
  func `reads sizes`(text: String, value: Int) throws {
    #expect(try Units.size(text) == value)
  }

  @Test(arguments: ["64", "1KB", "0.5B", "1GB", "99999999999999MiB"])
  func `refuses what is no size`(text: String) {
    #expect(throws: Problem.self) { try Units.size(text) }
  }

  @Test(arguments: [
    ("proceses", "processes" as String?), ("Ramp", "ramp"), ("rmap", "ramp"), ("hodl", "hold"),
    ("xyz", nil), ("", nil), ("a", nil),
  ])
  func `finds the word that was meant`(word: String, meant: String?) {
    #expect(nearest(to: word, of: ["processes", "ramp", "hold"]) == meant)
  }

  @Test(arguments: ["", "a: b\n", "# x: y\n&a *b\n", "é: &\n'x: y'\n", "a:\r\nb:"])
  func `veils and lifts without a loss`(text: String) {
    let hiddenCharacters = HiddenCharacters(text)
    #expect(hiddenCharacters.restored(hiddenCharacters.text) == text)
    #expect(hiddenCharacters.text.unicodeScalars.count == text.unicodeScalars.count)
  }
}
