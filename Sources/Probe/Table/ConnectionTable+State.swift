extension ConnectionTable {
  /// What is under way on the connection of a row.
  enum State: UInt8, BitwiseCopyable {
    case free, connecting
    /// Nothing is under way.
    case established
    /// A byte is on its way that should come back.
    case asked
    /// A message has not been handed to the kernel whole; see `MessageColumns`.
    case sending
    /// A message has been sent, and its answer has not come whole.
    case awaiting
    /// The delay before the next step of a conversation is not over.
    case pausing
    /// Nothing is under way. The row waits for quiet: more of a wrong answer may come, or the close that the server
    /// has announced.
    case draining
  }
}
