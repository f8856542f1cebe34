import Linux
import SystemPackage

/// What one read brought, passed on through a pipe: the connection's descriptor and the number of
/// bytes as 32 bits each, in the order of this host, then the bytes.
enum ReceivedFrame {
  private static let header = 8

  /// Writes one frame, or none when the pipe is full: watching must not slow the server down. Of a
  /// long read only the first bytes go on, so that a frame is never torn.
  static func write(
    _ descriptor: UInt32, _ bytes: UnsafeRawBufferPointer, count: Int, to pipe: FileDescriptor
  ) {
    let count = min(count, Pipe.mostAtomic - header)
    unsafe withUnsafeTemporaryAllocation(byteCount: header + count, alignment: 4) { frame in
      unsafe frame.storeBytes(of: descriptor, as: UInt32.self)
      unsafe frame.storeBytes(of: UInt32(count), toByteOffset: 4, as: UInt32.self)
      unsafe UnsafeMutableRawBufferPointer(rebasing: frame[header...]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      _ = unsafe Pipe.write(pipe, UnsafeRawBufferPointer(frame))
    }
  }
}
