import CLinux
import Glibc
package import SystemPackage

/// Calls on files and directories. Each throws the errno of the system call that failed.
package enum FileSystem {
  /// Writes a file whole or not at all, in place of any file that has the name. The new file gets the name only
  /// when it is complete. Where the file system allows it, the file has no name until then, so that a killed
  /// process leaves no unfinished file behind. Source: O_TMPFILE in open(2), rename(2).
  ///
  /// - Parameter isPrivate: whether no other user may read the file.
  package static func write(
    _ bytes: [UInt8], to path: String, isPrivate: Bool = false
  ) throws(Errno) {
    let mode: mode_t = isPrivate ? 0o600 : 0o666
    let name = temporaryName(beside: path)
    do throws(Errno) {
      let unnamed = unsafe runner_open_unnamed(directory(of: path), mode)
      if unnamed >= 0 {
        defer { close(unnamed) }
        try writeAll(bytes, to: unnamed)
        // Fails where something has the name already.
        if link(unnamed, as: path) { return }
        // Without /proc neither link can be made. Then a file with a temporary name is written below.
        if link(unnamed, as: name) { return try move(name, to: path) }
      }
      let descriptor = unsafe open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
      guard descriptor >= 0 else { throw lastError }
      do throws(Errno) {
        try writeAll(bytes, to: descriptor)
        // A file system over a network may say only now, or when the file is closed, that there was no room.
        guard fsync(descriptor) == 0 else { throw lastError }
      } catch {
        close(descriptor)
        throw error
      }
      guard close(descriptor) == 0 || errno == EINTR else { throw lastError }
      try move(name, to: path)
    } catch {
      unsafe unlink(name)
      throw error
    }
  }

  /// What a path leads to.
  package enum Destination: Sendable, Equatable {
    /// A file or a directory, or nothing yet.
    case file
    /// A device, a pipe or a socket.
    case stream
    /// An open descriptor of this process, whatever it is open on: `/dev/stdout`, `/dev/fd/63`, `/proc/self/fd/1`.
    case descriptor(Int32)

    /// Whether bytes are written to what is there. A rename would put a regular file in its place.
    package var isWrittenInto: Bool { self != .file }
  }

  /// Follows links to what a path leads to. Source: stat(2), "/proc/pid/fd" in proc_pid_fd(5).
  package static func destination(of path: String) -> Destination {
    var place = path
    // As many links as the kernel follows.
    for _ in 0..<40 {
      let name = place.split(separator: "/").last.map(String.init) ?? ""
      let parent = realPath(directory(of: place))
      if let parent, isDirectoryOfDescriptors(parent), let number = Int32(name), number >= 0 {
        return .descriptor(number)
      }
      guard let target = link(at: place) else { break }
      place = target.hasPrefix("/") ? target : "\(directory(of: place))/\(target)"
    }
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return .file }
    let isStream = [S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
    return isStream ? .stream : .file
  }

  private static func isDirectoryOfDescriptors(_ path: String) -> Bool {
    ["/proc/self/fd", "/proc/thread-self/fd"].contains { realPath($0) == path }
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// Where the link at this path leads; nil where no link is.
  private static func link(at path: String) -> String? {
    let most = Int(PATH_MAX)
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
      let length = unsafe buffer.withMemoryRebound(to: CChar.self) {
        unsafe readlink(path, $0.baseAddress!, most)
      }
      count = max(0, length)
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  /// Writes to something that exists already: a character device such as a terminal, a named pipe, which must have a
  /// reader, or an open descriptor that this program was started with.
  ///
  /// Throws `invalidArgument` for anything else. Somebody may have put a file or a disk there meanwhile, and that
  /// must not be written over. Throws `badFileDescriptor` for a descriptor that this program has opened itself.
  package static func write(_ bytes: [UInt8], into path: String) throws(Errno) {
    if case .descriptor(let number) = destination(of: path) {
      // Opened anew, a file would be written from its start, over what went there before; a socket cannot be opened.
      // What this program opens is closed on exec.
      let flags = fcntl(number, F_GETFD)
      guard flags >= 0, flags & FD_CLOEXEC == 0 else { throw .badFileDescriptor }
      return try writeAll(bytes, to: number)
    }
    let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw lastError }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw lastError }
    guard [S_IFCHR, S_IFIFO].contains(status.st_mode & S_IFMT) else { throw .invalidArgument }
    try writeAll(bytes, to: descriptor)
  }

  /// The first bytes of a file, at most `most`; none where there is no file. Throws where the file cannot be read.
  package static func firstBytes(of path: String, most: Int) throws(Errno) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      let error = lastError
      if error == .noSuchFileOrDirectory || error == .notDirectory { return [] }
      throw error
    }
    defer { close(descriptor) }
    var failure: Errno?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
      let length = unsafe read(descriptor, buffer.baseAddress, most)
      if length < 0 { failure = lastError }
      count = max(0, length)
    }
    if let failure { throw failure }
    return bytes
  }

  /// Throws where no file can be made in a directory. To find out, it makes one and removes it.
  package static func tryWriting(in directory: String) throws(Errno) {
    let unnamed = unsafe runner_open_unnamed(directory, 0o600)
    if unnamed >= 0 {
      close(unnamed)
    } else {
      let name = temporaryName(beside: directory + "/x")
      try makePrivate(name)
      unsafe unlink(name)
    }
  }

  /// Makes an empty file that no other user may read; throws where anything has that name.
  package static func makePrivate(_ path: String) throws(Errno) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw lastError }
    close(descriptor)
  }

  /// Makes a directory, and those of its parents that are missing.
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

  /// As `move`, but throws `fileExists` where anything has the new name. A file system that cannot rename so, such as
  /// one over a network, makes a second name first.
  package static func moveToFreeName(_ path: String, to other: String) throws(Errno) {
    guard unsafe runner_rename_new(path, other) != 0 else { return }
    guard [EINVAL, ENOSYS, EPERM].contains(errno) else { throw lastError }
    guard unsafe Glibc.link(path, other) == 0 else { throw lastError }
    try remove(path)
  }

  /// Removes a file; does nothing where there is none.
  package static func remove(_ path: String) throws(Errno) {
    guard unsafe unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR else { throw lastError }
  }

  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func directory(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
  }

  private static func temporaryName(beside path: String) -> String {
    let random = String(UInt64.random(in: 0 ... .max), radix: 36)
    return "\(directory(of: path))/.runner-\(getpid())-\(random)"
  }

  /// Gives a name to a file that has none; false where that fails, as where something has the name already.
  /// Source: the example of O_TMPFILE in open(2).
  private static func link(_ unnamed: Int32, as path: String) -> Bool {
    unsafe linkat(
      AT_FDCWD, "/proc/self/fd/\(unnamed)", AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress!, $0.count)
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count < 0, errno == EAGAIN {
        // Whoever shares a descriptor may have made it non-blocking.
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        unsafe poll(&waiting, 1, -1)
      } else if count == 0 || errno != EINTR {
        throw count == 0 ? .noSpace : lastError
      }
    }
  }
}
