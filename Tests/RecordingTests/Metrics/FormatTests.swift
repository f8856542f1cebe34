import Recording
import Testing

@Suite struct FormatTests {
  @Test(arguments: [
    (0, "0"), (7, "7"), (999, "999"), (1000, "1,000"), (19_936, "19,936"),
    (1_000_000, "1,000,000"), (-12_345, "-12,345"), (-1_234_567, "-1,234,567"),
    (Int.max, "9,223,372,036,854,775,807"), (Int.min, "-9,223,372,036,854,775,808"),
  ])
  func `groups digits by thousands`(value: Int, text: String) {
    #expect(Format.count(value) == text)
  }

  @Test(arguments: [
    (0.0, "0"), (1_000_000, "1,000,000"), (2.5, "2.5"), (1_999.999, "2,000"), (-0.001, "0"),
    (1e18, "1,000,000,000,000,000,000"), (1e20, "–"), (.nan, "–"), (-.infinity, "–"),
  ])
  func `writes counts that have a fraction`(value: Double, text: String) {
    #expect(Format.count(value) == text)
  }

  @Test(arguments: [(1_500_000.0, "1.5M"), (250_000, "250k"), (40, "40"), (2e9, "2G")])
  func `writes counts in short for axes`(value: Double, text: String) {
    #expect(Format.compact(value) == text)
  }

  @Test(arguments: [
    (41.2, 3, "41.200", "41.2"), (-0.0001, 2, "0.00", "0"), (2.5, 0, "3", "3"),
    (1234.5, 1, "1234.5", "1234.5"), (0.999, 2, "1.00", "1"), (40, 2, "40.00", "40"),
    (100, 0, "100", "100"), (.nan, 1, "–", "–"), (0.00000004, 9, "0.000000040", "0.00000004"),
  ])
  func `writes decimals with zeros or without`(
    value: Double, decimals: Int, fixed: String, short: String
  ) {
    #expect(Format.fixed(value, decimals) == fixed)
    #expect(Format.short(value, decimals) == short)
  }

  @Test(arguments: [
    (0.0, "0/s"), (25_000, "25,000/s"), (24_709.36, "24,709/s"), (12.5, "12.5/s"),
    (2.346, "2.35/s"), (0.5, "30/min"), (0.999, "59.9/min"), (.nan, "–/s"),
  ])
  func `writes measured rates in three figures`(value: Double, text: String) {
    #expect(Format.rate(value) == text)
  }

  @Test(arguments: [
    (25_000.0, "25,000/s"), (24_999.7, "24,999.7/s"), (100.5, "100.5/s"), (0.999, "59.94/min"),
    (7.0 / 60, "7/min"),
  ])
  func `writes planned rates exactly`(value: Double, text: String) {
    #expect(Format.rate(exactly: value) == text)
  }

  @Test(arguments: [
    (0.0, "0%"), (0.001, "0.1%"), (0.05, "5%"), (0.0012, "0.12%"), (0.000_012_34, "0.00123%"),
    (0.019_936, "1.99%"), (0.3333333, "33.3%"), (1, "100%"), (12.5, "1,250%"),
  ])
  func `writes shares`(value: Double, text: String) {
    #expect(Format.share(value) == text)
  }

  @Test(arguments: [
    (0, "0 B"), (40, "40 B"), (1023, "1,023 B"), (1024, "1 KiB"), (3400, "3.32 KiB"),
    (10_240, "10 KiB"), (1_048_575, "1 MiB"), (25 << 29, "12.5 GiB"), (25_000_000_000, "23.3 GiB"),
    (1_047_552_000, "999 MiB"), (1010 << 20, "1,010 MiB"), (-2048, "-2 KiB"), (Int.max, "8 EiB"),
  ])
  func `writes sizes in the unit that fits`(value: Int, text: String) {
    #expect(Format.bytes(value) == text)
  }

  @Test func `writes sizes of means in the unit that fits`() {
    #expect(Format.bytes(1023.4) == "1,023 B")
    #expect(Format.bytes(1023.7) == "1 KiB")
  }

  @Test(arguments: [
    (0.0, "0 s"), (0.00000004, "40 ns"), (0.00004, "40 µs"), (0.0025, "2.5 ms"), (0.25, "250 ms"),
    (0.9996, "1 s"), (2.3456, "2.35 s"), (9.996, "10 s"), (41.24, "41.2 s"),
    (59.96, "1 min 00 s"), (65, "1 min 05 s"), (125, "2 min 05 s"), (3599.6, "1 h 00 min"),
    (3900, "1 h 05 min"), (360_000, "100 h 00 min"), (-0.5, "-500 ms"), (-90, "-1 min 30 s"),
    (.infinity, "–"),
  ])
  func `writes measured durations in three figures`(value: Double, text: String) {
    #expect(Format.duration(seconds: value) == text)
  }

  @Test(arguments: [
    (Duration.zero, "0 s"), (.milliseconds(250), "250 ms"), (.microseconds(1250), "1.25 ms"),
    (.seconds(30), "30 s"), (.milliseconds(1500), "1.5 s"), (.seconds(65), "1 min 05 s"),
    (.seconds(5400), "1 h 30 min"), (.seconds(3600), "1 h"), (.seconds(125), "2 min 05 s"),
    (.milliseconds(90_500), "1 min 30.5 s"), (.milliseconds(1_234_567), "20 min 34.567 s"),
    (.seconds(86_400_000), "24,000 h"),
  ])
  func `writes planned durations exactly`(value: Duration, text: String) {
    #expect(Format.duration(value) == text)
  }

  @Test func `writes instants to the hundredth`() {
    #expect(Format.instant(1.5) == "1.50 s")
    #expect(Format.instant(59.99) == "59.99 s")
    #expect(Format.instant(59.996) == "1 min 00 s")
    #expect(Format.instant(60) == "1 min 00 s")
    #expect(Format.instant(1_700.4) == "28 min 20 s")
    #expect(Format.instant(3_599.6) == "1 h 00 min 00 s")
    #expect(Format.instant(7_325) == "2 h 02 min 05 s")
    #expect(Format.instant(.nan) == "– s")
  }
}
