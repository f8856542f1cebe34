import FoundationEssentials
import Plan
import Recording
import SystemPackage

/// The files of one run: in a directory of the plan's name, or wherever its recording is.
struct RunFiles {
  let directory: String
  let recording: String
  let html: String
  let stylesheet: String
  let script: String
  let junit: String

  init(plan name: String, out: String, junit: String?, html: String?) {
    directory = "\(out)/\(name)"
    recording = "\(directory)/run.recording"
    self.html = html ?? "\(directory)/report.html"
    stylesheet = Self.parent(of: self.html) + "/report.css"
    script = Self.parent(of: self.html) + "/report.js"
    self.junit = junit ?? "\(directory)/TEST-\(name).xml"
  }

  /// What a recording is rendered to once more.
  ///
  /// - Parameters:
  ///   - plan: any text, as a recording may come from anyone; it names a file only where it can.
  ///   - directory: nil for the one that the recording is in.
  init(
    recording: String, plan: String, directory: String?, junit: String?, html: String?
  ) {
    self.recording = recording
    let directory = directory ?? Self.parent(of: recording)
    self.directory = directory
    self.html = html ?? "\(directory)/report.html"
    stylesheet = Self.parent(of: self.html) + "/report.css"
    script = Self.parent(of: self.html) + "/report.js"
    self.junit = junit ?? "\(directory)/TEST-\(Plan.fileName(of: plan)).xml"
  }

  /// Whether writing to this path would write over the recording, or over what belongs to it.
  static func isRecording(_ path: String, _ recording: String) -> Bool {
    let target = URL(filePath: path).resolvingSymlinksInPath().path
    let source = URL(filePath: recording).resolvingSymlinksInPath().path
    return ["", "-wal", "-shm", "-journal"].contains { target == source + $0 }
  }

  /// Makes the directory and moves the recording of the run before to `history/`. Returns where that
  /// is now; nil when there was none.
  @discardableResult
  func prepare() throws -> String? {
    try Self.makeDirectory(directory)
    guard FileManager.default.fileExists(atPath: recording) else { return nil }
    let history = "\(directory)/history"
    try Self.makeDirectory(history)
    let kept = "\(history)/\(Self.historyName(ofStart: startOfLastRun()))"
    // A run that was killed leaves its write-ahead log beside the file; they belong together.
    for suffix in ["-wal", "-shm", ""]
    where FileManager.default.fileExists(atPath: recording + suffix) {
      if FileManager.default.fileExists(atPath: kept + suffix) {
        try FileManager.default.removeItem(atPath: kept + suffix)
      }
      try FileManager.default.moveItem(atPath: recording + suffix, toPath: kept + suffix)
    }
    return kept
  }

  /// Writes a file whole or not at all. What is no file, such as `/dev/null` or a pipe, is written to
  /// as it is: a rename would put a file in its place, and a superuser would have taken it from all.
  static func write(_ bytes: [UInt8], to path: String) throws {
    guard !isSpecial(path) else {
      let file = try FileDescriptor.open(FilePath(path), .writeOnly)
      return try file.closeAfter { _ = try file.writeAll(bytes) }
    }
    try makeDirectory(parent(of: path))
    try Data(bytes).write(to: URL(filePath: path), options: .atomic)
  }

  /// Why a file cannot be written there, as far as can be told before it is; nil when it can.
  static func obstacle(toWriting path: String) -> String? {
    let directory = parent(of: path)
    do { try makeDirectory(directory) } catch { return "\(error)" }
    var isDirectory = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory {
      return "it is a directory"
    }
    return FileManager.default.isWritableFile(atPath: directory)
      ? nil : "nothing may be written in \(directory)"
  }

  /// Whether a device, a pipe or a socket is there; what a link leads to counts.
  static func isSpecial(_ path: String) -> Bool {
    let target = URL(filePath: path).resolvingSymlinksInPath().path
    let type = (try? FileManager.default.attributesOfItem(atPath: target))?[.type]
    guard let type = type as? FileAttributeType else { return false }
    return ![.typeRegular, .typeDirectory, .typeSymbolicLink].contains(type)
  }

  /// What a recording is called in `history/`: its start without a colon (which CI systems refuse in
  /// artifacts), so that names sort as the runs were. `20260102T030405.678Z.recording`.
  static func historyName(ofStart started: String) -> String {
    started.filter { $0 != "-" && $0 != ":" } + ".recording"
  }

  private func startOfLastRun() -> String {
    do throws(RecordingError) {
      return try RecordingSummary.read(from: recording).started
    } catch {
      let modified =
        (try? FileManager.default.attributesOfItem(atPath: recording))?[.modificationDate] as? Date
      return Clock.timestamp(of: modified ?? Date())
    }
  }

  private static func makeDirectory(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

/// Wall-clock time as the recording writes it.
enum Clock {
  /// UTC, ISO 8601 with milliseconds.
  static func timestamp(of date: Date = Date()) -> String {
    date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
