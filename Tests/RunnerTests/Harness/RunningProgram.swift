import Foundation
import Synchronization
import Testing

/// The built `runner`, started as a child process.
final class RunningProgram {
  /// It stands beside the bundle of the tests.
  static let path: String = {
    let bundle =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("runner")
      .path
  }()

  private let process = Process()
  private let ended = DispatchSemaphore(value: 0)
  private let output: URL
  private let errors: URL
  private let workspace: Workspace
  private let input: FileHandle?

  /// - Parameters:
  ///   - shell: a script that starts the program in its own way, as `"$0" "$@"`.
  ///   - takesInput: whether `type` is to be used; else its standard input is empty.
  init(
    _ arguments: [String], in workspace: Workspace, environment: [String: String], shell: String?,
    takesInput: Bool
  ) throws {
    self.workspace = workspace
    // Tests run side by side, and preflight would tell each of the others.
    let takesPlans = arguments.first.map { $0.hasSuffix(".plan") || $0 == "run" } ?? false
    let isQuiet = arguments.contains("--preflight") || arguments.contains("--help")
    let arguments = arguments + (takesPlans && !isQuiet ? ["--preflight", "off"] : [])
    output = workspace.fresh("stdout")
    errors = workspace.fresh("stderr")
    if let shell {
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", shell, Self.path] + arguments
    } else {
      process.executableURL = URL(fileURLWithPath: Self.path)
      process.arguments = arguments
    }
    process.currentDirectoryURL = workspace.directory
    process.environment = ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"]
      .merging(Self.sanitizers) { $1 }.merging(environment) { $1 }
    let pipe = takesInput ? Pipe() : nil
    input = pipe?.fileHandleForWriting
    process.standardInput = pipe ?? FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    process.terminationHandler = { [ended] _ in ended.signal() }
    try process.run()
  }

  /// What a build with a sanitizer is told: where to write what it finds.
  private static var sanitizers: [String: String] {
    ProcessInfo.processInfo.environment.filter { $0.key.hasSuffix("SAN_OPTIONS") }
  }

  deinit {
    if process.isRunning { kill(id, SIGKILL) }
  }

  var id: Int32 { process.processIdentifier }

  /// What it has said so far.
  var errorsSoFar: String { Self.text(of: errors) }
  var outputSoFar: String { Self.text(of: output) }

  /// Gives it a line to read.
  func type(_ line: String) throws { try input?.write(contentsOf: Data((line + "\n").utf8)) }

  /// There is nothing more to read.
  func endInput() throws { try input?.close() }

  func signal(_ number: Int32) { kill(id, number) }

  /// How it ended. When it does not end by then, it is killed, and the test has failed.
  func wait(
    atMost limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation
  ) -> Ending {
    let bound = Double(limit.components.seconds)
    if ended.wait(timeout: .now() + bound) == .timedOut {
      Issue.record("the program still runs after \(limit)", sourceLocation: sourceLocation)
      kill(id, SIGKILL)
      ended.wait()
    }
    let killed = process.terminationReason == .uncaughtSignal
    return Ending(
      exitCode: killed ? nil : process.terminationStatus,
      signal: killed ? process.terminationStatus : nil, output: Self.text(of: output),
      errors: errorsSoFar)
  }

  /// Waits until a condition holds while the program runs; false when it ended or time ran out.
  func wait(atMost limit: Duration = .seconds(20), until condition: () -> Bool) -> Bool {
    process.isRunning && holds(within: limit) { condition() || !process.isRunning } && condition()
  }

  private static func text(of file: URL) -> String {
    String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self)
  }
}

/// How the program ended and all that it said.
struct Ending {
  let exitCode: Int32?
  let signal: Int32?
  let output: String
  let errors: String

  var errorLines: [Substring] { errors.split(separator: "\n") }
}

/// Looks again and again whether something of another process has come true.
func holds(within limit: Duration, _ condition: () -> Bool) -> Bool {
  let deadline = ContinuousClock.now + limit
  while ContinuousClock.now < deadline {
    if condition() { return true }
    usleep(5_000)
  }
  return condition()
}
