import Addressing
import Linux
import SystemPackage
import Testing

/// Names, interfaces and pipes of the host that the tests run on.
@Suite struct NameLookupTests {
  @Test func `localhost is a loopback address`() throws {
    let found = try NameLookup.addresses(of: "localhost")
    #expect(!found.isEmpty)
    #expect(found.allSatisfy { $0.isLoopback })
    #expect(Set(found).count == found.count)
  }

  @Test(arguments: ["127.0.0.5", "::1"])
  func `an address in text is itself`(text: String) throws {
    #expect(try NameLookup.addresses(of: text).map { "\($0)" } == [text])
  }

  @Test func `a name that nobody has is a failure with its reason`() throws {
    // The name is reserved for this: RFC 2606.
    let failure = try #require(throws: NameLookup.Failure.self) {
      try NameLookup.addresses(of: "nowhere.invalid")
    }
    #expect(failure.name == "nowhere.invalid")
    #expect(!failure.reason.isEmpty)
    #expect("\(failure)" == "nowhere.invalid has no address: \(failure.reason)")
  }

  @Test func `lo has the loopback address, and no interface stands twice`() throws {
    let interfaces = try NetworkInterface.all()
    let loopback = try #require(interfaces.first { $0.name == "lo" })
    #expect(loopback.addresses.contains(.v4(0x7F00_0001)))
    #expect(Set(interfaces.map(\.name)).count == interfaces.count)
  }
}

/// What one end of a pipe makes of the other.
@Suite struct PipeTests {
  private func write(_ bytes: [UInt8], to descriptor: FileDescriptor) -> Transfer {
    bytes.withUnsafeBytes { Pipe.write(descriptor, $0) }
  }

  private func read(_ descriptor: FileDescriptor) -> Transfer {
    var buffer = [UInt8](repeating: 0, count: 8192)
    return buffer.withUnsafeMutableBytes { Pipe.read(descriptor, into: $0) }
  }

  @Test func `neither end waits for the other`() throws {
    let pipe = try Pipe.open()
    #expect(read(pipe.reading) == .wouldBlock)
    #expect(write([1, 2, 3], to: pipe.writing) == .moved(3))
    #expect(read(pipe.reading) == .moved(3))
    let most = [UInt8](repeating: 7, count: Pipe.mostAtomic)
    var written = 0
    while case .moved(let count) = write(most, to: pipe.writing) {
      // Whole or not at all.
      #expect(count == most.count)
      written += 1
    }
    #expect(written > 0)
    Socket.close(pipe.writing)
    var left = written * most.count
    while case .moved(let count) = read(pipe.reading) { left -= count }
    #expect(left == 0)
    #expect(read(pipe.reading) == .closed)
    Socket.close(pipe.reading)
  }

  @Test func `polling says which one is readable`() throws {
    let (first, second) = (try Pipe.open(), try Pipe.open())
    let descriptors = [first.reading, second.reading]
    #expect(Poll.waitReadable(descriptors, until: .now()) == [false, false])
    #expect(write([1], to: second.writing) == .moved(1))
    #expect(Poll.waitReadable(descriptors, until: .distantFuture) == [false, true])
    Socket.close(first.writing)
    #expect(Poll.waitReadable(descriptors, until: .distantFuture) == [true, true])
    for descriptor in descriptors + [second.writing] { Socket.close(descriptor) }
  }
}
