import Linux
import Messages
import SystemPackage

/// Random numbers that nobody can guess, many from one system call; or numbers from a seed, for runs in virtual time.
struct RandomWords: ~Copyable {
  private let words: Scratch<UInt32>
  private var next: Int
  private var seed: UInt64?

  /// - Parameter seed: the same seed gives the same numbers; nil for numbers that nobody can guess.
  init(seed: UInt64? = nil) throws(Errno) {
    words = try Scratch(count: 1024)
    next = 1024
    self.seed = seed
  }

  mutating func draw() -> UInt32 {
    if next == 1024 { refill() }
    defer { next += 1 }
    return unsafe words.buffer[next]
  }

  @inline(never)
  private mutating func refill() {
    next = 0
    guard let seed else {
      return unsafe Randomness.fill(UnsafeMutableRawBufferPointer(words.buffer))
    }
    for place in 0..<1024 {
      unsafe words.buffer[place] = UInt32(truncatingIfNeeded: mixed(seed &+ UInt64(place)))
    }
    self.seed = mixed(seed)
  }

  mutating func drawLong() -> UInt64 { UInt64(draw()) << 32 | UInt64(draw()) }
}
