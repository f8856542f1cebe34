/// An input of several files: a line `%%% NAME` begins the next one. The first file, before any such line, has
/// no name. Of files with the same name the last counts.
struct Sections {
  private(set) var first: [UInt8]
  private(set) var named: [String: [UInt8]] = [:]

  init(_ bytes: [UInt8]) {
    var parts: [(name: String, bytes: [UInt8])] = [("", [])]
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      if line.starts(with: "%%% ".utf8) {
        parts.append((String(decoding: line.dropFirst(4), as: UTF8.self), []))
      } else {
        parts[parts.count - 1].bytes += line + [UInt8(ascii: "\n")]
      }
    }
    first = parts[0].bytes
    for part in parts.dropFirst() { named[part.name] = part.bytes }
  }
}
