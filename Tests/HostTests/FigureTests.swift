import Testing

@testable import Host

@Suite struct FigureTests {
  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (1_000_064, "1,000,064"), (-12_345, "-12,345"),
    (Int.max, "9,223,372,036,854,775,807"), (Int.min, "-9,223,372,036,854,775,808"),
  ])
  func `groups digits by thousands`(value: Int, text: String) {
    #expect(Figure.count(value) == text)
  }

  @Test(arguments: [
    (0, "0 B"), (3520, "3,520 B"), (10_240, "10 KiB"), (25 << 29, "12.5 GiB"),
    (Int.max, "8,388,608 TiB"),
  ])
  func `writes sizes in the unit that fits`(value: Int, text: String) {
    #expect(Figure.bytes(value) == text)
  }

  @Test(arguments: [(0, 0), (50, 52), (1000, 1100), (2_000_162, 2_200_000), (99, 110)])
  func `asks for a little more than is needed`(value: Int, asked: Int) {
    #expect(Figure.withHeadroom(value) == asked)
    #expect(asked >= value)
  }
}
