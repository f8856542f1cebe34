import Plan
import Testing

@Suite struct FormatTests {
  @Test(arguments: [
    (0, "0"), (7, "7"), (999, "999"), (1000, "1,000"), (19_936, "19,936"),
    (1_000_000, "1,000,000"), (-1234, "-1,234"), (Int.min, "-9,223,372,036,854,775,808"),
  ])
  func `groups thousands`(value: Int, text: String) {
    #expect(Format.count(value) == text)
  }

  @Test(arguments: [
    (0.0, "0/s"), (25_000, "25,000/s"), (12.5, "12.5/s"), (0.5, "30/min"), (0.999, "59.94/min"),
  ])
  func `writes rates`(value: Double, text: String) {
    #expect(Format.rate(value) == text)
  }

  @Test(arguments: [
    (0.0, "0%"), (0.001, "0.1%"), (0.05, "5%"), (1, "100%"), (0.3333333, "33.333%"),
  ])
  func `writes shares`(value: Double, text: String) {
    #expect(Format.share(value) == text)
  }

  @Test(arguments: [
    (0, "0 B"), (1023, "1,023 B"), (1024, "1 KiB"), (3482, "3.4 KiB"), (1_048_575, "1 MiB"),
    (7_516_192_768, "7 GiB"), (-2048, "-2 KiB"),
  ])
  func `writes bytes`(value: Int, text: String) {
    #expect(Format.bytes(value) == text)
  }

  @Test(arguments: [
    (0.0, "0 s"), (0.00000004, "40 ns"), (0.00004, "40 µs"), (0.002, "2 ms"), (0.25, "250 ms"),
    (0.9996, "1 s"), (2.3, "2.3 s"), (2.3456, "2.35 s"), (41.24, "41.2 s"), (59.96, "1 min"),
    (65, "1 min 5 s"), (3720, "1 h 2 min"), (-0.5, "-500 ms"), (.infinity, "inf"),
  ])
  func `writes measured durations`(value: Double, text: String) {
    #expect(Format.duration(seconds: value) == text)
  }

  @Test(arguments: [
    (Duration.zero, "0 s"), (.milliseconds(250), "250 ms"), (.microseconds(1250), "1.25 ms"),
    (.seconds(30), "30 s"), (.milliseconds(1500), "1.5 s"), (.seconds(65), "1 min 5 s"),
    (.seconds(5400), "1 h 30 min"), (.seconds(3600), "1 h"),
    (.milliseconds(90_500), "1 min 30.5 s"),
  ])
  func `writes planned durations exactly`(value: Duration, text: String) {
    #expect(Format.duration(value) == text)
  }
}
