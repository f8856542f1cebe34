/// The TLS of a plan's connections. Its files are read only when the plan runs or is checked: a recording keeps no key.
package struct PlanTLS: Sendable, Equatable {
  package enum Version: String, Sendable, CaseIterable {
    case v12 = "1.2"
    case v13 = "1.3"
  }

  /// Which certificates of servers clients accept.
  package enum Verification: Sendable, Equatable {
    /// Of someone else's server, those that the host trusts. Of the built-in server, only its own: the
    /// one in `serverIdentity`, or the one that is made for the run.
    case usual
    /// Any.
    case off
    /// Those in this PEM file, and those whose chain leads to one of them.
    case file(File)
  }

  /// A PEM file.
  package struct File: Sendable, Equatable {
    /// The path by which the user would open it, from the working directory.
    package var path: String
    /// The path as the plan would write it, from the plan's directory.
    package var name: String

    package init(path: String, name: String) {
      self.path = path
      self.name = name
    }
  }

  /// Two PEM files.
  package struct Identity: Sendable, Equatable {
    /// The certificate, with those that lead to its authority.
    package var certificate: File
    /// The private key of the certificate.
    package var key: File

    package init(certificate: File, key: File) {
      self.certificate = certificate
      self.key = key
    }
  }

  package var verification = Verification.usual
  /// The name that clients ask for (SNI) and that the server's certificate must be for; nil for the
  /// name or address of the target, or the address of the built-in server.
  package var serverName: String?
  /// The certificate that clients show to a server that asks for one; nil for none.
  package var clientIdentity: Identity?
  /// The certificate that the built-in server shows; nil for one that is made for the run.
  package var serverIdentity: Identity?
  /// Whose certificates clients of the built-in server have to show: those in this PEM file, and those whose chain leads
  /// to one of them. Nil where it asks for none.
  package var clientAuthorities: File?
  /// The share of clients' handshakes that are to resume a session, from 0 to 1.
  package var resume = 0.0
  package var oldest = Version.v12
  package var newest = Version.v13
  /// The ciphers of TLS 1.2, as a list of openssl-ciphers(1); nil for OpenSSL's own choice.
  package var ciphers: String?
  /// Application protocols that both ends offer, the preferred one first.
  package var alpn: [String] = []

  package init() {}
}
