import Foundation

/// A real browser without a window: what it made of a page, and what it complained of.
struct Chromium {
  static let path = "/usr/bin/chromium"
  static var isThere: Bool { FileManager.default.isExecutableFile(atPath: path) }

  /// The least width that a window can have. A frame could be narrower, and would be a process of its
  /// own, which the picture does not wait for.
  static let leastWidth = 500

  var width = 1600
  var height = 1200
  var isDark = false
  var runsScripts = true

  struct Failed: Error {
    let status: Int32
    let said: String
  }

  /// What came of a visit to a page.
  struct Visit {
    /// The page as it stood after its scripts had run, as HTML.
    let page: [UInt8]
    /// What it wrote to the console, or the browser about it.
    let console: [String]
    /// Addresses that the page asked for. What the browser would like to have for itself is not
    /// among them, and never leaves the machine.
    let requests: [String]
  }

  /// Opens a page and lets it run to its end.
  func visit(_ address: String) throws -> Visit {
    let folder = try Folder()
    let log = folder.url("net.json")
    let (output, said) = try run(["--dump-dom", "--log-net-log=\(log.path)", address], in: folder)
    let console = said.split(separator: "\n").filter { $0.contains("CONSOLE") }.map(String.init)
    return Visit(page: output, console: console, requests: try Self.requests(in: log))
  }

  /// The picture of a page, as a PNG file.
  func picture(of address: String) throws -> [UInt8] {
    let folder = try Folder()
    let file = folder.url("page.png")
    _ = try run(["--screenshot=\(file.path)", address], in: folder)
    return try [UInt8](Data(contentsOf: file))
  }

  /// The page on paper, as a PDF file.
  func paper(of address: String) throws -> [UInt8] {
    let folder = try Folder()
    let file = folder.url("page.pdf")
    _ = try run(["--print-to-pdf=\(file.path)", "--no-pdf-header-footer", address], in: folder)
    return try [UInt8](Data(contentsOf: file))
  }

  private func run(_ arguments: [String], in folder: Folder) throws -> ([UInt8], String) {
    if !runsScripts { try Self.turnScriptsOff(in: folder) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.path)
    process.arguments =
      [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-extensions", "--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--virtual-time-budget=5000",
        "--window-size=\(width),\(height)",
        "--user-data-dir=\(folder.url("profile").path)",
      ] + (isDark ? ["--blink-settings=preferredColorScheme=0"] : []) + arguments
    let (output, errors) = (folder.url("stdout"), folder.url("stderr"))
    for file in [output, errors] {
      _ = FileManager.default.createFile(atPath: file.path, contents: nil)
    }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    process.waitUntilExit()
    let said = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
    guard process.terminationStatus == 0 else {
      throw Failed(status: process.terminationStatus, said: said)
    }
    return ([UInt8](try Data(contentsOf: output)), said)
  }

  /// As a user does in the settings.
  private static func turnScriptsOff(in folder: Folder) throws {
    let profile = folder.url("profile/Default")
    try FileManager.default.createDirectory(at: profile, withIntermediateDirectories: true)
    let settings = #"{"profile": {"default_content_setting_values": {"javascript": 2}}}"#
    try Data(settings.utf8).write(to: profile.appendingPathComponent("Preferences"))
  }

  /// What the browser's log of its network has: a job was begun for each of these, and some page
  /// was why.
  private static func requests(in log: URL) throws -> [String] {
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: log)) as? [String: Any]
    let constants = object?["constants"] as? [String: Any]
    let types = constants?["logEventTypes"] as? [String: Int]
    let events = object?["events"] as? [[String: Any]] ?? []
    return events.compactMap { event in
      guard let type = types?["URL_REQUEST_START_JOB"], event["type"] as? Int == type else {
        return nil
      }
      let facts = event["params"] as? [String: Any]
      guard facts?["initiator"] as? String != "not an origin" else { return nil }
      return facts?["url"] as? String
    }
  }
}

/// A directory of its own, gone when nobody needs it.
final class Folder {
  private let directory: URL

  init() throws {
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("report-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  func url(_ name: String) -> URL { directory.appendingPathComponent(name) }

  /// Writes a file and returns the address that a browser opens it by.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: url(name))
    return url(name).absoluteString
  }

  var path: String { directory.path }
}
