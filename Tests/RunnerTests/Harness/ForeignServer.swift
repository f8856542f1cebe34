import Addressing
import Foundation
import Linux
import SystemPackage

/// A server from a Debian package, on an address of the test's own.
final class ForeignServer {
  private let process = Process()

  /// Where a program of a package stands; nil when the package is not installed.
  static func path(of name: String) -> String? {
    ["/usr/sbin/", "/usr/bin/"].map { $0 + name }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  struct NeverUp: Error {}

  init(
    _ name: String, _ arguments: [String], at network: Loopback, in directory: URL
  ) throws {
    process.executableURL = URL(fileURLWithPath: Self.path(of: name) ?? name)
    process.arguments = arguments
    process.currentDirectoryURL = directory
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let deadline = Instant.now().advanced(by: .seconds(20))
    while !Self.answers(at: network) {
      guard process.isRunning, .now() < deadline else { throw NeverUp() }
      Poll.waitReadable([], until: .now().advanced(by: .milliseconds(20)))
    }
  }

  private static func answers(at network: Loopback) -> Bool {
    guard let address = SocketAddress(network.endpoint), let socket = try? Socket.open(v6: false)
    else { return false }
    defer { Socket.close(socket) }
    try? Socket.resetOnClose(socket, true)
    // On loopback the answer is there when the call returns.
    guard (try? Socket.connect(socket, to: address)) != nil else { return false }
    return Socket.pendingError(socket) == nil
  }

  deinit {
    guard process.isRunning else { return }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// One process that holds so many connections, its own listener and files among them.
  ///
  /// - Parameter requests: how many it answers on a connection before it closes it.
  static func nginx(
    connections: Int, requests: Int = 1_000_000, at network: Loopback, in workspace: Workspace,
    tls: String? = nil, locations: String = ""
  ) throws -> ForeignServer {
    let root = workspace.directory.appendingPathComponent("www")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    try "hello\n".write(
      to: root.appendingPathComponent("index.html"), atomically: true, encoding: .utf8)
    try String(repeating: "0123456789abcde\n", count: 25_313).write(
      to: root.appendingPathComponent("long.html"), atomically: true, encoding: .utf8)
    let text = """
      daemon off; master_process off; worker_processes 1; error_log stderr; pid nginx.pid;
      events { worker_connections \(connections); }
      http {
        access_log off; keepalive_timeout 300; keepalive_requests \(requests);
        client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
        scgi_temp_path t5;
        server {
          listen \(network.endpoint) backlog=4096\(tls == nil ? "" : " ssl"); \(tls ?? "")
          root \(root.path);
          location = /401 { return 401; } location = /403 { return 403; }
          location = /429 { return 429; } location = /503 { return 503; }
          \(locations)
          location /chunked/ { alias \(root.path)/; ssi on; }
        }
      }
      """
    let file = workspace.directory.appendingPathComponent("nginx.conf")
    try text.write(to: file, atomically: true, encoding: .utf8)
    return try ForeignServer(
      "nginx", ["-c", file.path, "-p", workspace.directory.path], at: network,
      in: workspace.directory)
  }

  static func redis(
    connections: Int, at network: Loopback, in workspace: Workspace
  ) throws -> ForeignServer {
    // In protected mode it turns away all sources but 127.0.0.1.
    try ForeignServer(
      "redis-server",
      [
        "--bind", network.listen, "--port", "\(network.port)", "--maxclients", "\(connections)",
        "--protected-mode", "no", "--save", "", "--daemonize", "no",
      ], at: network, in: workspace.directory)
  }
}
