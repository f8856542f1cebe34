import Glibc
import SystemPackage
import Testing

@testable import Linux

/// Standard input, output and error of a child.
@Suite struct TerminalTests {
  /// Both sides of a new terminal; nil where this host has none to give.
  private func terminal(columns: UInt16 = 0) -> (side: Int32, other: Int32)? {
    var (side, other) = (Int32(0), Int32(0))
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    guard openpty(&side, &other, nil, nil, &size) == 0 else { return nil }
    return (side, other)
  }

  /// A pipe whose ends wait, as those do that a shell makes.
  private func pipe() -> (reading: Int32, writing: Int32)? {
    var ends: [Int32] = [0, 0]
    return Glibc.pipe(&ends) == 0 ? (ends[0], ends[1]) : nil
  }

  private func replace(_ number: Int32, with path: String) -> Bool {
    let opened = open(path, O_RDWR)
    return opened >= 0 && dup2(opened, number) == number
  }

  @Test(arguments: [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO])
  func `each of the three is told for itself`(number: Int32) throws {
    let ending = try inChild {
      guard let (_, other) = terminal() else { return 100 }
      for each in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
        guard replace(each, with: "/dev/null") else { return 101 }
      }
      guard !Terminal.hasInput, !Terminal.hasOutput, !Terminal.isPresent, Terminal.width == nil,
        Terminal.foreground == nil
      else { return 1 }
      guard dup2(other, number) == number else { return 102 }
      return (Terminal.hasInput == (number == STDIN_FILENO))
        && (Terminal.hasOutput == (number == STDOUT_FILENO))
        && (Terminal.isPresent == (number == STDERR_FILENO)) ? 0 : 2
    }
    #expect(ending == .exited(0))
  }

  @Test(arguments: [(0, nil), (1, 1), (80, 80), (500, 500)] as [(UInt16, Int?)])
  func `its columns are told where it knows them`(columns: UInt16, width: Int?) throws {
    let ending = try inChild {
      guard let (_, other) = terminal(columns: columns), dup2(other, STDERR_FILENO) >= 0 else {
        return 100
      }
      return Terminal.width == width ? 0 : 1
    }
    #expect(ending == .exited(0))
  }

  @Test func `the group in the foreground is the one that the shell has set`() throws {
    let ending = try inChild {
      // A session of its own, whose terminal is the first one that it opens.
      guard setsid() == getpid(), let (_, other) = terminal(), let name = ttyname(other),
        open(name, O_RDWR) >= 0, dup2(other, STDERR_FILENO) >= 0
      else { return 100 }
      guard Terminal.foreground == getpid() else { return 1 }
      return 0
    }
    #expect(ending == .exited(0))
  }

  // MARK: What is written

  @Test(arguments: [
    ("words\n\tand more", "words\n\tand more"), ("", ""), ("é–✓", "é–✓"),
    ("a\u{1B}[31mb", "a\u{FFFD}[31mb"), ("\r\u{7F}\u{9B}", "\u{FFFD}\u{FFFD}\u{FFFD}"),
    ("\u{202E}x\u{2028}y\u{2029}", "\u{FFFD}x\u{FFFD}y\u{FFFD}"), ("x\r\ny", "x\u{FFFD}\ny"),
  ])
  func `what a terminal would obey is shown as a sign`(text: String, shown: String) throws {
    let ending = try inChild {
      guard let (reading, writing) = pipe(), dup2(writing, STDERR_FILENO) >= 0 else { return 100 }
      for write in [{ StandardError.write($0) }, StandardError.offer] {
        write(text)
        write("|")
        guard received(reading, upTo: UInt8(ascii: "|")) == shown else { return 1 }
      }
      // A picture is ours, with all that moves the cursor.
      guard StandardError.draw(text) == .whole, StandardError.draw("|") == .whole,
        received(reading, upTo: UInt8(ascii: "|")) == text
      else { return 2 }
      return 0
    }
    #expect(ending == .exited(0))
  }

  private func received(_ descriptor: Int32, upTo end: UInt8) -> String {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while read(descriptor, &byte, 1) == 1, byte != end { bytes.append(byte) }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `a pipe that nobody empties holds up nobody, and takes what it has room for`() throws {
    let ending = try inChild {
      guard let (reading, writing) = pipe(), dup2(writing, STDERR_FILENO) >= 0 else { return 100 }
      guard StandardError.draw("small") == .whole else { return 1 }
      // More than a pipe holds: a write of the whole would wait.
      guard StandardError.draw(String(repeating: "x", count: 1 << 20)) == .part else { return 2 }
      // Nothing more goes in now, be it ever so short.
      guard StandardError.draw("y") == .nothing else { return 3 }
      StandardError.offer("y")
      var left = [UInt8](repeating: 0, count: 1 << 21)
      let count = read(reading, &left, left.count)
      guard count > 5, left[..<5].elementsEqual("small".utf8),
        left[5..<count].allSatisfy({ $0 == UInt8(ascii: "x") })
      else { return 4 }
      return StandardError.draw("again") == .whole ? 0 : 5
    }
    #expect(ending == .exited(0))
  }

  @Test func `a terminal that stands still holds up nobody`() throws {
    let ending = try inChild {
      guard let (_, other) = terminal(), dup2(other, STDERR_FILENO) >= 0 else { return 100 }
      guard StandardError.draw("small") == .whole else { return 1 }
      return StandardError.draw(String(repeating: "x", count: 1 << 20)) == .whole ? 2 : 0
    }
    #expect(ending == .exited(0))
  }

  @Test func `what goes to a file goes there whole`() throws {
    let path = "/tmp/runner-terminal-test-\(getpid())"
    let ending = try inChild {
      guard open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600) >= 0, replace(STDERR_FILENO, with: path)
      else { return 100 }
      unlink(path)
      StandardError.write("one ")
      StandardError.offer("two ")
      guard StandardError.draw("three") == .whole else { return 1 }
      var bytes = [UInt8](repeating: 0, count: 64)
      let count = pread(STDERR_FILENO, &bytes, bytes.count, 0)
      return String(decoding: bytes[..<max(0, count)], as: UTF8.self) == "one two three" ? 0 : 2
    }
    #expect(ending == .exited(0))
  }

  @Test func `half a result is none`() throws {
    let ending = try inChild {
      CurrentProcess.ignoreSignalsOfWriting()
      guard replace(STDOUT_FILENO, with: "/dev/full") else { return 100 }
      do throws(Errno) {
        try StandardOutput.write("x")
        return 1
      } catch {
        guard error == .noSpace else { return 2 }
      }
      guard (try? StandardOutput.write("")) != nil else { return 3 }
      // Of what is only shown nobody is told.
      StandardOutput.show("x")
      guard let (reading, writing) = pipe(), dup2(writing, STDOUT_FILENO) >= 0 else { return 101 }
      guard (try? StandardOutput.write("all of it|")) != nil,
        received(reading, upTo: UInt8(ascii: "|")) == "all of it"
      else { return 4 }
      StandardOutput.show("shown|")
      guard received(reading, upTo: UInt8(ascii: "|")) == "shown" else { return 5 }
      // A reader that has gone has seen enough.
      close(reading)
      guard (try? StandardOutput.write("more")) != nil else { return 6 }
      StandardOutput.show("more")
      StandardError.write("")
      return 0
    }
    #expect(ending == .exited(0))
  }

  @Test func `a result is whole where another process has made the output non-blocking`() throws {
    let text = String(repeating: "x", count: 300_000)
    let ending = try inChild {
      guard let (reading, writing) = pipe(), dup2(writing, STDOUT_FILENO) >= 0,
        fcntl(writing, F_SETFL, O_WRONLY | O_NONBLOCK) == 0,
        let reader = try? ChildProcess.fork(
          dieWithParent: true,
          {
            for number in [writing, STDOUT_FILENO] { close(number) }
            usleep(100_000)
            var (count, buffer) = (0, [UInt8](repeating: 0, count: 65_536))
            while case let moved = read(reading, &buffer, buffer.count), moved > 0 {
              count += moved
            }
            return count == 600_000 ? 0 : 1
          })
      else { return 100 }
      guard (try? StandardOutput.write(text)) != nil else { return 1 }
      StandardOutput.show(text)
      for number in [writing, STDOUT_FILENO] { close(number) }
      return reader.wait() == .exited(0) ? 0 : 2
    }
    #expect(ending == .exited(0))
  }

  @Test func `a result that a file takes in two parts is whole, or its failure is told`() throws {
    let path = "/tmp/runner-output-test-\(getpid())"
    let ending = try inChild {
      CurrentProcess.ignoreSignalsOfWriting()
      guard open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600) >= 0, replace(STDOUT_FILENO, with: path)
      else { return 100 }
      unlink(path)
      var limit = rlimit(rlim_cur: 10, rlim_max: 10)
      guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { return 101 }
      guard (try? StandardOutput.write("1234567")) != nil else { return 1 }
      do throws(Errno) {
        try StandardOutput.write("890ab")
        return 2
      } catch {
        guard error == .fileTooLarge else { return 3 }
      }
      var bytes = [UInt8](repeating: 0, count: 64)
      let count = pread(STDOUT_FILENO, &bytes, bytes.count, 0)
      return String(decoding: bytes[..<max(0, count)], as: UTF8.self) == "1234567890" ? 0 : 4
    }
    #expect(ending == .exited(0))
  }
}
