import Recording
import Testing
import WorkerLog

@testable import Plan

/// `expect-limit` as a plan says it.
@Suite struct ExpectedLimitTests {
  private func expected(_ text: String) throws -> ExpectedLimit? {
    try read(minimal + "expect-limit: \(text)\n").expectedLimit
  }

  @Test func `is nothing where the plan says nothing`() throws {
    #expect(try read(minimal).expectedLimit == nil)
  }

  @Test(arguments: ["EMFILE", "ENOBUFS", "E2BIG", "EADDRNOTAVAIL"])
  func `names an errno`(name: String) throws {
    #expect(try expected("{errno: \(name)}") == ExpectedLimit(errno: name))
  }

  @Test(arguments: FailedCall.allCases.map(\.name))
  func `names a system call`(name: String) throws {
    #expect(try expected("{at: \(name)}") == ExpectedLimit(at: name))
  }

  @Test(arguments: [End.client, .server, .host])
  func `names an end`(end: End) throws {
    #expect(try expected("{end: \(end.rawValue)}") == ExpectedLimit(end: end))
  }

  @Test(arguments: Resource.allCases)
  func `names a resource`(resource: Resource) throws {
    #expect(try expected("{resource: \(resource.rawValue)}") == ExpectedLimit(resource: resource))
  }

  @Test(arguments: [
    ("19k..20k", 19_000...20_000), ("0..5", 0...5), ("7", 7...7), ("1M..1M", 1_000_000...1_000_000),
  ])
  func `bounds the connections`(text: String, range: ClosedRange<Int>) throws {
    #expect(try expected("{connections: \(text)}") == ExpectedLimit(connections: range))
  }

  @Test func `takes all of them together`() throws {
    let all = """
      {errno: EMFILE, at: socket, end: client, resource: descriptors-per-process, connections: 5..9}
      """
    #expect(
      try expected(all)
        == ExpectedLimit(
          errno: "EMFILE", at: "socket", end: .client, resource: .descriptorsPerProcess,
          connections: 5...9))
  }

  @Test(arguments: [
    Broken(
      "nothing", "{}",
      "4:15: expect-limit is empty (for example expect-limit: {errno: EMFILE, at: socket})"),
    Broken(
      "an errno in small letters", "{errno: emfile}",
      "4:23: 'emfile' is not the name of an errno (did you mean 'EMFILE'?)"),
    Broken(
      "an errno's number", "{errno: 24}",
      "4:23: '24' is not the name of an errno (for example EMFILE)"),
    Broken(
      "an errno's text", "{errno: \"Too many open files\"}",
      "4:23: 'Too many open files' is not the name of an errno (for example EMFILE)"),
    Broken(
      "an errno that there is not", "{errno: EMFIL}",
      "4:23: 'EMFIL' is not the name of an errno (did you mean 'EMFILE'?)"),
    Broken(
      "another name of an errno", "{errno: EWOULDBLOCK}",
      "4:23: 'EWOULDBLOCK' is not the name of an errno (did you mean 'EAGAIN'?)"),
    Broken(
      "a call that no limit is met at", "{at: accept}",
      "4:20: 'accept' is no system call that a limit is met at (did you mean 'accept4'?)"),
    Broken(
      "a reversed range", "{connections: 20k..19k}",
      "4:29: the range '20k..19k' is reversed (did you mean '19k..20k'?)"),
    Broken(
      "an end that is none", "{end: severs}",
      "4:21: expected client, server or host, found 'severs' (did you mean 'server'?)"),
    Broken(
      "an unknown key", "{erno: EMFILE}",
      "4:16: unknown key 'erno' in expect-limit (did you mean 'errno'?)"),
  ])
  func `is refused at its place`(limit: Broken) {
    #expect(errors(minimal + "expect-limit: \(limit.text)\n") == [limit.error])
  }

  @Test(arguments: [
    "{connections: 19k-20k}", "{connections: ..20k}", "{connections: 19k..}",
    "{connections: many}", "{connections: 1..2..3}", "{connections: [1, 2]}",
    "{resource: descriptors}", "{errno: [EMFILE]}", "{at: {call: socket}}", "EMFILE", "[EMFILE]",
  ])
  func `is refused when it is something else`(text: String) {
    let found = errors(minimal + "expect-limit: \(text)\n")
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("4:") == true)
  }
}
