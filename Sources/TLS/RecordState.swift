/// What a connection of TLS 1.3 is after its handshake: all that either end has to keep of it.
///
/// 224 bytes without a pointer, so workers keep it in a column of their tables. While a record has not come
/// whole, its bytes stay in the caller's buffer: `RecordLayer.open` says how many it has.
package struct RecordState: BitwiseCopyable, Sendable {
  /// What one direction has: reading or writing.
  struct Direction: BitwiseCopyable {
    /// The number of the next record under this key, from 0.
    var sequence: UInt64 = 0
    var secret = InlineArray<48, UInt8>(repeating: 0)
    var key = InlineArray<32, UInt8>(repeating: 0)
    var nonce = InlineArray<12, UInt8>(repeating: 0)
  }

  struct Flags: OptionSet, BitwiseCopyable {
    var rawValue: UInt8

    static let isServer = Flags(rawValue: 1)
    /// The peer has asked this end to take a new key.
    static let owesKeyUpdate = Flags(rawValue: 2)
    /// The peer has said that it sends nothing more.
    static let isReadClosed = Flags(rawValue: 4)
    /// This end has sent close_notify or another last alert.
    static let isWriteClosed = Flags(rawValue: 8)
  }

  var reading: Direction
  var writing: Direction
  /// How many bytes are left of a session ticket, whose content is of no use here.
  var skipped: UInt32 = 0
  /// The beginning of a handshake message from the peer whose rest has not come: its head, then the byte of a
  /// KeyUpdate.
  var message = InlineArray<5, UInt8>(repeating: 0)
  var messageCount: UInt8 = 0
  var flags: Flags
  /// The alert with which reading has ended: the peer's, or the one that a refused record calls for. 0 for none;
  /// close_notify is `isReadClosed`.
  var fatal: UInt8 = 0
  private var suiteIndex: UInt8

  package var suite: CipherSuite {
    switch suiteIndex {
    case 0: .aes128GCM
    case 1: .aes256GCM
    default: .chacha20Poly1305
    }
  }

  /// - Parameters:
  ///   - client: the secret of the client's application traffic, as the key log has it.
  ///   - server: the same of the server's.
  ///   - written: how many records OpenSSL has already sealed with this end's application key.
  init(
    suite: CipherSuite, isServer: Bool, client: InlineArray<48, UInt8>,
    server: InlineArray<48, UInt8>, written: UInt64
  ) {
    suiteIndex = UInt8(truncatingIfNeeded: suite.rawValue - CipherSuite.aes128GCM.rawValue)
    flags = isServer ? .isServer : []
    reading = Direction(secret: isServer ? client : server)
    writing = Direction(secret: isServer ? server : client)
    reading.makeKeys(suite)
    writing.makeKeys(suite)
    writing.sequence = written
  }

  /// Whether the peer is owed a KeyUpdate; it goes out with what is sealed next, or by `sealOwed`.
  package var isAnswerOwed: Bool { flags.contains(.owesKeyUpdate) }
  /// Whether nothing more is read: the peer has sent close_notify or another alert, or a record was refused.
  package var isReadOver: Bool { flags.contains(.isReadClosed) || fatal != 0 }
  package var isWriteOver: Bool { flags.contains(.isWriteClosed) }
  /// Records sealed with the current key.
  package var recordsWritten: UInt64 { writing.sequence }
  /// Records opened with the current key.
  package var recordsRead: UInt64 { reading.sequence }
}

extension RecordState.Direction {
  init(secret: InlineArray<48, UInt8>) { self.secret = secret }

  /// Derives key and nonce from the secret, and begins again with record 0. Source: RFC 8446, section 7.3.
  mutating func makeKeys(_ suite: CipherSuite) {
    sequence = 0
    unsafe withUnsafeMutableBytes(of: &key) { key in
      unsafe withUnsafeMutableBytes(of: &nonce) { nonce in
        unsafe withUnsafeBytes(of: &secret) { secret in
          let secret = unsafe UnsafeRawBufferPointer(rebasing: secret.prefix(suite.secretSize))
          unsafe KeySchedule.expand(
            secret, "key", suite,
            into: UnsafeMutableRawBufferPointer(rebasing: key.prefix(suite.keySize)))
          unsafe KeySchedule.expand(secret, "iv", suite, into: nonce)
        }
      }
    }
  }

  /// Goes on to the next secret and its keys. Source: RFC 8446, section 7.2.
  mutating func update(_ suite: CipherSuite) {
    var next = InlineArray<48, UInt8>(repeating: 0)
    unsafe withUnsafeMutableBytes(of: &next) { next in
      unsafe withUnsafeBytes(of: &secret) { secret in
        unsafe KeySchedule.expand(
          UnsafeRawBufferPointer(rebasing: secret.prefix(suite.secretSize)), "traffic upd", suite,
          into: UnsafeMutableRawBufferPointer(rebasing: next.prefix(suite.secretSize)))
      }
    }
    secret = next
    makeKeys(suite)
  }

  /// The nonce of the next record. Source: RFC 8446, section 5.3.
  var recordNonce: InlineArray<12, UInt8> {
    var result = nonce
    for index in 0..<8 {
      result[4 + index] ^= UInt8(truncatingIfNeeded: sequence >> (56 - 8 * index))
    }
    return result
  }
}
