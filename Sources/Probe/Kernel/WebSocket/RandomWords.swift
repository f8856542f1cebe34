import Linux
import SystemPackage

/// Random numbers that nobody can guess, many from one system call.
struct RandomWords: ~Copyable {
  private let words: Scratch<UInt32>
  private var next: Int

  init() throws(Errno) {
    words = try Scratch(count: 1024)
    next = 1024
  }

  mutating func draw() -> UInt32 {
    if next == 1024 {
      unsafe Randomness.fill(UnsafeMutableRawBufferPointer(words.buffer))
      next = 0
    }
    defer { next += 1 }
    return unsafe words.buffer[next]
  }

  mutating func drawLong() -> UInt64 { UInt64(draw()) << 32 | UInt64(draw()) }
}
