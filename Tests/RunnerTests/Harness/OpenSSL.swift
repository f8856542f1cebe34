import Foundation

/// The program `openssl`, as a server, as a client, and to make certificates.
final class OpenSSL {
  static let path = ForeignServer.path(of: "openssl")

  struct Failed: Error { var what: String }

  private let process = Process()
  private let commands = Pipe()
  private let output: URL

  /// Starts it.
  init(_ arguments: [String], in workspace: Workspace) throws {
    output = workspace.fresh("openssl")
    process.executableURL = URL(fileURLWithPath: Self.path ?? "openssl")
    process.arguments = arguments
    process.currentDirectoryURL = workspace.directory
    process.standardInput = commands
    let file = try FileHandle(forWritingTo: output)
    process.standardOutput = file
    process.standardError = file
    try process.run()
  }

  deinit {
    guard process.isRunning else { return }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  func say(_ text: String) { commands.fileHandleForWriting.write(Data(text.utf8)) }

  var text: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

  /// Whether words come, before it ends or ten seconds have passed.
  func says(_ words: String) -> Bool {
    for _ in 0..<1000 {
      let isOver = !process.isRunning
      if text.contains(words) { return true }
      if isOver { return false }
      Thread.sleep(forTimeInterval: 0.01)
    }
    return false
  }

  private func waitForEnd() throws {
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed(what: text) }
  }

  /// `NAME.pem` and `NAME.key`: a certificate that vouches for itself.
  static func certificate(
    _ name: String = "server", for names: String = "DNS:server.test", days: Int = 1,
    in workspace: Workspace
  ) throws {
    try OpenSSL(
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
        "\(name).key", "-out", "\(name).pem", "-subj", "/CN=\(name)", "-days", "\(days)", "-addext",
        "subjectAltName=\(names)",
      ], in: workspace
    ).waitForEnd()
  }

  /// A server that listens.
  static func server(
    _ arguments: [String] = [], at network: Loopback, in workspace: Workspace
  ) throws -> OpenSSL {
    let server = try OpenSSL(
      ["s_server", "-accept", network.endpoint, "-cert", "server.pem", "-key", "server.key"]
        + arguments, in: workspace)
    guard server.says("ACCEPT") else { throw Failed(what: server.text) }
    return server
  }
}
