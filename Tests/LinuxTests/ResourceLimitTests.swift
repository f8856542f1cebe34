import Linux
import Testing

@Suite(.serialized) struct ResourceLimitTests {
  @Test func `the soft limit goes down and up again to the hard one`() throws {
    let before = try ResourceLimit.descriptors()
    try ResourceLimit(soft: 512, hard: before.hard).apply()
    #expect(try ResourceLimit.descriptors().soft == 512)

    let raised = try ResourceLimit.raiseDescriptors()
    #expect(raised == ResourceLimit(soft: before.hard, hard: before.hard))
    #expect(try ResourceLimit.descriptors() == raised)
  }

  @Test func `a limit that the kernel refuses leaves the one that holds`() throws {
    let raised = try ResourceLimit.raiseDescriptors(to: .max)
    #expect(try ResourceLimit.descriptors() == raised)
    #expect(raised.soft == raised.hard)
  }
}
