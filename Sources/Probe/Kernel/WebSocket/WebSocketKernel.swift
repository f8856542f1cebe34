import SystemPackage
import WorkerLog

/// A kernel whose connections are WebSockets.
typealias WebSocketKernel<Base: Kernel & ~Copyable> = SessionKernel<Base, WebSocketSession>

extension SessionKernel where Base: ~Copyable, Talk == WebSocketSession {
  /// - Parameters:
  ///   - descriptors: every descriptor is below this number.
  ///   - seed: as of `RandomWords`.
  init(
    _ base: consuming Base, _ terms: WebSocketTerms, isServer: Bool, descriptors: Int,
    seed: UInt64? = nil
  ) throws(WorkerSetupFailure) {
    let session = try starting(.map) { () throws(Errno) in
      try WebSocketSession(terms, isServer: isServer, descriptors: descriptors, seed: seed)
    }
    try self.init(base, session, kind: terms.kind, descriptors: descriptors)
  }
}

/// The columns of a `WebSocketKernel`.
package enum WebSocketColumns {
  /// Bytes that the columns take for each connection.
  package static let bytesPerEnd = WebSocketKernel<LinuxKernel>.bytesPerEnd
}
