import SystemPackage
import WorkerLog

/// A kernel whose connections are WebSockets.
typealias WebSocketKernel<Base: Kernel & ~Copyable> = SessionKernel<Base, WebSocketSession>

extension SessionKernel where Base: ~Copyable, Talk == WebSocketSession {
  /// - Parameter descriptors: every descriptor is below this number.
  init(
    _ base: consuming Base, _ terms: WebSocketTerms, isServer: Bool, descriptors: Int
  ) throws(WorkerSetupFailure) {
    let session = try starting(.map) { () throws(Errno) in
      try WebSocketSession(terms, isServer: isServer, descriptors: descriptors)
    }
    try self.init(base, session, kind: terms.kind, descriptors: descriptors)
  }
}

/// The columns of a `WebSocketKernel`.
package enum WebSocketColumns {
  /// Bytes that the columns take for each connection.
  package static let bytesPerEnd = WebSocketKernel<LinuxKernel>.bytesPerEnd
}
