import Foundation
import Glibc
import Testing

/// Runs where a filter of system calls refuses what the kernel has.
@Suite(
  .tags(.realKernel),
  .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")))
struct SeccompTests {
  /// Starts a program without a system call: the call's number is loaded, compared, and answered with an
  /// errno or let through. Source: seccomp(2).
  private static let filter = """
    import ctypes, os, struct, sys
    code = b"".join(struct.pack("HBBI", *line) for line in [
        (0x20, 0, 0, 0), (0x15, 0, 1, int(sys.argv[1])), (0x06, 0, 0, 0x00050000 | int(sys.argv[2])),
        (0x06, 0, 0, 0x7FFF0000)])
    kept = ctypes.create_string_buffer(code, len(code))
    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
    program = Program(4, ctypes.addressof(kept))
    libc = ctypes.CDLL(None)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
    os.execv(sys.argv[3], sys.argv[3:])
    """

  // Their numbers are the same on all machines.
  private static let epollWait = 441
  private static let closeRange = 436

  /// EPERM and ENOSYS.
  @Test(arguments: [1, 38])
  func `a profile that is older than epoll_pwait2 makes no worker spin`(errno: Int) throws {
    let workspace = try Workspace()
    let network = try Loopback()
    try workspace.write(Self.filter, to: "filter.py")
    var plan = PlanText(
      goal: "50", server: "processes: 1", clients: "processes: 1",
      phases: ["ramp: {to: \"${goal}\", rate: 1k/s}", "hold: 1s", "close: reset"])
    plan.rest = ["name: filtered"]
    try workspace.write(plan.on(network), to: "filtered.plan")
    let ending = try workspace.run(
      ["filtered.plan"],
      shell: "exec /usr/bin/python3 filter.py \(Self.epollWait) \(errno) \"$0\" \"$@\"")
    #expect(ending.exitCode == 0, "\(ending.output)\(ending.errors)")
    let recording = try workspace.recording(of: "filtered")
    #expect(recording.limits.isEmpty)
    #expect(recording.phases.map(\.established).max() == 50)
  }

  @Test(arguments: [1, 38])
  func `without close_range a worker still keeps nothing that it has inherited`(errno: Int) throws {
    let workspace = try Workspace()
    let network = try Loopback()
    try workspace.write(Self.filter, to: "filter.py")
    let shell =
      "exec 9<filter.py; exec /usr/bin/python3 filter.py \(Self.closeRange) \(errno) \"$0\" \"$@\""
    let program = try workspace.start(["serve", "--listen", network.endpoint], shell: shell)
    #expect(program.wait { program.errorsSoFar.contains("room for ") }, "\(program.errorsSoFar)")
    let worker = try #require(ProcessTable.children(of: program.id).first)
    let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(worker.id)/fd").map {
      try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(worker.id)/fd/\($0)")
    }
    #expect(!files.isEmpty)
    #expect(!files.contains { $0.hasSuffix("/filter.py") }, "\(files)")
    program.signal(SIGINT)
    #expect(program.wait().exitCode == 0)
  }
}
