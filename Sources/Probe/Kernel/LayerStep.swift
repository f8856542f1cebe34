import SystemPackage
package import WorkerLog

/// How far a layer on top of TCP has come with its opening: the handshake of TLS, the upgrade to a WebSocket.
package enum LayerStep: Sendable, Equatable {
  /// There is no such layer; or its opening has not begun, as TCP's handshake is not over or has failed; or the
  /// layer is open and has not failed.
  case none
  /// The opening is under way: what fails if it fails now, and what has not come yet, as "no CONNACK".
  case underWay(FailedCall, missing: String)
  /// The layer has failed, at its opening or later: what has failed, and why.
  case failed(FailedCall, Refusal)
}

/// Why a layer on top of TCP has failed on a connection.
struct LayerFailure {
  var refusal: Refusal
  var errno: Errno

  init(words: String, code: RefusalCode? = nil, errno: Errno) {
    self.refusal = Refusal(words, code: code)
    self.errno = errno
  }

  /// The peer has said no, with its protocol's number for that, or broken a rule.
  static func said(_ words: String, code: RefusalCode? = nil) -> LayerFailure {
    LayerFailure(words: words, code: code, errno: .protocolError)
  }

  /// Something has not come in time.
  ///
  /// - Parameter nanoseconds: how long it was waited for.
  static func late(_ missing: String, within nanoseconds: UInt64) -> LayerFailure {
    // Plans name deadlines in milliseconds at the finest.
    let milliseconds = (nanoseconds + 500_000) / 1_000_000
    let time =
      milliseconds % 1000 == 0
      ? "\(milliseconds / 1000) s"
      : milliseconds < 1000 ? "\(milliseconds) ms" : "\(Double(milliseconds) / 1000) s"
    return LayerFailure(words: "\(missing) within \(time)", errno: .timedOut)
  }

  /// TCP has ended in mid-handshake.
  init(broken error: Errno) { self.init(words: "\(error) in mid-handshake", errno: error) }
}
