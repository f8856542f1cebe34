package import Addressing
import Foundation
package import Plan
package import TLS

/// What the workers of both ends need for TLS. Made before they are forked, so that all of them have the same.
package struct SecureContexts: Sendable {
  /// Nil where connections are plain.
  package let client: TLSContext?
  /// Nil where connections are plain, and where the server is somebody else's.
  package let server: TLSContext?

  static let none = SecureContexts(client: nil, server: nil)

  private init(client: TLSContext?, server: TLSContext?) {
    self.client = client
    self.server = server
  }

  /// Reads the certificates that the plan names. Where it names none for the built-in server, makes an authority
  /// and a certificate for this run.
  package init(of plan: Plan) throws(InvalidPlan) {
    guard let tls = plan.tls else {
      self = .none
      return
    }
    if plan.needsServerName {
      throw plan.invalid(
        "tls: a certificate is checked for one name, and the targets have several: write 'server-name',"
          + " or 'verify: off'", near: "tls")
    }
    do throws(TLSError) {
      self = try Self.made(tls, plan)
    } catch {
      throw plan.invalid("tls: \(error)", near: Self.words(of: error))
    }
  }

  /// The words of the plan that an error is about, to find their line. Of a file only the name is taken, because
  /// the path in the error may be longer than the one in the plan.
  private static func words(of error: TLSError) -> String {
    switch error {
    case .material(_, let file?, _): file.split(separator: "/").last.map(String.init) ?? file
    case .setting(_, let value, _): value
    default: "tls"
    }
  }

  private static func made(_ tls: PlanTLS, _ plan: Plan) throws(TLSError) -> SecureContexts {
    var trusted: TrustedCertificates? = .system
    var server: TLSContext?
    if let own = plan.server {
      // A ticket costs both ends time, so none is given that nobody resumes.
      let built = try Self.server(tls, at: own.addresses, tickets: tls.resume > 0 ? 1 : 0)
      (server, trusted) = (built.context, built.trusted)
    }
    switch tls.verification {
    case .usual: break
    case .off: trusted = nil
    case .file(let file): trusted = .these(.file(file.path))
    }
    let name = tls.serverName ?? plan.soleHost
    let client = try TLSContext(
      client: ClientSettings(
        terms: TLSTerms(tls), trusted: trusted, serverName: name.map { ServerName($0) },
        identity: tls.clientIdentity.map { TLSIdentity($0) },
        keepsSessions: tls.resume > 0))
    return SecureContexts(client: client, server: server)
  }

  /// What the built-in server needs, and whose certificates show that it is that server. Where `tls` has no certificate
  /// for it, makes an authority and a certificate for these addresses.
  package static func server(
    _ tls: PlanTLS, at addresses: AddressRange, tickets: Int
  ) throws(TLSError) -> (context: TLSContext, trusted: TrustedCertificates) {
    let identity: TLSIdentity
    let trusted: TrustedCertificates
    if let given = tls.serverIdentity {
      identity = TLSIdentity(given)
      trusted = .these(identity.certificate)
    } else {
      let now = Int64(Date().timeIntervalSince1970)
      let authority = try RunAuthority(now: now)
      let names = (0..<min(addresses.count, mostNames)).map { ServerName.address(addresses[$0]) }
      identity = try authority.issue(
        to: names + (tls.serverName.map { [ServerName($0)] } ?? []), now: now)
      trusted = .these(.memory(authority.certificate))
    }
    let context = try TLSContext(
      server: ServerSettings(
        terms: TLSTerms(tls), identity: identity,
        clientAuthorities: tls.clientAuthorities.map { .these(.file($0.path)) }, tickets: tickets))
    return (context, trusted)
  }

  /// The most addresses that the certificate of a run names. A server may listen at more: the clients ask for it
  /// by its first address (`soleHost`), which is among these.
  private static let mostNames = 256
}

extension Plan {
  /// The server name that clients ask for where the plan has no `server-name`; nil where its targets have several
  /// hosts.
  fileprivate var soleHost: String? {
    if let server { return "\(server.addresses.first)" }
    return Set(targets.map(\.host)).count == 1 ? targets[0].host : nil
  }

  /// Whether certificates are checked, and nothing says for which name.
  fileprivate var needsServerName: Bool {
    guard let tls, tls.verification != .off, tls.serverName == nil else { return false }
    return soleHost == nil
  }
}

extension PlanTLS.Version {
  fileprivate var version: TLSVersion { self == .v12 ? .v12 : .v13 }
}

extension TLSTerms {
  fileprivate init(_ tls: PlanTLS) {
    self.init(
      versions: tls.oldest.version...tls.newest.version, ciphers: tls.ciphers, protocols: tls.alpn)
  }
}

extension TLSIdentity {
  fileprivate init(_ files: PlanTLS.Identity) {
    self.init(certificate: .file(files.certificate.path), key: .file(files.key.path))
  }
}
