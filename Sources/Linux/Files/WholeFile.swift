import CLinux
import Glibc
package import SystemPackage

/// Files and directories on a disk, each call with the errno that it failed with.
package enum WholeFile {
  /// Writes a file whole or not at all: another one beside it gets the name when it is complete.
  /// Source: rename(2).
  ///
  /// - Parameter isPrivate: whether nobody else may read it.
  package static func write(
    _ bytes: [UInt8], to path: String, isPrivate: Bool = false
  ) throws(Errno) {
    let temporary = try temporary(beside: path, isPrivate: isPrivate)
    do throws(Errno) {
      defer { close(temporary.descriptor) }
      try writeAll(bytes, to: temporary.descriptor)
    } catch {
      unsafe unlink(temporary.path)
      throw error
    }
    do throws(Errno) {
      try move(temporary.path, to: path)
    } catch {
      unsafe unlink(temporary.path)
      throw error
    }
  }

  /// Writes to what is there already: a device, or a pipe that somebody reads.
  package static func write(_ bytes: [UInt8], into path: String) throws(Errno) {
    let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw lastError }
    defer { close(descriptor) }
    try writeAll(bytes, to: descriptor)
  }

  /// Whether a file could be made in a directory: one is, and is gone again.
  package static func tryWriting(in directory: String) throws(Errno) {
    let temporary = try temporary(beside: directory + "/x", isPrivate: true)
    close(temporary.descriptor)
    unsafe unlink(temporary.path)
  }

  /// An empty file that nobody else may read; fails where anything has that name.
  package static func makePrivate(_ path: String) throws(Errno) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw lastError }
    close(descriptor)
  }

  /// A directory with those that lead there.
  package static func makeDirectory(_ path: String) throws(Errno) {
    guard unsafe mkdir(path, 0o777) != 0 else { return }
    switch errno {
    case EEXIST where isDirectory(path): return
    case EEXIST: throw .notDirectory
    case ENOENT:
      guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { throw lastError }
      try makeDirectory(String(path[..<slash]))
      guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST else { throw lastError }
    default: throw lastError
    }
  }

  package static func move(_ path: String, to other: String) throws(Errno) {
    guard unsafe rename(path, other) == 0 else { throw lastError }
  }

  /// Removes a file; where there is none, nothing is to be done.
  package static func remove(_ path: String) throws(Errno) {
    guard unsafe unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR else { throw lastError }
  }

  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func temporary(
    beside path: String, isPrivate: Bool
  ) throws(Errno) -> (path: String, descriptor: Int32) {
    let directory = path.lastIndex(of: "/").map { path[...$0] } ?? ""
    let name = "\(directory).runner-\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    let descriptor = unsafe open(
      name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isPrivate ? 0o600 : 0o666)
    guard descriptor >= 0 else { throw lastError }
    return (name, descriptor)
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress!, $0.count)
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count == 0 || errno != EINTR {
        throw count == 0 ? .noSpace : lastError
      }
    }
  }
}
