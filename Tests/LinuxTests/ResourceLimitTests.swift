import Linux
import Testing

/// In a child process: the limit is the whole process', and other tests run beside these.
@Suite struct ResourceLimitTests {
  @Test func `the soft limit goes down and up again to the hard one`() throws {
    let outcome = try inChild {
      guard let before = try? ResourceLimit.descriptors(),
        (try? ResourceLimit(soft: 512, hard: before.hard).apply()) != nil,
        (try? ResourceLimit.descriptors())?.soft == 512
      else { return 1 }
      let raised = try? ResourceLimit.raiseDescriptors()
      guard raised == ResourceLimit(soft: before.hard, hard: before.hard) else { return 2 }
      return (try? ResourceLimit.descriptors()) == raised ? 0 : 3
    }
    #expect(outcome == .exited(0))
  }

  @Test func `the soft limit is lowered to a bound, and never raised by it`() throws {
    let outcome = try inChild {
      guard let before = try? ResourceLimit.descriptors(),
        (try? ResourceLimit.lowerDescriptors(to: 300)) != nil,
        (try? ResourceLimit.descriptors()) == ResourceLimit(soft: 300, hard: before.hard)
      else { return 1 }
      guard (try? ResourceLimit.lowerDescriptors(to: 400)) != nil else { return 2 }
      return (try? ResourceLimit.descriptors())?.soft == 300 ? 0 : 3
    }
    #expect(outcome == .exited(0))
  }

  @Test func `a limit that the kernel refuses leaves the one that holds`() throws {
    let outcome = try inChild {
      guard let raised = try? ResourceLimit.raiseDescriptors(to: .max) else { return 1 }
      return (try? ResourceLimit.descriptors()) == raised && raised.soft == raised.hard ? 0 : 2
    }
    #expect(outcome == .exited(0))
  }

  @Test func `no limit is set above the kernel's bound, where the hard one is`() throws {
    let outcome = try inChild {
      guard let raised = try? ResourceLimit.raiseDescriptors(to: 200, most: 300) else { return 1 }
      guard raised == ResourceLimit(soft: 300, hard: 300) else { return 2 }
      guard (try? ResourceLimit.descriptors()) == raised else { return 3 }
      // Where it is no bound, nothing changes.
      return (try? ResourceLimit.raiseDescriptors(most: 400)) == raised
        && (try? ResourceLimit.raiseDescriptors(most: nil)) == raised ? 0 : 4
    }
    #expect(outcome == .exited(0))
    #expect(ResourceLimit.most.map { $0 >= 64 } != false)
  }
}
