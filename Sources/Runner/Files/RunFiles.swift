import FoundationEssentials
import Linux
import Plan
import Recording
import Report
import SystemPackage

/// The paths of one run's files: in a directory of the plan's name, or wherever its recording is.
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

  /// The files of a recording that is reported once more.
  ///
  /// - Parameters:
  ///   - plan: the plan's name, any text, as a recording may come from anyone; a name that no file
  ///     can have becomes "plan".
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

  private static let junitPrefix = "TEST-"
  private static let junitSuffix = ".xml"

  /// The JUnit files that runs have left in a directory. Other programs name their JUnit files
  /// `TEST-….xml`, too. In a run's JUnit file the name of the plan is the one in the file's name.
  static func junitFiles(in directory: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [])
      .filter { $0.hasPrefix(junitPrefix) && $0.hasSuffix(junitSuffix) }.sorted()
      .map { "\(directory)/\($0)" }
      .filter { path in
        guard !isSpecial(path), let file = try? Data(contentsOf: URL(filePath: path)) else {
          return false
        }
        return plan(ofJUnit: [UInt8](file)).map { Plan.fileName(of: $0) } == planName(ofJUnit: path)
      }
  }

  /// The plan's name in `TEST-<plan>.xml`; for any other file, the file's name.
  static func planName(ofJUnit path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard name.hasPrefix(junitPrefix), name.hasSuffix(junitSuffix) else { return name }
    return String(name.dropFirst(junitPrefix.count).dropLast(junitSuffix.count))
  }

  /// Whether writing to this path would write over the recording, or over a file that SQLite keeps
  /// beside it.
  static func isRecording(_ path: String, _ recording: String) -> Bool {
    let target = URL(filePath: path).resolvingSymlinksInPath().path
    let source = URL(filePath: recording).resolvingSymlinksInPath().path
    return ["", "-wal", "-shm", "-journal"].contains { target == source + $0 }
  }

  /// Makes the directory and locks it (flock) until this process ends: otherwise two runs could
  /// rename each other's recordings. Returns the error message if another run has the lock; nil
  /// otherwise, also where the file system knows no locks.
  func lock() throws(FileProblem) -> String? {
    try Self.makeDirectory(directory)
    let attempt = try FileProblem.naming(directory) { () throws(Errno) in
      try DirectoryLock.take(directory)
    }
    guard case .held(let process) = attempt else { return nil }
    let who = process.map { "the run of process \($0)" } ?? "another run"
    return "\(who) is writing to \(directory); wait for its end, or use --out"
  }

  /// Whether a run writes to the directory now.
  var isLocked: Bool { DirectoryLock.isHeld(directory) }

  /// Moves the recording of the last run to `history/`. Returns its path there; nil when there is
  /// no such recording.
  @discardableResult
  func moveLastRecording() throws(FileProblem) -> String? {
    try Self.makeDirectory(directory)
    guard FileManager.default.fileExists(atPath: recording) else { return nil }
    let history = "\(directory)/history"
    try Self.makeDirectory(history)
    let destination = Self.freePath(
      "\(history)/\(Self.historyName(ofStart: startOfLastRun()))")
    // A run that was killed leaves its write-ahead log beside the recording. The recording is not
    // whole without it.
    for suffix in ["-wal", "-shm", ""] {
      try FileProblem.naming(destination + suffix) { () throws(Errno) in
        try FileSystem.remove(destination + suffix)
        guard FileManager.default.fileExists(atPath: recording + suffix) else { return }
        try FileSystem.move(recording + suffix, to: destination + suffix)
      }
    }
    return destination
  }

  /// The path itself where no file has it yet, else the path with the first free number added, from
  /// 2 on. A merged recording, or a stranger's, may state the same start as another one.
  private static func freePath(_ path: String) -> String {
    let stem = path.dropLast(".recording".count)
    let isFree = { (path: String) in
      ["", "-wal", "-shm"].allSatisfy { !FileManager.default.fileExists(atPath: path + $0) }
    }
    return isFree(path)
      ? path : (2...).lazy.map { "\(stem)-\($0).recording" }.first(where: isFree) ?? path
  }

  /// Writes a file whole or not at all; a rename replaces an earlier one. Devices, pipes and open
  /// descriptors are written to instead: a rename would put a regular file in their place, and root
  /// would replace `/dev/null` or `/dev/stdout` for the whole system.
  ///
  /// - Parameters:
  ///   - isPrivate: whether only the owner may read the file, for one that may hold secrets.
  ///   - replaced: the kind of file that may be replaced.
  static func write(
    _ bytes: [UInt8], to path: String, isPrivate: Bool = false,
    over replaced: Replaceable = .anything
  ) throws(FileProblem) {
    guard !isSpecial(path) else {
      return try FileProblem.naming(path) { () throws(Errno) in
        try FileSystem.write(bytes, into: path)
      }
    }
    try makeDirectory(parent(of: path))
    if FileSystem.isDirectory(path) { throw FileProblem(path, "it is a directory") }
    try checkReplaced(path, replaced)
    try FileProblem.naming(path) { () throws(Errno) in
      try FileSystem.write(bytes, to: path, isPrivate: isPrivate)
    }
  }

  /// The kind of file that may be replaced. A report with a mistyped path must not replace a plan
  /// or a recording, and the files beside a page must not replace those of a page that is not ours.
  enum Replaceable {
    case xml, page, style, script
    /// Anything but a recording.
    case anything

    /// The texts that such a file may begin with. The second one of the style, and of the script,
    /// is how they began before version 0.1.0.
    var beginnings: [String] {
      switch self {
      case .xml: ["<?xml"]
      case .page: ["<!DOCTYPE html"]
      case .style:
        ["/* The style of runner's reports.", ":root {\n  color-scheme: light dark;\n  --page: "]
      case .script:
        ["// The script of runner's reports.", "// Adds to the report what only a script can: "]
      case .anything: [""]
      }
    }

    /// The text near a report's start that tells it from other XML or HTML; empty where the
    /// beginning is enough.
    var mark: String {
      switch self {
      case .xml: "<testsuite"
      case .page: "data-verdict="
      case .style, .script, .anything: ""
      }
    }

    /// How many bytes at the start of a file are searched for the mark.
    static let longestStart = 4096
  }

  /// Makes the directory of a file, and throws where the file cannot be written, as far as that can
  /// be known before writing.
  ///
  /// - Parameter replaced: the kind of file that may be replaced; an empty file always may.
  static func check(
    writingTo path: String, over replaced: Replaceable = .anything
  ) throws(FileProblem) {
    guard !isSpecial(path) else { return }
    try makeDirectory(parent(of: path))
    if FileSystem.isDirectory(path) { throw FileProblem(path, "it is a directory") }
    try checkReplaced(path, replaced)
    try FileProblem.naming(path) { () throws(Errno) in
      try FileSystem.tryWriting(in: parent(of: path))
    }
  }

  /// Throws where there is a file of another kind, or one that cannot be read.
  static func checkReplaced(_ path: String, _ replaced: Replaceable) throws(FileProblem) {
    let start: String
    do throws(Errno) {
      start = String(
        decoding: try FileSystem.firstBytes(of: path, most: Replaceable.longestStart),
        as: UTF8.self)
    } catch {
      throw FileProblem(path, "what is there cannot be read, and is not written over: \(error)")
    }
    if start.hasPrefix("SQLite format 3") {
      throw FileProblem(path, "it is a recording, which is not written over")
    }
    let isReplaceable =
      replaced.beginnings.contains(where: start.hasPrefix) && start.contains(replaced.mark)
    guard start.isEmpty || isReplaceable else {
      throw FileProblem(path, "it is another kind of file, which is not written over")
    }
  }

  /// Whether the path names a device, a pipe, a socket or an open descriptor such as `/dev/stdout`, or a link to one.
  static func isSpecial(_ path: String) -> Bool {
    FileSystem.destination(of: path).isWrittenInto
  }

  /// The name of a recording in `history/`, such as `20260102T030405.678Z.recording`: its start in
  /// the basic format of ISO 8601, as CI systems refuse colons in the names of artifacts. Sorted by
  /// name, recordings are sorted by time.
  static func historyName(ofStart started: String) -> String {
    started.filter { $0 != "-" && $0 != ":" } + ".recording"
  }

  /// When the run of the recording started; where the recording does not say, when its file was
  /// last written to.
  private func startOfLastRun() -> String {
    let recorded = try? RecordingSummary.read(from: recording).started
    if let recorded, Self.isTimestamp(recorded) { return recorded }
    let modified =
      (try? FileManager.default.attributesOfItem(atPath: recording))?[.modificationDate] as? Date
    return Clock.timestamp(of: modified ?? Date())
  }

  /// Whether the text may be a timestamp of `Clock`. A recording may come from anyone and say anything,
  /// and its file in `history/` is named after its start: a slash would lead out of the directory.
  private static func isTimestamp(_ text: String) -> Bool {
    text.utf8.count <= 40 && text.hasSuffix("Z")
      && text.unicodeScalars.allSatisfy { "0123456789-:.TZ".unicodeScalars.contains($0) }
  }

  static func makeDirectory(_ path: String) throws(FileProblem) {
    try FileProblem.naming(path) { () throws(Errno) in try FileSystem.makeDirectory(path) }
  }

  /// The directory of a file; "." for a name without one.
  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
