import Foundation

/// What /proc says about processes. Source: proc_pid_stat(5).
enum ProcessTable {
  /// A process and the instant of its start, which tells it from a later one of the same number.
  struct Entry: Hashable {
    let id: Int32
    let start: String
  }

  /// The processes that a process has forked and not yet buried.
  static func children(of parent: Int32) -> [Entry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.sorted().compactMap { id in
      guard let fields = fields(of: id), fields[1] == "\(parent)" else { return nil }
      return Entry(id: id, start: fields[19])
    }
  }

  /// Whether it still runs: a zombie does not.
  static func isAlive(_ entry: Entry) -> Bool {
    guard let fields = fields(of: entry.id) else { return false }
    return fields[19] == entry.start && fields[0] != "Z" && fields[0] != "X"
  }

  /// Its state: R runs, S sleeps, T is stopped, …; nil when it is gone.
  static func state(of id: Int32) -> String? { fields(of: id)?[0] }

  /// What nobody has read yet of the event counter that a worker waits at, which is its descriptor 3. Source:
  /// proc_pid_fdinfo(5).
  static func eventCount(of worker: Int32) -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(worker)/fdinfo/3", encoding: .utf8)) ?? ""
    let count = text.firstMatch(of: /eventfd-count:\s*([0-9a-f]+)/)?.1
    return count.flatMap { Int($0, radix: 16) } ?? 0
  }

  /// The processor time that a process has used, in hundredths of a second; nil when it is gone.
  static func ticks(of id: Int32) -> Int? {
    fields(of: id).flatMap { fields in
      Int(fields[11]).flatMap { user in Int(fields[12]).map { user + $0 } }
    }
  }

  /// The fields of `stat` after the command's name: state, parent, …
  private static func fields(of id: Int32) -> [String]? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(id)/stat") else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    guard let close = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: close)...].split(separator: " ").map(String.init)
    return fields.count > 19 ? fields : nil
  }
}
