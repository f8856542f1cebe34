import Addressing
import Foundation
import Testing

@testable import TLS

@Suite struct HandshakeTests {
  static let client = ClientSettings(
    trusted: Certificates.trusted, serverName: .dns("server.test"))

  @Test(arguments: [1, 2, 7, Int.max])
  func `both ends are done, however the bytes are cut`(piece: Int) throws {
    var pair = try Pair()
    #expect(pair.client.wants && pair.client.outputCount > 0 && pair.server.outputCount == 0)
    pair.run(piece: piece)
    #expect(pair.client.records?.suite == pair.server.records?.suite)
    #expect(pair.client.version == .v13 && pair.server.version == .v13)
    #expect(!pair.client.isResumed && !pair.server.isResumed)
    let layer = try RecordLayer()
    var (client, server) = (
      try Carrier(layer, pair.client), try Carrier(layer, pair.server)
    )
    for byte in client.seal("hello") { server.open([byte]) }
    client.open(server.seal("and back"))
    #expect(server.text == "hello" && client.text == "and back")
  }

  @Test(arguments: [1, Int.max])
  func `connections of TLS 1_2 stay with their handshake`(piece: Int) throws {
    var client = Self.client
    client.terms.versions = .v12 ... .v12
    var pair = try Pair(client)
    pair.run(piece: piece)
    #expect(pair.client.isDone && pair.server.isDone)
    #expect(pair.client.records == nil && pair.server.records == nil)
    #expect(pair.client.version == .v12)
    #expect(pair.client.write("hello") && pair.server.write("and back"))
    pair.run(piece: piece)
    #expect(pair.client.readAll() == ("and back", .wants))
    #expect(pair.server.readAll() == ("hello", .wants))
    pair.client.close()
    pair.run(piece: piece)
    #expect(pair.server.readAll() == ("", .closed))
  }

  @Test(arguments: CipherSuite.allCases)
  func `the suite is what was asked for`(suite: CipherSuite) throws {
    var client = Self.client
    client.terms.cipherSuites = suite.name
    var pair = try Pair(client)
    pair.run()
    #expect(pair.client.records?.suite == suite && pair.server.records?.suite == suite)
    #expect(pair.server.cipherName == suite.name)
  }

  @Test func `a suite that the record layer has not stays with its handshake`() throws {
    var (client, server) = (Self.client, ServerSettings(identity: Certificates.server))
    client.terms.cipherSuites = "TLS_AES_128_CCM_SHA256"
    server.terms.cipherSuites = "TLS_AES_128_CCM_SHA256"
    var pair = try Pair(client, server)
    pair.run()
    #expect(pair.client.isDone && pair.client.records == nil && pair.client.version == .v13)
    #expect(pair.client.write("hello"))
    pair.run()
    #expect(pair.server.readAll() == ("hello", .wants))
  }

  @Test func `the application protocol is the server's choice`() throws {
    var (client, server) = (Self.client, ServerSettings(identity: Certificates.server))
    client.terms.protocols = ["h2", "http/1.1", "mqtt"]
    server.terms.protocols = ["mqtt", "h2"]
    var pair = try Pair(client, server)
    pair.run()
    #expect(pair.client.applicationProtocol == "mqtt")
    #expect(pair.server.applicationProtocol == "mqtt")
    server.terms.protocols = []
    pair = try Pair(client, server)
    pair.run()
    #expect(pair.client.isDone && pair.client.applicationProtocol == nil)
    server.terms.protocols = ["http/1.0"]
    pair = try Pair(client, server)
    pair.run()
    #expect(pair.server.failure == .noCommonProtocol)
    #expect(pair.client.failure == .alertReceived(.noApplicationProtocol))
  }

  @Test(arguments: ["127.0.0.1", "::1", "server.test"])
  func `names and addresses are checked`(name: String) throws {
    var pair = try Pair(
      ClientSettings(trusted: Certificates.trusted, serverName: ServerName(name)))
    pair.run()
    #expect(pair.client.isDone && pair.server.isDone)
  }

  // MARK: Failures

  private func failure(of client: ClientSettings) throws -> (TLSFailure?, TLSFailure?) {
    var pair = try Pair(client)
    pair.run()
    return (pair.client.failure, pair.server.failure)
  }

  @Test(arguments: [
    ("other.test", 62, "hostname mismatch"), ("127.0.0.2", 64, "IP address mismatch"),
    ("::2", 64, "IP address mismatch"),
  ])
  func `a certificate for another name is refused`(
    name: String, code: Int32, text: String
  ) throws {
    let failures = try failure(
      of: ClientSettings(trusted: Certificates.trusted, serverName: ServerName(name)))
    #expect(failures.0 == .certificate(TLSFailure.Verification(code: code, text: text)))
    #expect(failures.1 == .alertReceived(Alert(rawValue: 42)))
  }

  @Test func `a server's own certificate may be what is trusted, whoever issued it`() throws {
    var settings = ClientSettings(trusted: .these(Certificates.server.certificate))
    settings.serverName = ServerName("127.0.0.1")
    let failures = try failure(of: settings)
    #expect(failures.0 == nil && failures.1 == nil)
  }

  /// libcrypto's own errors stand before the TLS library's.
  @Test func `a certificate whose signature is wrong is the certificate's fault`() throws {
    let whole = try Certificates.authority.issue(to: Certificates.names, now: now())
    guard case .memory(let pem) = whole.certificate else { return }
    let lines = String(decoding: pem, as: UTF8.self).split(separator: "\n")
    var der = try #require(Data(base64Encoded: lines.dropFirst().dropLast().joined()))
    der[der.count - 1] ^= 1
    let broken =
      "-----BEGIN CERTIFICATE-----\n\(der.base64EncodedString())\n-----END CERTIFICATE-----\n"
    var pair = try Pair(
      ClientSettings(trusted: Certificates.trusted, serverName: .dns("server.test")),
      ServerSettings(
        identity: TLSIdentity(certificate: .memory(Array(broken.utf8)), key: whole.key)))
    pair.run()
    #expect(
      pair.client.failure == .certificate(.init(code: 7, text: "certificate signature failure")))
    #expect(pair.server.failure == .alertReceived(Alert(rawValue: 51)))
  }

  @Test func `a certificate of an unknown authority is refused`() throws {
    let stranger = try RunAuthority(now: now())
    let failures = try failure(
      of: ClientSettings(trusted: .these(.memory(stranger.certificate))))
    guard case .certificate(let found)? = failures.0 else {
      Issue.record("\(failures)")
      return
    }
    #expect(found.code == 20 && found.text == "unable to get local issuer certificate")
    #expect(failures.1 == .alertReceived(.unknownCA))
    let system = try failure(of: ClientSettings(trusted: .system))
    guard case .certificate? = system.0 else {
      Issue.record("\(system)")
      return
    }
  }

  @Test func `a certificate is refused before and after its time`() throws {
    for (validity, text, alert) in [
      (now() - 7200...now() - 3600, "certificate has expired", Alert.certificateExpired),
      (now() + 3600...now() + 7200, "certificate is not yet valid", Alert(rawValue: 42)),
    ] {
      let identity = try Certificates.authority.issue(to: Certificates.names, validity: validity)
      var pair = try Pair(Self.client, ServerSettings(identity: identity))
      pair.run()
      guard case .certificate(let found)? = pair.client.failure else {
        Issue.record("\(pair.client.state)")
        continue
      }
      #expect(found.text == text)
      #expect(pair.server.failure == .alertReceived(alert))
    }
  }

  @Test func `whatever the certificate, it is taken where none is verified`() throws {
    let identity = try RunAuthority(now: now()).issue(to: [], validity: now() - 7200...now() - 3600)
    var pair = try Pair(
      ClientSettings(trusted: nil, serverName: .dns("other.test")),
      ServerSettings(identity: identity))
    pair.run()
    #expect(pair.client.isDone && pair.server.isDone)
  }

  @Test func `no common version`() throws {
    var (client, server) = (Self.client, ServerSettings(identity: Certificates.server))
    client.terms.versions = .v12 ... .v12
    server.terms.versions = .v13 ... .v13
    var pair = try Pair(client, server)
    pair.run()
    #expect(pair.server.failure == .noCommonVersion)
    #expect(pair.client.failure == .alertReceived(.protocolVersion))
  }

  @Test func `no common cipher`() throws {
    var (client, server) = (Self.client, ServerSettings(identity: Certificates.server))
    client.terms.cipherSuites = "TLS_AES_128_GCM_SHA256"
    server.terms.cipherSuites = "TLS_CHACHA20_POLY1305_SHA256"
    var pair = try Pair(client, server)
    pair.run()
    #expect(pair.server.failure == .noCommonCipher)
    #expect(pair.client.failure == .alertReceived(.handshakeFailure))
    client.terms = TLSTerms(versions: .v12 ... .v12, ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256")
    server.terms = TLSTerms(ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384")
    pair = try Pair(client, server)
    pair.run()
    #expect(pair.server.failure == .noCommonCipher)
  }

  @Test func `client certificates`() throws {
    let server = ServerSettings(
      identity: Certificates.server, clientAuthorities: Certificates.trusted)
    for versions in [TLSVersion.v12 ... .v12, .v13 ... .v13] {
      var client = Self.client
      client.terms.versions = versions
      client.identity = try Certificates.authority.issue(to: [], now: now())
      var pair = try Pair(client, server)
      pair.run()
      #expect(pair.client.isDone && pair.server.isDone)

      client.identity = try RunAuthority(now: now()).issue(to: [], now: now())
      pair = try Pair(client, server)
      pair.run()
      guard case .certificate? = pair.server.failure else {
        Issue.record("\(pair.server.state)")
        continue
      }

      client.identity = nil
      pair = try Pair(client, server)
      pair.run()
      #expect(pair.server.failure == .noClientCertificate)
      guard versions.lowerBound == .v13 else {
        #expect(pair.client.failure == .alertReceived(.handshakeFailure))
        continue
      }
      // The client of TLS 1.3 is done before the server has looked: the alert is in a record.
      let carrier = try Carrier(RecordLayer(), pair.client)
      #expect(carrier.end == .alert(.certificateRequired))
    }
  }

  @Test(arguments: ["GET / HTTP/1.1\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "220 mail", "\u{16}a", "+OK"])
  func `what is no TLS is told at once`(text: String) throws {
    for piece in [1, 100] {
      let server = try Handshake(TLSContext(server: ServerSettings(identity: Certificates.server)))
      let client = try Handshake(TLSContext(client: Self.client))
      for end in [server, client] {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
          end.receive(Array(rest.prefix(piece)))
          rest = rest.dropFirst(piece)
        }
        guard case .notTLS(let bytes)? = end.failure else {
          Issue.record("\(end.state)")
          continue
        }
        #expect(Array(text.utf8).starts(with: bytes) && !bytes.isEmpty)
      }
      #expect(server.outputCount == 0)
    }
    let failure = TLSFailure.notTLS(Array("a\"\n".utf8))
    #expect(failure.description == "not TLS: \"a\\\"\\x0a\"")
  }

  @Test func `a peer that goes is a failure until the handshake is over`() throws {
    var pair = try Pair()
    let hello = pair.client.takeAll()
    pair.server.receive(hello)
    pair.server.peerClosed()
    #expect(pair.server.failure == .closed)
    pair = try Pair()
    pair.run()
    pair.client.peerClosed()
    #expect(pair.client.isDone)
  }

  @Test func `an alert in mid-handshake has its name`() throws {
    for (level, number) in [(2, 40), (2, 112), (1, 0), (2, 250)] as [(UInt8, UInt8)] {
      let client = try Handshake(TLSContext(client: Self.client))
      client.receive([21, 3, 3, 0, 2, level, number])
      #expect(client.failure == .alertReceived(Alert(rawValue: number)), "\(client.state)")
    }
    #expect("\(Alert.unknownCA)" == "unknown_ca (48)" && "\(Alert(rawValue: 200))" == "alert 200")
  }

  /// Whatever bytes come in a handshake's place, nothing traps, and both ends come to an end.
  @Test func `a handshake that is changed on its way fails`() throws {
    var generator = Dice(seed: 3)
    let (client, server) = (
      try TLSContext(client: Self.client),
      try TLSContext(server: ServerSettings(identity: Certificates.server, tickets: 2))
    )
    for _ in 0..<150 {
      let pair = try Pair(client, server)
      var failed = false
      for _ in 0..<4 {
        for (from, to) in [(pair.client, pair.server), (pair.server, pair.client)] {
          var bytes = from.takeAll()
          if !failed, !bytes.isEmpty, generator.next(3) == 0 {
            let place = generator.next(bytes.count)
            switch generator.next(3) {
            case 0: bytes[place] ^= UInt8(1 << generator.next(8))
            case 1: bytes.removeSubrange(place...)
            default: bytes.insert(UInt8(generator.next(256)), at: place)
            }
            failed = true
          }
          to.receive(bytes)
        }
      }
      if failed {
        pair.client.peerClosed()
        pair.server.peerClosed()
      }
      #expect(!pair.client.wants && !pair.server.wants)
    }
  }
}

/// Numbers that look random, the same ones each time.
struct Dice {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }
}
