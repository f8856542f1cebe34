import Linux
import SystemPackage
import Testing

@Suite struct PipeTests {
  private func read(_ reader: FileDescriptor, _ size: Int = 65_536) -> (Transfer, [UInt8]) {
    withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { buffer in
      let transfer = Pipe.read(reader, into: buffer)
      guard case .moved(let count) = transfer else { return (transfer, []) }
      return (transfer, Array(buffer[..<count]))
    }
  }

  private func write(_ writer: FileDescriptor, _ bytes: [UInt8]) {
    bytes.withUnsafeBytes { Pipe.write(writer, $0) }
  }

  @Test func `what is written is read, and nothing is waited for`() throws {
    let pipe = try Pipe.open()
    #expect(read(pipe.reader).0 == .wouldBlock)
    write(pipe.writer, [1, 2, 3])
    #expect(read(pipe.reader).1 == [1, 2, 3])
    Socket.close(pipe.writer)
    #expect(read(pipe.reader).0 == .closed)
    Socket.close(pipe.reader)
  }

  @Test func `a frame that does not fit is lost whole`() throws {
    let pipe = try Pipe.open()
    for number in 0..<100 as Range<UInt8> {
      write(pipe.writer, Array(repeating: number, count: 4096))
    }
    var all: [UInt8] = []
    while case (.moved, let bytes) = read(pipe.reader) { all += bytes }
    #expect(!all.isEmpty && all.count < 100 * 4096)
    for start in stride(from: 0, to: all.count, by: 4096) {
      #expect(all[start..<start + 4096].allSatisfy { $0 == UInt8(start / 4096) })
    }
    Socket.close(pipe.reader)
    Socket.close(pipe.writer)
  }
}
