import SystemPackage
package import WorkerLog

/// How far the opening of a layer on top of TCP is: a handshake of TLS, the upgrade to a WebSocket.
package enum LayerStep: Sendable, Equatable {
  /// There is no such layer, or it is TCP's handshake that has not ended well.
  case none
  case underWay(FailedCall)
  /// The layer has failed, at its opening or later. Why, in words.
  case failed(FailedCall, String)
}

/// Why a layer on top of TCP has failed on a connection.
struct LayerFailure {
  var words: String
  var errno: Errno

  init(words: String, errno: Errno) {
    self.words = words
    self.errno = errno
  }

  /// TCP has ended in mid-handshake.
  init(broken error: Errno) { self.init(words: "\(error) in mid-handshake", errno: error) }
}
