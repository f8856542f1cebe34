#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A POSIX extended regular expression over bytes (regex(7)).
@safe
package final class BytePattern: @unchecked Sendable, Equatable {
  /// As the user wrote it.
  package let text: String
  // Only read once it is compiled; glibc locks inside `regexec`.
  private var compiled = unsafe regex_t()

  /// What is wrong with an expression, in the C library's words.
  package struct Invalid: Error {
    package let reason: String
  }

  package init(_ text: String) throws(Invalid) {
    self.text = text
    let code = unsafe regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB)
    guard code == 0 else {
      var reason = [CChar](repeating: 0, count: 200)
      unsafe regerror(code, &compiled, &reason, reason.count)
      throw Invalid(
        reason: String(
          decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }
  }

  deinit { unsafe regfree(&compiled) }

  /// Whether it is found anywhere in these bytes.
  package func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress else { return false }
    // REG_STARTEND takes the range from here, so that zero bytes are bytes like any other.
    var range = regmatch_t(rm_so: 0, rm_eo: regoff_t(bytes.count))
    return unsafe regexec(
      &compiled, base.assumingMemoryBound(to: CChar.self), 1, &range, REG_STARTEND) == 0
  }

  package static func == (left: BytePattern, right: BytePattern) -> Bool {
    left.text == right.text
  }
}
