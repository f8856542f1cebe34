import Glibc
import Linux
import Testing

@Suite struct MemoryTests {
  private static let sizes = [8, 64, 4096, 20_000, 65_536]

  @Test(arguments: sizes, [true, false])
  func `memory that is mapped may be used to its last byte`(bytes: Int, shared: Bool) throws {
    let memory = try Memory.map(bytes: bytes, shared: shared)
    defer { Memory.unmap(memory, bytes: bytes) }
    #expect(UInt(bitPattern: memory) % 8 == 0)
    let buffer = UnsafeMutableRawBufferPointer(start: memory, count: bytes)
    #expect(buffer.allSatisfy { $0 == 0 })
    buffer.initializeMemory(as: UInt8.self, repeating: 7)
    #expect(buffer.allSatisfy { $0 == 7 })
  }

  @Test(arguments: sizes, [true, false])
  func `whoever writes past the end is stopped there and then`(bytes: Int, shared: Bool) throws {
    let ending = try inChild {
      // Swift's own handler would print where it happened.
      signal(SIGSEGV, SIG_DFL)
      guard let memory = try? Memory.map(bytes: bytes, shared: shared) else { return 1 }
      memory.storeBytes(of: 7, toByteOffset: bytes, as: UInt8.self)
      return 0
    }
    #expect(ending == .killed(signal: SIGSEGV))
  }

  @Test func `what is unmapped is unmapped whole`() throws {
    let ending = try inChild {
      guard let memory = try? Memory.map(bytes: 20_000, shared: false) else { return 1 }
      Memory.unmap(memory, bytes: 20_000)
      // The first page of it, the last one, and the one behind that nobody may touch.
      let last = memory + 20_000 - ProcFile.pageSize
      for page in [memory, last, last + ProcFile.pageSize] {
        let start = UInt(bitPattern: page) / UInt(ProcFile.pageSize) * UInt(ProcFile.pageSize)
        var residence: UInt8 = 0
        guard mincore(UnsafeMutableRawPointer(bitPattern: start)!, 1, &residence) == -1,
          errno == ENOMEM
        else { return 2 }
      }
      return 0
    }
    #expect(ending == .exited(0))
  }

  @Test(arguments: [("", 0), ("a", 0), ("ba", 1), ("bbbb", 4), ("bab", 1), ("\0a", 1)])
  func `bytes before another one are counted`(text: String, count: Int) {
    var text = text
    #expect(text.withUTF8 { Memory.count(before: 0x61, in: UnsafeRawBufferPointer($0)) } == count)
    #expect(Memory.count(before: 0, in: UnsafeRawBufferPointer(start: nil, count: 0)) == 0)
  }
}
