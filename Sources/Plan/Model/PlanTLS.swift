/// The TLS of a plan's connections. Files are named as seen from the working directory, and read only
/// where the plan runs: a recording keeps no key.
package struct PlanTLS: Sendable, Equatable {
  package enum Version: String, Sendable, CaseIterable {
    case v12 = "1.2"
    case v13 = "1.3"
  }

  /// Whose certificates clients take.
  package enum Verification: Sendable, Equatable {
    /// Those that the host trusts; with the built-in server's own certificate, that one alone.
    case usual
    /// Anybody's.
    case off
    /// Those that a file has, or that its certificates vouch for.
    case file(String)
  }

  /// A certificate, with those that lead to its authority, and its key; both as PEM.
  package struct Identity: Sendable, Equatable {
    package var certificate: String
    package var key: String

    package init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  package var verification = Verification.usual
  /// What clients ask for, and check; nil for the target's own name or address.
  package var serverName: String?
  /// What clients show when they are asked; nil for nothing.
  package var clientIdentity: Identity?
  /// What the built-in server shows; nil for a certificate that is made for the run.
  package var serverIdentity: Identity?
  package var oldest = Version.v12
  package var newest = Version.v13
  /// Of TLS 1.2, in OpenSSL's words; nil for its own choice.
  package var ciphers: String?
  /// Application protocols, the preferred one first.
  package var alpn: [String] = []

  package init() {}
}
