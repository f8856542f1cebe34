import Testing

@testable import Linux

@Suite struct NetworkInterfaceTests {
  @Test(arguments: [("eth0", "eth0"), ("eth0:web", "eth0"), ("lo:9:1", "lo"), ("", "")])
  func `an address with a label belongs to the interface`(label: String, name: String) {
    #expect(NetworkInterface.name(ofLabel: label) == name)
  }

  @Test func `the interfaces of this host have their addresses`() throws {
    let all = try NetworkInterface.all()
    #expect(all.first { $0.name == "lo" }?.addresses.isEmpty == false)
    #expect(!all.contains { $0.name.contains(":") })
  }
}
