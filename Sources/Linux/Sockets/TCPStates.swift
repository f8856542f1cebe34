/// States of a TCP socket, as bits. Source: net/tcp_states.h.
package struct TCPStates: OptionSet, Sendable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let established = TCPStates(rawValue: 1 << 1)
  package static let synSent = TCPStates(rawValue: 1 << 2)
  /// The server has answered a SYN, and has not received the last packet of the handshake.
  package static let synReceived = TCPStates(rawValue: 1 << 3)
  package static let timeWait = TCPStates(rawValue: 1 << 6)
  /// The peer has closed its side.
  package static let closeWait = TCPStates(rawValue: 1 << 8)
  package static let listen = TCPStates(rawValue: 1 << 10)
}
