import CLinux

/// An errno in words: its symbol and what `strerror` says of it.
///
/// glibc has both since 2.32 (strerror(3)); the symbol is what users search for.
package enum ErrnoName {
  /// The symbol, for example "EMFILE"; "errno 4711" for a number that has none.
  package static func symbol(of number: Int32) -> String {
    guard let name = unsafe strerrorname_np(number) else { return "errno \(number)" }
    return unsafe String(cString: name)
  }

  /// The text in English, whatever the locale: "Too many open files".
  package static func text(of number: Int32) -> String {
    guard let text = unsafe strerrordesc_np(number) else { return "Unknown error \(number)" }
    return unsafe String(cString: text)
  }
}
