internal import COpenSSL

/// HKDF-Expand-Label with an empty context. Source: RFC 8446, section 7.1, and RFC 5869, section 2.3.
enum KeySchedule {
  /// Fills `output`, which is no longer than the suite's hash, so one round of HKDF is enough.
  static func expand(
    _ secret: UnsafeRawBufferPointer, _ label: StaticString, _ suite: CipherSuite,
    into output: UnsafeMutableRawBufferPointer
  ) {
    let hash = unsafe suite == .aes256GCM ? EVP_sha384() : EVP_sha256()
    unsafe withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { scratch in
      let (information, digest) = unsafe (scratch.baseAddress!, scratch.baseAddress! + 64)
      var count = 0
      func put(_ byte: UInt8) {
        unsafe information.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
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
      var size: UInt32 = 0
      let result = unsafe HMAC(
        hash, secret.baseAddress, Int32(secret.count),
        information.assumingMemoryBound(to: UInt8.self), count,
        digest.assumingMemoryBound(to: UInt8.self), &size)
      guard unsafe result != nil, Int(size) >= output.count else {
        fatalError("HMAC failed: \(ErrorQueue.takeReason())")
      }
      unsafe output.copyMemory(from: UnsafeRawBufferPointer(start: digest, count: output.count))
      unsafe OPENSSL_cleanse(scratch.baseAddress, scratch.count)
    }
  }
}
