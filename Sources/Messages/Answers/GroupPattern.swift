#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// An expression compiled by the C library (regex(7)). Unlike `ByteMachine`, it tells what parentheses matched.
@safe
final class GroupPattern: @unchecked Sendable {
  // Threads may share it: nothing writes it after `init`, and glibc locks inside `regexec`.
  private var compiled = unsafe regex_t()

  init(_ text: String) throws(BytePattern.Invalid) {
    let code = unsafe regcomp(&compiled, Expression.posix(text), REG_EXTENDED)
    guard code == 0 else {
      var reason = [CChar](repeating: 0, count: 200)
      unsafe regerror(code, &compiled, &reason, reason.count)
      throw BytePattern.Invalid(
        reason: String(
          decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }
  }

  deinit { unsafe regfree(&compiled) }

  /// Whether the expression has parentheses.
  var hasGroups: Bool { unsafe compiled.re_nsub > 0 }

  enum Group: Equatable {
    case at(Range<Int>)
    /// The match leaves the group out, as a match of `b` does with `(a)|b`.
    case absent
    /// The C library finds no match of exactly this range.
    case unknown
  }

  /// Where the first parentheses matched, in the match that covers exactly this range of the bytes.
  func firstGroup(of match: Range<Int>, in bytes: [UInt8]) -> Group {
    // With REG_STARTEND `regexec` reads the range to search from the first element of `ranges`. `^` and `$`
    // match at the range's ends, unless the flags say that bytes come before or after it.
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
}
