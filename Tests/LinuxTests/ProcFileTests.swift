import Linux
import SystemPackage
import Testing

@Suite struct ProcFileTests {
  @Test func `reads a file of the kernel again and again`() throws {
    let file = try ProcFile("/proc/self/status")
    let first = try file.read()
    #expect(first.hasPrefix("Name:"))
    #expect(try file.read().hasPrefix("Name:"))
  }

  @Test func `reads files that are longer than its first buffer`() throws {
    let text = try ProcFile("/proc/self/smaps").read()
    #expect(text.utf8.count > 4096)
  }

  @Test func `takes no more than asked for`() throws {
    #expect(try ProcFile("/proc/self/status", limit: 5).read() == "Name:")
    let whole = try ProcFile("/proc/self/limits").read()
    let start = try ProcFile("/proc/self/limits", limit: 200).read()
    #expect(
      whole.hasPrefix(start) && start.hasSuffix("\n") && (100...200).contains(start.utf8.count))
  }

  @Test func `says why a file cannot be opened or read`() throws {
    #expect(throws: Errno.noSuchFileOrDirectory) { try ProcFile("/proc/nothing") }
    let directory = try ProcFile("/proc/self")
    #expect(throws: Errno.isDirectory) { try directory.read() }
  }

  @Test func `a file that is not there has no text`() {
    #expect(ProcFile.text(of: "/proc/nothing") == nil)
    #expect(ProcFile.text(of: "/proc/sys/kernel/ostype") == "Linux\n")
  }
}
