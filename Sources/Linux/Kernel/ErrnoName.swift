import CLinux

/// An errno in words: its symbol, which is what users search for, and its description. Both come from glibc, 2.32
/// or later (strerror(3)).
package enum ErrnoName {
  /// The symbol, for example "EMFILE"; "errno 4711" for a number that has none.
  package static func symbol(of number: Int32) -> String {
    guard let name = unsafe strerrorname_np(number) else { return "errno \(number)" }
    return unsafe String(cString: name)
  }

  /// The description in English, whatever the locale: "Too many open files".
  package static func text(of number: Int32) -> String {
    guard let text = unsafe strerrordesc_np(number) else { return "Unknown error \(number)" }
    return unsafe String(cString: text)
  }
}
