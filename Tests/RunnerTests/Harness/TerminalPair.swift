import Foundation
import Glibc
import Testing

/// A terminal through tmux, of one pane or of two, one above the other: what they show is what a
/// person would see.
final class TerminalPair {
  static let tmux = "/usr/bin/tmux"

  private let socket: String
  private let workspace: Workspace

  /// - Parameter upper: the program that runs in the only or the upper pane, with its arguments.
  init(upper: [String], columns: Int = 100, rows: Int = 40, in workspace: Workspace) throws {
    self.workspace = workspace
    socket = workspace.url("tmux").path
    try run(
      ["-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)"]
        + ["-c", workspace.directory.path] + upper)
    // What a program said last stays to be seen.
    try run(["set-option", "-g", "remain-on-exit", "on"])
  }

  deinit { _ = try? run(["kill-server"]) }

  func split(_ lower: [String]) throws {
    try run(["split-window", "-v", "-t", "0.0"] + lower)
  }

  /// Types a line into a pane, the lower one unless said otherwise.
  func type(_ line: String, pane: Int = 1) throws {
    try run(["send-keys", "-t", "0.\(pane)", "-l", line])
    try run(["send-keys", "-t", "0.\(pane)", "Enter"])
  }

  func resize(columns: Int) throws {
    try run(["resize-window", "-t", "0", "-x", "\(columns)"])
  }

  /// What a pane shows, with the sequences that colour it.
  func coloured(pane: Int) -> String {
    (try? run(["capture-pane", "-e", "-p", "-t", "0.\(pane)"])) ?? ""
  }

  /// Presses a key there, by tmux's name for it.
  func press(_ key: String, pane: Int) throws { try run(["send-keys", "-t", "0.\(pane)", key]) }

  /// The lines that a pane shows, without the empty ones.
  func lines(ofPane pane: Int) -> [Substring] {
    ((try? run(["capture-pane", "-p", "-t", "0.\(pane)"])) ?? "").split(separator: "\n")
  }

  /// Waits until a pane shows it.
  func shows(_ text: String, pane: Int, within limit: Duration = .seconds(20)) -> Bool {
    holds(within: limit) { lines(ofPane: pane).contains { $0.contains(text) } }
  }

  struct Failed: Error {
    let arguments: [String]
    let status: Int32
  }

  /// Runs tmux and returns what it prints.
  ///
  /// Not through Foundation's `Process`: that passes on the signals that its threads block, and
  /// without SIGCHLD tmux does not notice the end of a program; and the server, which stays, would
  /// hold on to what tells the end of the process that started it.
  @discardableResult
  private func run(_ arguments: [String]) throws -> String {
    let output = workspace.fresh("tmux")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output.path, O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    // Closing what is not open is no error here.
    for descriptor in Int32(3)..<1024 { posix_spawn_file_actions_addclose(&actions, descriptor) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    var words = Self.copied([Self.tmux, "-S", socket] + arguments)
    var environment = Self.copied([
      "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "TERM=xterm", "SHELL=/bin/sh",
    ])
    defer { for word in words + environment { free(word) } }
    var id: pid_t = 0
    var status = posix_spawn(&id, Self.tmux, &actions, &attributes, &words, &environment)
    guard status == 0 else { throw Failed(arguments: arguments, status: status) }
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw Failed(arguments: arguments, status: status) }
    return String(decoding: try Data(contentsOf: output), as: UTF8.self)
  }

  /// As C wants them.
  private static func copied(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    texts.map { strdup($0) } + [nil]
  }
}
