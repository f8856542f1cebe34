internal import COpenSSL

/// Why a context, a certificate or a handshake could not be made. `material` and `setting` are for the user to mend.
package enum TLSError: Error, Equatable, Sendable {
  /// What a certificate or key is for.
  package enum Material: String, Sendable {
    case authority = "CA certificate"
    case certificate = "certificate"
    case key = "private key"
  }

  /// Material that cannot be read or used; `file` is nil where it was in memory.
  case material(Material, file: String?, reason: String)
  /// A setting that OpenSSL does not take, such as a cipher that it does not know.
  case setting(String, value: String, reason: String)
  /// A call that should not fail: memory is short, or the library is not what it should be.
  case library(call: String, reason: String)
}

extension TLSError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .material(let material, let file?, let reason): "\(file): \(material.rawValue): \(reason)"
    case .material(let material, nil, let reason): "\(material.rawValue): \(reason)"
    case .setting(let setting, let value, let reason): "\(setting) '\(value)': \(reason)"
    case .library(let call, let reason): "\(call): \(reason)"
    }
  }
}

/// What OpenSSL says of the call that has just failed.
///
/// OpenSSL puts errors into a queue of the thread, the first of them nearest to the cause. Whoever wants to ask
/// here about a call clears the queue before the call.
enum ErrorQueue {
  static func clear() { ERR_clear_error() }

  /// Takes everything off the queue, and gives its errors in words.
  static func takeReason() -> String { take().reason }

  /// Takes everything off the queue.
  ///
  /// - Returns: the reason code of the first error that is from the TLS library itself (ERR_LIB_SSL), nil where there
  ///   is none, and all errors in words. Errors of the libraries below may stand before it: of a signature that does
  ///   not verify, libcrypto complains first.
  static func take() -> (code: Int32?, reason: String) {
    var code: Int32?
    var reasons: [String] = []
    while true {
      let error = ERR_get_error()
      guard error != 0 else { break }
      if code == nil, ERR_GET_LIB(error) == ERR_LIB_SSL { code = ERR_GET_REASON(error) }
      let text = reason(error)
      if !reasons.contains(text) { reasons.append(text) }
    }
    return (code, reasons.isEmpty ? "no reason given" : reasons.joined(separator: "; "))
  }

  private static func reason(_ code: UInt) -> String {
    if let text = unsafe ERR_reason_error_string(code) { return unsafe String(cString: text) }
    var buffer = [CChar](repeating: 0, count: 256)
    // The whole line is "error:80000002:system library::No such file or directory".
    unsafe ERR_error_string_n(code, &buffer, buffer.count)
    let line = String(
      decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return line.split(separator: ":").last.map(String.init) ?? line
  }
}
