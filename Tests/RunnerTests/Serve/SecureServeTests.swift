import Foundation
import Glibc
import Testing

/// `runner serve --tls`, with the client of OpenSSL.
@Suite(.tags(.realKernel), .enabled(if: OpenSSL.path != nil, "openssl is not installed"))
struct SecureServeTests {
  private let workspace: Workspace
  private let network: Loopback

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
  }

  private func serve(_ arguments: [String]) throws -> RunningProgram {
    let program = try workspace.start(["serve", "--listen", network.endpoint] + arguments)
    #expect(
      program.wait { program.errorsSoFar.contains("room for ") }, "\(program.errorsSoFar)")
    return program
  }

  private func client(_ arguments: [String] = []) throws -> OpenSSL {
    try OpenSSL(["s_client", "-connect", network.endpoint] + arguments, in: workspace)
  }

  @Test(arguments: ["-tls1_2", "-tls1_3"])
  func `gives back what it hears, with a certificate of its own making`(version: String) throws {
    let program = try serve(["--tls"])
    let client = try client([version])
    #expect(client.says("Verify return code"))
    client.say("there and back\n")
    #expect(client.says("there and back"))
    program.signal(SIGTERM)
    #expect(program.wait().exitCode == 0)
  }

  @Test func `shows the certificate that it is given`() throws {
    try OpenSSL.certificate(in: workspace)
    let program = try serve(["--certificate", "server.pem", "--key", "server.key"])
    defer { withExtendedLifetime(program) {} }
    let client = try client(["-CAfile", "server.pem", "-verify_hostname", "server.test"])
    #expect(client.says("Verify return code: 0 (ok)"), "\(client.text)")
  }

  @Test func `turns away whoever shows no certificate where it asks for one`() throws {
    try OpenSSL.certificate("client", for: "DNS:client.test", in: workspace)
    let program = try serve(["--tls", "--verify", "client.pem"])
    let stranger = try client()
    #expect(stranger.says("certificate required"), "\(stranger.text)")
    let known = try client(["-cert", "client.pem", "-key", "client.key"])
    #expect(known.says("Verify return code"))
    known.say("there and back\n")
    #expect(known.says("there and back"), "\(known.text)")
    #expect(!program.errorsSoFar.contains("limit"), "\(program.errorsSoFar)")
  }

  @Test(arguments: [
    (
      ["--certificate", "none.pem", "--key", "none.key"], 104, "none.pem: certificate: No such file"
    ),
    (["--tls", "--verify", "none.pem"], 104, "none.pem"),
    (["--certificate", "none.pem"], 64, "--certificate and --key belong together"),
  ])
  func `says what is wrong with a certificate`(
    arguments: [String], code: Int32, words: String
  ) throws {
    let ending = try workspace.run(["serve", "--listen", network.endpoint] + arguments)
    #expect(ending.exitCode == code)
    #expect(ending.errors.contains(words), "\(ending.errors)")
  }
}
