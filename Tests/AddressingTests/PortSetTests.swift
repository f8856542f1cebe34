import Addressing
import Testing

@Suite struct PortSetTests {
  @Test func `ports stand in the order of their ranges`() {
    let ports = PortSet([50...52, 9...9, 20...21])
    #expect(ports.count == 6)
    #expect((0..<ports.count).map { ports[$0] } == [50, 51, 52, 9, 20, 21])
    #expect("\(ports)" == "50-52, 9, 20-21")
  }

  @Test(
    arguments: [
      ([5...7], "1-4, 8-10"), ([1...10], ""), ([0...1], "2-10"), ([10...90], "1-9"),
      ([3...3, 5...5], "1-2, 4, 6-10"), ([20...30], "1-10"), ([3...6, 5...8], "1-2, 9-10"),
    ] as [([ClosedRange<UInt16>], String)])
  func `some are taken away`(others: [ClosedRange<UInt16>], left: String) {
    let ports = PortSet(1...10).subtracting(others)
    #expect("\(ports)" == left)
    #expect(ports.count == ports.ranges.reduce(0) { $0 + $1.count })
  }

  @Test func `the ends of all ports can be taken away`() {
    #expect("\(PortSet(0...65_535).subtracting([0...0, 65_535...65_535]))" == "1-65534")
  }

  @Test func `ports within a range are counted`() {
    let ports = PortSet([50...52, 9...9, 20...21])
    #expect(ports.count(in: 21...50) == 2)
    #expect(ports.count(in: 0...65_535) == 6)
    #expect(ports.count(in: 10...19) == 0)
  }
}
