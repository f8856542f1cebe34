import Recording
import Testing

@Suite struct CauseTests {
  private let emfile = ErrnoRecord(number: 24, name: "EMFILE", text: "Too many open files")

  private func limit(_ syscall: String?, _ errno: ErrnoRecord?) -> LimitRecord {
    LimitRecord(
      end: .client, phase: "ramp", planLine: 1, syscall: syscall, errno: errno,
      resource: .memoryGuard, count: 1, firstInstant: 0, established: 0, accepted: 0)
  }

  private func failure(_ errno: ErrnoRecord?) -> FailureRecord {
    FailureRecord(
      end: .client, worker: nil, phase: "ramp", syscall: "socket", errno: errno, count: 1,
      firstInstant: 0, established: 0, accepted: 0, source: nil, endpoint: nil)
  }

  @Test func `a limit is told by its call and errno, or by what ran out`() {
    #expect(limit("socket", emfile).cause == "client socket: EMFILE (Too many open files)")
    #expect(limit("socket", nil).cause == "client socket: less memory left than the guard keeps")
    #expect(limit(nil, nil).cause == "client: less memory left than the guard keeps")
  }

  @Test(arguments: [
    (nil, true), ("tls", true), ("websocket", true), ("accept4", false), ("made-up", false),
  ])
  func `a server that does not accept is told so, whatever was spoken to it`(
    call: String?, isTold: Bool
  ) {
    var limit = limit(call, ErrnoRecord(number: 110, name: "ETIMEDOUT", text: "Timed out"))
    limit.resource = .acceptQueue
    #expect(limit.cause.hasSuffix("it does not accept its connections") == isTold)
    limit.knob = "net.core.somaxconn"
    #expect(!limit.cause.contains("accept its connections"))
  }

  @Test func `an answer that has not come is told, and how long it was waited for`() {
    var limit = limit("mqtt", ErrnoRecord(number: 110, name: "ETIMEDOUT", text: "Timed out"))
    limit.resource = .unclassified
    limit.end = .server
    #expect(limit.cause == "server mqtt: ETIMEDOUT (Timed out)")
    limit.evidence = [Fact(LimitRecord.missingName, "no CONNACK within 2 s")]
    #expect(limit.cause == "server mqtt: no CONNACK within 2 s")
    // The client had no time to read it.
    limit.resource = .cpu
    #expect(limit.cause == "server mqtt: ETIMEDOUT (Timed out)")
    (limit.resource, limit.syscall) = (.unclassified, "read")
    #expect(limit.missing == nil)
  }

  @Test func `a failure is told by its call and errno`() {
    #expect(failure(emfile).cause == "client socket EMFILE")
    #expect(failure(nil).cause == "client socket")
  }

  @Test(arguments: Resource.allCases) func `every resource has words`(resource: Resource) {
    #expect(!resource.words.isEmpty)
  }
}
