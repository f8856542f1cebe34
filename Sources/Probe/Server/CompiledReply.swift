import Linux
import Messages
import SystemPackage

/// What the server sends, and when, in the form that the loop reads.
struct CompiledReply: ~Copyable {
  enum Kind: UInt8 {
    case echo, discard
    /// Its own text, whatever it receives.
    case text
    /// Its own text, at intervals, whatever it receives.
    case push
  }

  let kind: Kind
  /// Nanoseconds from one push to the next.
  let every: UInt64
  private let bytes: Scratch<UInt8>
  private let count: Int

  /// - Parameter head: what stands on the wire before a text of so many bytes.
  init(_ reply: ServerReply, head: (Int) -> [UInt8] = { _ in [] }) throws(Errno) {
    var text: [UInt8] = []
    var interval: UInt64 = 0
    switch reply {
    case .echo: kind = .echo
    case .discard: kind = .discard
    case .send(let answer):
      kind = .text
      text = head(answer.count) + answer
    case .push(let every, let message):
      kind = .push
      interval = every
      text = head(message.count) + message
    }
    let bytes = try Scratch<UInt8>(count: max(1, text.count))
    unsafe UnsafeMutableRawBufferPointer(bytes.buffer).copyBytes(from: text)
    self.bytes = bytes
    count = text.count
    every = max(1, interval)
  }

  var text: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes.buffer)[..<count])
  }
}
