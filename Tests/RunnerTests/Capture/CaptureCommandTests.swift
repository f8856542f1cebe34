import Foundation
import Testing

/// What `runner capture` refuses before anyone connects, and its help.
@Suite(.tags(.realKernel)) struct CaptureCommandTests {
  private let workspace: Workspace
  private let network: Loopback
  /// Where the proxy would listen.
  private let proxy: String

  init() throws {
    workspace = try Workspace()
    network = try Loopback()
    proxy = "\(network.source(50)):\(network.port)"
  }

  @Test(arguments: [
    (["--listen", "0.0.0.0:7000", "--forward", "127.0.0.1:1"], "may be reached by strangers"),
    (["--listen", "127.0.0.1:7000", "--forward", "192.0.2.1:1"], "is a public address"),
    (["--listen", "127.0.0.1:7000", "--forward", "127.0.0.1:7000"], "are both 127.0.0.1:7000"),
    (["--listen", "nowhere.invalid:1", "--forward", "127.0.0.1:7000"], "has no address"),
  ])
  func `addresses that cannot be used are exit 104`(arguments: [String], why: String) throws {
    let ending = try workspace.run(["capture", "-o", "x"] + arguments)
    #expect(ending.exitCode == 104)
    #expect(ending.errors.contains(why), "\(ending.errors)")
    #expect(ending.errorLines.count == 1)
    #expect(!workspace.exists("x"))
  }

  @Test func `where someone listens already it is exit 100`() throws {
    let listener = try TCPListener(proxy)
    let ending = try workspace.run([
      "capture", "--listen", proxy, "--forward", network.endpoint, "-o", "x",
    ])
    #expect(ending.exitCode == 100)
    #expect(ending.errors.contains("EADDRINUSE"))
    #expect(!workspace.exists("x"))
    withExtendedLifetime(listener) {}
  }

  @Test func `a file that cannot be written is said before anyone connects`() throws {
    try workspace.write("in the way", to: "file")
    for path in ["file/x", "."] {
      let ending = try workspace.run([
        "capture", "--listen", proxy, "--forward", network.endpoint, "-o", path,
      ])
      #expect(ending.exitCode == 107)
      #expect(ending.errors.contains("\(path) cannot be written"), "\(ending.errors)")
    }
  }

  @Test(arguments: [
    ["--redact", "a("], ["--redact", "\\q"], ["--connections", "0"], ["--duration", "5"],
    ["--bogus"],
  ])
  func `a wrong command line is exit 64`(arguments: [String]) throws {
    let ending = try workspace.run(
      ["capture", "--listen", proxy, "--forward", network.endpoint, "-o", "x"] + arguments)
    #expect(ending.exitCode == 64)
    #expect(ending.errors.hasPrefix("Error: "))
  }

  @Test func `help has examples and the exit codes`() throws {
    let output = try workspace.run(["capture", "--help"]).output
    for part in ["runner capture --listen 127.0.0.1:7000", " 104 ", " 107 "] {
      #expect(output.contains(part), "\(part)")
    }
  }
}
