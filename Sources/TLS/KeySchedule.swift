internal import COpenSSL

/// HKDF-Expand-Label with an empty context. Source: RFC 8446, section 7.1, and RFC 5869, section 2.3.
enum KeySchedule {
  /// Fills `output`, which is no longer than the suite's hash, so one round of HKDF is enough.
  static func expand(
    _ secret: UnsafeRawBufferPointer, _ label: StaticString, _ suite: CipherSuite,
    into output: UnsafeMutableRawBufferPointer
  ) {
    unsafe withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { information in
      var count = 0
      func put(_ byte: UInt8) {
        unsafe information[count] = byte
        count += 1
      }
      func put(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount { unsafe put(text.utf8Start[index]) }
      }
      put(0)
      put(UInt8(output.count))
      put(UInt8(6 + label.utf8CodeUnitCount))
      put("tls13 ")
      put(label)
      put(0)
      put(1)
      let message = unsafe UnsafeRawBufferPointer(rebasing: information[..<count])
      unsafe (suite == .aes256GCM ? sha384 : sha256).authenticate(
        message, with: secret, into: output)
    }
  }

  private static let sha256 = HMACHash("SHA256", blockSize: 64)
  private static let sha384 = HMACHash("SHA384", blockSize: 128)
}

/// HMAC over a hash that is looked up once. OpenSSL's own `HMAC` looks up hash and MAC at every call, behind locks, and
/// takes more than twice as long for that. Source: RFC 2104.
@safe
private struct HMACHash: @unchecked Sendable {
  private let hash: OpaquePointer
  private let blockSize: Int

  init(_ name: String, blockSize: Int) {
    guard let hash = unsafe EVP_MD_fetch(nil, name, nil) else {
      fatalError("OpenSSL has no \(name): \(ErrorQueue.takeReason())")
    }
    unsafe self.hash = unsafe hash
    self.blockSize = blockSize
  }

  /// - Parameters:
  ///   - key: no longer than a block of the hash.
  ///   - output: gets the first bytes of the code, no more than the hash has.
  func authenticate(
    _ message: UnsafeRawBufferPointer, with key: UnsafeRawBufferPointer,
    into output: UnsafeMutableRawBufferPointer
  ) {
    let context = unsafe EVP_MD_CTX_new()
    defer { unsafe EVP_MD_CTX_free(context) }
    unsafe withUnsafeTemporaryAllocation(byteCount: blockSize + 64, alignment: 1) { scratch in
      let block = unsafe UnsafeMutableRawBufferPointer(rebasing: scratch[..<blockSize])
      let digest = unsafe UnsafeMutableRawBufferPointer(rebasing: scratch[blockSize...])
      unsafe block.initializeMemory(as: UInt8.self, repeating: 0)
      unsafe block.copyMemory(from: key)
      for place in block.indices { unsafe block[place] ^= 0x36 }
      let count = unsafe hash(block, message, in: context, into: digest)
      for place in block.indices { unsafe block[place] ^= 0x36 ^ 0x5C }
      let inner = unsafe UnsafeRawBufferPointer(rebasing: digest[..<count])
      let size = unsafe hash(block, inner, in: context, into: digest)
      precondition(size >= output.count)
      unsafe output.copyMemory(from: UnsafeRawBufferPointer(rebasing: digest[..<output.count]))
      unsafe OPENSSL_cleanse(scratch.baseAddress, scratch.count)
    }
  }

  /// Hashes two pieces, one behind the other; returns how many bytes the hash has.
  private func hash(
    _ first: UnsafeMutableRawBufferPointer, _ second: UnsafeRawBufferPointer,
    in context: OpaquePointer?, into digest: UnsafeMutableRawBufferPointer
  ) -> Int {
    var size: UInt32 = 0
    guard unsafe EVP_DigestInit_ex2(context, hash, nil) == 1,
      unsafe EVP_DigestUpdate(context, first.baseAddress, first.count) == 1,
      unsafe EVP_DigestUpdate(context, second.baseAddress, second.count) == 1,
      unsafe EVP_DigestFinal_ex(
        context, digest.baseAddress?.assumingMemoryBound(to: UInt8.self), &size) == 1
    else { fatalError("HMAC failed: \(ErrorQueue.takeReason())") }
    return Int(size)
  }
}
