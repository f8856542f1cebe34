import Linux
import Testing

@Suite struct KillOrderTests {
  @Test func `anyone may ask to be killed earlier`() throws {
    let child = try ChildProcess.fork(dieWithParent: true) {
      guard KillOrder.take(KillOrder.early) else { return 1 }
      return ProcFile.text(of: "/proc/self/oom_score_adj") == "1000\n" ? 0 : 2
    }
    #expect(child.wait() == .exited(0))
  }
}
