import Foundation
import Glibc

/// Serves a directory on loopback as Jenkins serves artifacts: under its content policy.
final class PolicyServer {
  static let policy = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"

  private let process = Process()
  /// Where the directory is served, without a slash at its end.
  let address: String

  struct Failed: Error {}

  init(_ folder: Folder) throws {
    let script = """
      import functools, http.server
      class Handler(http.server.SimpleHTTPRequestHandler):
          def end_headers(self):
              self.send_header("Content-Security-Policy", "\(Self.policy)")
              super().end_headers()
          def log_message(self, *words):
              pass
      handler = functools.partial(Handler, directory="\(folder.path)")
      server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
      print(server.server_address[1], flush=True)
      server.serve_forever()
      """
    process.executableURL = Python.path.map { URL(fileURLWithPath: $0) }
    process.arguments = ["-c", script]
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let line = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
    guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      kill(process.processIdentifier, SIGKILL)
      throw Failed()
    }
    address = "http://127.0.0.1:\(port)"
  }

  /// Killed, since Foundation has it block the signals that its own threads block.
  deinit {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}
