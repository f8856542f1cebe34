import Linux
import Testing

@Suite struct CapabilitiesTests {
  @Test(
    arguments: [
      ("CapInh:\t0\nCapEff:\t000001fffeffffff\n", [.netAdmin, .sysAdmin, .sysNice]),
      ("CapEff:\t0000000001000000\n", .sysResource),
      ("CapEff:\t0000000000000000", []),
    ] as [(String, Capabilities)])
  func `reads the effective set`(status: String, expected: Capabilities) throws {
    let known: Capabilities = [.netAdmin, .sysAdmin, .sysNice, .sysResource]
    #expect(try #require(Capabilities(status: status)).intersection(known) == expected)
  }

  @Test(arguments: ["", "Name:\tx\n", "CapEff:\tnonsense\n", "CapEff:"])
  func `has nothing to read in other text`(status: String) {
    #expect(Capabilities(status: status) == nil)
  }
}
