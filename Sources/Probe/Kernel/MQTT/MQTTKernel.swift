import SystemPackage
import WorkerLog

/// A kernel whose connections speak MQTT.
typealias MQTTKernel<Base: Kernel & ~Copyable> = SessionKernel<Base, MQTTSession>

extension SessionKernel where Base: ~Copyable, Talk == MQTTSession {
  /// - Parameter descriptors: every descriptor is below this number.
  init(
    _ base: consuming Base, _ terms: MQTTTerms, isServer: Bool, descriptors: Int
  ) throws(WorkerSetupFailure) {
    let session = try starting(.map) { () throws(Errno) in
      try MQTTSession(terms, isServer: isServer, descriptors: descriptors)
    }
    try self.init(base, session, kind: .binary, descriptors: descriptors)
  }
}

/// The columns of an `MQTTKernel`.
package enum MQTTColumns {
  /// Bytes that they have for each connection of a client.
  package static let bytesPerEnd = MQTTKernel<LinuxKernel>.bytesPerEnd
  /// Bytes that they have besides for each connection of a server.
  package static let bytesOfFilters = MQTTFilters.bytesPerConnection
}
