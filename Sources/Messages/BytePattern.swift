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

  package convenience init(_ text: String) throws(Invalid) {
    try self.init(text, keepsGroups: false)
  }

  /// - Parameter keepsGroups: whether `firstGroup` will be asked, which makes matching slower.
  init(_ text: String, keepsGroups: Bool) throws(Invalid) {
    self.text = text
    let code = unsafe regcomp(
      &compiled, text, keepsGroups ? REG_EXTENDED : REG_EXTENDED | REG_NOSUB)
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

  /// Whether it has parentheses; known where groups are kept.
  var hasGroups: Bool { unsafe compiled.re_nsub > 0 }

  enum Group: Equatable {
    case at(Range<Int>)
    /// The match goes past it, as `b` does past the group of `(a)|b`.
    case absent
    /// This range is no match.
    case unknown
  }

  /// What is in the first parentheses of the match that is exactly this range of the bytes.
  func firstGroup(of match: Range<Int>, in bytes: [UInt8]) -> Group {
    // REG_STARTEND takes the range from here; `^` and `$` are at its ends unless told otherwise.
    var ranges = [regmatch_t(rm_so: regoff_t(match.lowerBound), rm_eo: regoff_t(match.upperBound))]
    ranges.append(regmatch_t(rm_so: -1, rm_eo: -1))
    var flags = REG_STARTEND
    if match.lowerBound > 0 { flags |= REG_NOTBOL }
    if match.upperBound < bytes.count { flags |= REG_NOTEOL }
    let code = unsafe bytes.withUnsafeBytes { bytes in
      unsafe regexec(
        &compiled, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), 2, &ranges, flags)
    }
    guard code == 0, Int(ranges[0].rm_so) == match.lowerBound,
      Int(ranges[0].rm_eo) == match.upperBound
    else { return .unknown }
    let (start, end) = (Int(ranges[1].rm_so), Int(ranges[1].rm_eo))
    return start >= match.lowerBound && end >= start ? .at(start..<end) : .absent
  }

  package static func == (left: BytePattern, right: BytePattern) -> Bool {
    left.text == right.text
  }
}
