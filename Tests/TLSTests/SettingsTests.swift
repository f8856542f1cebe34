import Foundation
import Testing

@testable import TLS

/// What is wrong with what a user gives is said with its file.
@Suite struct SettingsTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "tls-\(UUID().uuidString)")

  private func file(_ name: String, _ source: PEMSource?) throws -> String {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.appendingPathComponent(name).path
    guard case .memory(let bytes)? = source else { return path }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func error(_ body: () throws -> Void) -> TLSError? {
    do { try body() } catch { return error as? TLSError }
    return nil
  }

  @Test func `certificates, keys and authorities are read from files`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let identity = TLSIdentity(
      certificate: .file(try file("server.pem", Certificates.server.certificate)),
      key: .file(try file("server.key", Certificates.server.key)))
    let authority = try file("ca.pem", .memory(Certificates.authority.certificate))
    var pair = try Pair(
      ClientSettings(trusted: .these(.file(authority)), serverName: .dns("server.test")),
      ServerSettings(identity: identity))
    pair.run()
    #expect(pair.client.isDone && pair.server.isDone)
  }

  @Test func `files that are wrong are named`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let missing = try file("missing.pem", nil)
    let text = try file("text.pem", .memory(Array("no PEM\n".utf8)))
    let other = try Certificates.authority.issue(to: [], now: now())
    let otherKey = try file("other.key", other.key)
    for (path, reason) in [(missing, "No such file or directory"), (text, "no start line")] {
      let authority = error {
        _ = try TLSContext(client: ClientSettings(trusted: .these(.file(path))))
      }
      guard case .material(.authority, path, let said)? = authority else {
        Issue.record("\(String(describing: authority))")
        continue
      }
      #expect(said.contains(reason))
      let certificate = error {
        _ = try TLSContext(
          server: ServerSettings(
            identity: TLSIdentity(certificate: .file(path), key: Certificates.server.key)))
      }
      guard case .material(.certificate, path, _)? = certificate else {
        Issue.record("\(String(describing: certificate))")
        continue
      }
    }
    let mismatch = error {
      _ = try TLSContext(
        server: ServerSettings(
          identity: TLSIdentity(
            certificate: Certificates.server.certificate, key: .file(otherKey))))
    }
    #expect(
      mismatch == .material(.key, file: otherKey, reason: "key values mismatch"))
    #expect("\(try #require(mismatch))" == "\(otherKey): private key: key values mismatch")
    let ofAnotherKind = Array(
      """
      -----BEGIN PRIVATE KEY-----
      MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
      -----END PRIVATE KEY-----

      """.utf8)
    let kinds = error {
      _ = try TLSContext(
        server: ServerSettings(
          identity: TLSIdentity(
            certificate: Certificates.server.certificate, key: .memory(ofAnotherKind))))
    }
    #expect(kinds == .material(.key, file: nil, reason: "different key types; key type mismatch"))
  }

  @Test func `what is no file is refused at once`() throws {
    let directory = FileManager.default.temporaryDirectory.path
    let pipe = directory + "/runner-\(UUID().uuidString)"
    #expect(mkfifo(pipe, 0o600) == 0)
    defer { unlink(pipe) }
    for (path, reason) in [(directory, "is a directory"), (pipe, "is no regular file")] {
      let refused = error {
        _ = try TLSContext(client: ClientSettings(trusted: .these(.file(path))))
      }
      #expect(refused == .material(.authority, file: path, reason: reason))
    }
  }

  @Test func `an encrypted key is refused, and nobody is asked for a password`() throws {
    let key = Array(
      """
      -----BEGIN ENCRYPTED PRIVATE KEY-----
      MIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBAAAAAAAAAAAAAAAAAA
      -----END ENCRYPTED PRIVATE KEY-----

      """.utf8)
    let refused = error {
      _ = try TLSContext(
        server: ServerSettings(
          identity: TLSIdentity(certificate: Certificates.server.certificate, key: .memory(key))))
    }
    guard case .material(.key, nil, _)? = refused else {
      Issue.record("\(String(describing: refused))")
      return
    }
  }

  @Test func `settings that OpenSSL does not take are named`() {
    func terms(_ change: (inout TLSTerms) -> Void) -> TLSError? {
      var settings = ClientSettings(trusted: nil)
      change(&settings.terms)
      return error { _ = try TLSContext(client: settings) }
    }
    #expect(
      terms { $0.ciphers = "NO-SUCH" }
        == .setting("ciphers", value: "NO-SUCH", reason: "no cipher match"))
    for suites in ["NO_SUCH", ""] {
      guard case .setting("cipher suites", suites, _)? = terms({ $0.cipherSuites = suites }) else {
        Issue.record("\(suites)")
        continue
      }
    }
    for name in ["", String(repeating: "x", count: 256)] {
      guard case .setting("protocol", name, _)? = terms({ $0.protocols = ["h2", name] }) else {
        Issue.record("\(name)")
        continue
      }
    }
    for name in ["", "a b", "ä.test", "a\u{0}b", String(repeating: "x", count: 256)] {
      let refused = error {
        _ = try TLSContext(client: ClientSettings(trusted: nil, serverName: .dns(name)))
      }
      guard case .setting("server name", name, _)? = refused else {
        Issue.record("\(name)")
        continue
      }
    }
  }

  @Test func `a name with a comma is one name`() throws {
    let identity = try Certificates.authority.issue(to: [.dns("a.test,DNS:b.test")], now: now())
    var pair = try Pair(
      ClientSettings(trusted: Certificates.trusted, serverName: .dns("b.test")),
      ServerSettings(identity: identity))
    pair.run()
    #expect(pair.client.failure != nil)
  }
}
