import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Linux

@Suite struct FileSystemTests {
  private func inFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  @Test func `a file is made and replaced whole, and nothing is left beside it`() throws {
    try inFolder { folder in
      let path = folder.appending(path: "x").path
      for text in ["first", "second, which is longer", ""] {
        try FileSystem.write(Array(text.utf8), to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
      }
      try FileSystem.tryWriting(in: folder.path)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x"])
    }
  }

  @Test func `a file that took the place of a pipe is not written over`() throws {
    try inFolder { folder in
      let path = folder.appending(path: "x").path
      try FileSystem.write(Array("precious".utf8), to: path)
      #expect(throws: Errno.invalidArgument) { try FileSystem.write([1], into: path) }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
      try FileSystem.write([1], into: "/dev/null")
    }
  }

  @Test func `what a disk does not take is a failure, and leaves nothing`() throws {
    #expect(throws: Errno.noSpace) { try FileSystem.write([1], into: "/dev/full") }
    try FileSystem.write([], into: "/dev/full")
  }

  @Test func `moves only to a name that is free`() throws {
    try inFolder { folder in
      let (one, other) = (folder.appending(path: "a").path, folder.appending(path: "b").path)
      try FileSystem.write([1], to: one)
      try FileSystem.moveToFreeName(one, to: other)
      try FileSystem.write([2], to: one)
      #expect(throws: Errno.fileExists) { try FileSystem.moveToFreeName(one, to: other) }
      #expect(try FileSystem.firstBytes(of: one, most: 5) == [2])
      #expect(try FileSystem.firstBytes(of: other, most: 5) == [1])
    }
  }

  @Test func `follows links to what is written into`() throws {
    try inFolder { folder in
      let file = folder.appending(path: "file").path
      try FileSystem.write([1], to: file)
      for (name, target) in [
        ("file-link", file), ("null", "/dev/null"), ("two", "null"), ("nowhere", "none"),
        ("loop", "loop"), ("out", "/dev/stdout"), ("out-2", "out"), ("self", "/proc/self/fd/7"),
      ] {
        let link = folder.appending(path: name).path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
      }
      for (path, destination) in [
        (file, .file), ("file-link", .file), ("none", .file), ("nowhere", .file), ("loop", .file),
        ("", .file), ("null", .stream), ("two", .stream), ("/dev/null", .stream),
        ("out", .descriptor(1)), ("out-2", .descriptor(1)), ("self", .descriptor(7)),
        ("/dev/stdout", .descriptor(1)), ("/dev/fd/63", .descriptor(63)),
        ("/proc/thread-self/fd/4", .descriptor(4)), ("/proc/self/fd", .file),
      ] as [(String, FileSystem.Destination)] {
        let whole = path.hasPrefix("/") ? path : folder.path + "/" + path
        #expect(FileSystem.destination(of: whole) == destination, "\(path)")
      }
    }
    try inFolder { folder in
      let path = folder.appending(path: "x").path
      let ending = try inChild {
        CurrentProcess.ignoreSignalsOfWriting()
        var limit = rlimit(rlim_cur: 10, rlim_max: 10)
        guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { return 100 }
        guard (try? FileSystem.write([UInt8](repeating: 1, count: 10), to: path)) != nil else {
          return 1
        }
        do throws(Errno) {
          try FileSystem.write([UInt8](repeating: 2, count: 25), to: path)
          return 2
        } catch {
          return error == .fileTooLarge ? 0 : 3
        }
      }
      #expect(ending == .exited(0))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x"])
      #expect(
        try [UInt8](Data(contentsOf: URL(filePath: path))) == [UInt8](repeating: 1, count: 10))
    }
  }

  @Test func `the first bytes of a file are told, of none there are none`() throws {
    try inFolder { folder in
      let path = folder.appending(path: "x").path
      try FileSystem.write(Array("12345".utf8), to: path)
      for (most, text) in [(0, ""), (1, "1"), (4, "1234"), (5, "12345"), (9, "12345")] {
        #expect(try FileSystem.firstBytes(of: path, most: most) == Array(text.utf8))
      }
      #expect(try FileSystem.firstBytes(of: path + "/none", most: 5).isEmpty)
      #expect(try FileSystem.firstBytes(of: folder.path + "/none", most: 5).isEmpty)
      #expect(throws: Errno.isDirectory) { try FileSystem.firstBytes(of: folder.path, most: 5) }
      #expect(FileSystem.isDirectory(folder.path))
      #expect(!FileSystem.isDirectory(path))
      #expect(throws: Errno.fileExists) { try FileSystem.makePrivate(path) }
      try FileSystem.makePrivate(path + "-new")
      let mode = try FileManager.default.attributesOfItem(atPath: path + "-new")[.posixPermissions]
      #expect(mode as? Int == 0o600)
      try FileSystem.makeDirectory(folder.path + "/a/b/c")
      try FileSystem.makeDirectory(folder.path + "/a/b/c")
      #expect(FileSystem.isDirectory(folder.path + "/a/b/c"))
      #expect(throws: Errno.notDirectory) { try FileSystem.makeDirectory(path) }
      #expect(throws: Errno.notDirectory) { try FileSystem.makeDirectory(path + "/sub") }
      try FileSystem.remove(path)
      try FileSystem.remove(path)
      #expect(throws: Errno.self) { try FileSystem.remove(folder.path) }
      #expect(throws: Errno.noSuchFileOrDirectory) { try FileSystem.tryWriting(in: path) }
    }
  }

  @Test func `a private file is nobody else's, and one that cannot be named leaves nothing`() throws
  {
    try inFolder { folder in
      let path = folder.appending(path: "x").path
      try FileSystem.write([1], to: path, isPrivate: true)
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
      #expect(mode as? Int == 0o600)
      // A directory that is not empty keeps its name.
      let taken = folder.appending(path: "taken")
      try FileManager.default.createDirectory(
        at: taken.appending(path: "inner"), withIntermediateDirectories: true)
      #expect(throws: Errno.self) { try FileSystem.write([1], to: taken.path) }
      #expect(throws: Errno.noSuchFileOrDirectory) {
        try FileSystem.write([1], to: folder.appending(path: "none/x").path)
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(Set(left) == ["x", "taken"])
    }
  }
}
