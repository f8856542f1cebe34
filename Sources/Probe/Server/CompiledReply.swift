import Linux
import Messages
import SystemPackage

/// A `ServerReply` in the form that the loop reads, with its text in fixed memory.
struct CompiledReply: ~Copyable {
  enum Kind: UInt8 {
    case echo, discard
    /// The server answers with its own text, whatever it receives.
    case text
    /// The server sends its own text at intervals, whatever it receives.
    case push
  }

  let kind: Kind
  /// Nanoseconds from one push to the next; 1 where nothing is pushed.
  let every: UInt64
  private let bytes: Scratch<UInt8>
  private let count: Int

  /// - Parameter head: takes a text's number of bytes, and returns what stands before the text on the wire.
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

  /// The text as it stands on the wire; empty for `echo` and `discard`.
  var text: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes.buffer)[..<count])
  }
}
