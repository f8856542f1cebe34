internal import COpenSSL

/// Seals and opens records of TLS 1.3 for all connections of a worker.
///
/// It has one cipher context for each cipher and direction. For each record the context is given the key of the
/// connection, unless the record before it had the same key. No record allocates memory.
/// Source: RFC 8446, section 5.
package final class RecordLayer {
  /// Bytes before the content of a record.
  package static let headerSize = 5
  /// Bytes that a record has besides its content: header, type and tag.
  package static let overhead = headerSize + 1 + tagSize
  /// The most content of one record, in bytes.
  package static let mostContent = 16_384
  /// The longest record that may come, header and encryption included, in bytes: a buffer of this size holds any.
  package static let longestRecord = headerSize + mostContent + 256
  static let tagSize = 16
  /// Bytes of a sealed KeyUpdate.
  static let keyUpdateSize = overhead + 5

  private let opening: [CipherContext]
  private let sealing: [CipherContext]
  /// After so many records this end takes a new key.
  let recordsPerKey: UInt64

  /// - Parameter recordsPerKey: after how many records this end takes a new key. The default is well below the
  ///   2^24.5 records up to which a key of AES-GCM is good (RFC 8446, section 5.5).
  package init(recordsPerKey: UInt64 = 1 << 23) throws(TLSError) {
    self.recordsPerKey = max(1, recordsPerKey)
    var contexts: [CipherContext] = []
    for suite in CipherSuite.allCases {
      for isSealing in [false, true] { contexts.append(try CipherContext(suite, isSealing)) }
    }
    opening = contexts.filter { !$0.isSealing }
    sealing = contexts.filter(\.isSealing)
  }

  func opener(_ suite: CipherSuite) -> CipherContext { opening[Self.index(suite)] }
  func sealer(_ suite: CipherSuite) -> CipherContext { sealing[Self.index(suite)] }

  private static func index(_ suite: CipherSuite) -> Int {
    switch suite {
    case .aes128GCM: 0
    case .aes256GCM: 1
    case .chacha20Poly1305: 2
    }
  }
}

/// What the content of a record is. Source: RFC 8446, section 5.1.
enum ContentType {
  static let alert: UInt8 = 21
  static let handshake: UInt8 = 22
  static let applicationData: UInt8 = 23
}

/// One cipher in one direction, with the key that it was given last.
@safe
final class CipherContext {
  let isSealing: Bool
  private let raw: OpaquePointer
  private let keySize: Int
  private var key = InlineArray<32, UInt8>(repeating: 0)
  private var hasKey = false

  init(_ suite: CipherSuite, _ isSealing: Bool) throws(TLSError) {
    ErrorQueue.clear()
    guard let cipher = unsafe EVP_CIPHER_fetch(nil, suite.cipherName, nil) else {
      throw libraryError("EVP_CIPHER_fetch(\(suite.cipherName))")
    }
    // The context has a reference of its own.
    defer { unsafe EVP_CIPHER_free(cipher) }
    guard let raw = unsafe EVP_CIPHER_CTX_new() else { throw libraryError("EVP_CIPHER_CTX_new") }
    guard unsafe EVP_CipherInit_ex(raw, cipher, nil, nil, nil, isSealing ? 1 : 0) == 1 else {
      unsafe EVP_CIPHER_CTX_free(raw)
      throw libraryError("EVP_CipherInit_ex")
    }
    unsafe self.raw = raw
    self.isSealing = isSealing
    keySize = suite.keySize
  }

  deinit {
    unsafe EVP_CIPHER_CTX_free(raw)
    unsafe withUnsafeMutableBytes(of: &key) { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
  }

  /// Encrypts `count` bytes behind the header at `record`, and puts the tag behind them.
  func seal(
    _ direction: inout RecordState.Direction, _ record: UnsafeMutableRawPointer, count: Int
  ) -> Bool {
    let content = unsafe (record + RecordLayer.headerSize).assumingMemoryBound(to: UInt8.self)
    var size: Int32 = 0
    return unsafe begin(&direction, record)
      && EVP_EncryptUpdate(raw, content, &size, content, Int32(count)) == 1
      && EVP_EncryptFinal_ex(raw, content + count, &size) == 1
      && EVP_CIPHER_CTX_ctrl(
        raw, EVP_CTRL_AEAD_GET_TAG, Int32(RecordLayer.tagSize), content + count) == 1
  }

  /// Decrypts `count` bytes behind the header at `record`, in place, if the tag behind them is right.
  func open(
    _ direction: inout RecordState.Direction, _ record: UnsafeMutableRawPointer, count: Int
  ) -> Bool {
    let content = unsafe (record + RecordLayer.headerSize).assumingMemoryBound(to: UInt8.self)
    var size: Int32 = 0
    guard unsafe begin(&direction, record) else { return false }
    if count > 0 {
      guard unsafe EVP_DecryptUpdate(raw, content, &size, content, Int32(count)) == 1 else {
        return false
      }
    }
    return unsafe EVP_CIPHER_CTX_ctrl(
      raw, EVP_CTRL_AEAD_SET_TAG, Int32(RecordLayer.tagSize), content + count) == 1
      && EVP_DecryptFinal_ex(raw, content + count, &size) == 1
  }

  /// Sets key and nonce, and adds the record's header as additional data: the tag covers it, too.
  private func begin(
    _ direction: inout RecordState.Direction, _ record: UnsafeMutableRawPointer
  ) -> Bool {
    var nonce = direction.recordNonce
    var size: Int32 = 0
    let header = unsafe record.assumingMemoryBound(to: UInt8.self)
    return unsafe withUnsafeBytes(of: &nonce) { nonce in
      let nonce = unsafe nonce.baseAddress?.assumingMemoryBound(to: UInt8.self)
      return unsafe withUnsafeBytes(of: &direction.key) { wanted in
        let isSame = unsafe withUnsafeBytes(of: &key) { own in
          unsafe hasKey && memcmp(own.baseAddress!, wanted.baseAddress!, keySize) == 0
        }
        if !isSame {
          hasKey = true
          unsafe withUnsafeMutableBytes(of: &key) { unsafe $0.copyMemory(from: wanted) }
        }
        let key = unsafe isSame ? nil : wanted.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard unsafe EVP_CipherInit_ex(raw, nil, nil, key, nonce, isSealing ? 1 : 0) == 1 else {
          hasKey = false
          return false
        }
        return unsafe EVP_CipherUpdate(
          raw, nil, &size, header, Int32(RecordLayer.headerSize)) == 1
      }
    }
  }
}
