package import Addressing

package enum TLSVersion: Int32, Sendable, Comparable {
  case v12 = 0x0303
  case v13 = 0x0304

  package static func < (one: TLSVersion, other: TLSVersion) -> Bool {
    one.rawValue < other.rawValue
  }
}

/// A name of a server: clients ask for it, and look for it in the server's certificate.
package enum ServerName: Equatable, Hashable, Sendable {
  case dns(String)
  /// Checked in the certificate and never sent: in a ClientHello server names are DNS names.
  /// Source: RFC 6066, section 3.
  case address(IPAddress)

  package init(_ text: String) { self = IPAddress(text).map(Self.address) ?? .dns(text) }
}

/// Where a certificate or a key is, as PEM.
package enum PEMSource: Equatable, Sendable {
  case file(String)
  case memory([UInt8])

  var file: String? { if case .file(let path) = self { path } else { nil } }
}

/// What an end identifies itself with.
package struct TLSIdentity: Equatable, Sendable {
  /// The end's certificate, followed by those that lead from it to the CA.
  package var certificate: PEMSource
  package var key: PEMSource

  package init(certificate: PEMSource, key: PEMSource) {
    self.certificate = certificate
    self.key = key
  }
}

/// The certificates that an end trusts.
package enum TrustedCertificates: Equatable, Sendable {
  /// Those of the host.
  case system
  case these(PEMSource)
}

/// What either end of a connection may offer.
package struct TLSTerms: Equatable, Sendable {
  package var versions: ClosedRange<TLSVersion>
  /// Of TLS 1.2, in OpenSSL's words (openssl-ciphers(1)); nil for the library's own choice.
  package var ciphers: String?
  /// Of TLS 1.3, such as `TLS_AES_128_GCM_SHA256`, separated by colons; nil for the library's choice.
  package var cipherSuites: String?
  /// Application protocols (ALPN), the preferred one first.
  package var protocols: [String]

  package init(
    versions: ClosedRange<TLSVersion> = .v12 ... .v13, ciphers: String? = nil,
    cipherSuites: String? = nil, protocols: [String] = []
  ) {
    self.versions = versions
    self.ciphers = ciphers
    self.cipherSuites = cipherSuites
    self.protocols = protocols
  }
}

package struct ClientSettings: Equatable, Sendable {
  package var terms: TLSTerms
  /// Nil to accept any certificate of the server.
  package var trusted: TrustedCertificates?
  /// The server name of a handshake that is given none of its own; nil to send no name and to check none.
  package var serverName: ServerName?
  package var identity: TLSIdentity?
  /// Whether sessions that servers give are kept, for `Handshake.takeSession`.
  package var keepsSessions: Bool

  package init(
    terms: TLSTerms = TLSTerms(), trusted: TrustedCertificates? = .system,
    serverName: ServerName? = nil, identity: TLSIdentity? = nil, keepsSessions: Bool = false
  ) {
    self.terms = terms
    self.trusted = trusted
    self.serverName = serverName
    self.identity = identity
    self.keepsSessions = keepsSessions
  }
}

package struct ServerSettings: Equatable, Sendable {
  package var terms: TLSTerms
  package var identity: TLSIdentity
  /// The authorities that clients' certificates must come from. Every client then has to show one; nil to ask for
  /// none.
  package var clientAuthorities: TrustedCertificates?
  /// How many session tickets a full handshake of TLS 1.3 ends with; 0 for no resumption in any version.
  package var tickets: Int

  package init(
    terms: TLSTerms = TLSTerms(), identity: TLSIdentity,
    clientAuthorities: TrustedCertificates? = nil, tickets: Int = 0
  ) {
    self.terms = terms
    self.identity = identity
    self.clientAuthorities = clientAuthorities
    self.tickets = tickets
  }
}
