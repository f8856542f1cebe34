import Foundation
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
