import Linux
import Recording
import Testing

@testable import Host

/// How many processes a run can start, and what it says when it cannot.
@Suite struct StartTests {
  private let group = ControlGroup(directory: "/sys/fs/cgroup/pids/a", isVersion2: false)

  private func host(_ bounds: [WorkerBound], descriptors: Int = 20_000) -> HostDescription {
    .box {
      $0.taskBounds = bounds
      $0.descriptors = ResourceLimit(soft: descriptors, hard: descriptors)
    }
  }

  private func demand(_ goal: Int, _ processes: Processes) -> Demand {
    .million {
      $0.goal = goal
      $0.clientWorkers = processes
      $0.serverWorkers = processes
    }
  }

  @Test func `processes that are chosen are no more than can be started`() {
    // 70 descriptors are left to the coordinator, one for each worker of either end.
    let few = host([], descriptors: 100)
    let million = demand(1_000_000, .auto)
    #expect(million.processes(of: .client, on: few) == 35)
    #expect(million.processes(of: .server, on: few) == 35)
    let term = Capacity.predict(million, on: few).first { $0.binds }
    #expect(term?.resource == .descriptorsPerProcess)
    #expect(term?.connections == 35 * 93)
    #expect(
      term?.reason.hasSuffix(
        "up to 35 (RLIMIT_NOFILE of the coordinator 100, of which it needs 30 itself)") == true)
    #expect(Start.obstacle(million, on: few) == nil)
  }

  @Test(
    arguments: [
      ([.auto, .auto], 40, 20), ([.auto, nil], 40, 40), ([.count(30), .auto], 40, 10),
      ([.count(60), .auto], 40, 1), ([.auto, .auto], 10_000, 1024), ([.auto, .auto], 0, 1),
    ] as [([Processes?], Int, Int)])
  func `ends that leave their number open share what is left`(
    ends: [Processes?], room: Int, most: Int
  ) {
    #expect(Capacity.mostWorkers(ends, room: room) == most)
  }

  @Test func `processes that cannot be started are an obstacle, with the numbers and the fix`() {
    let bounded = host([WorkerBound(.group(group), "pids.max", most: 20, used: 8)])
    #expect(
      Start.obstacle(demand(1000, .count(20)), on: bounded) == """
        40 worker processes cannot be started: pids.max of /sys/fs/cgroup/pids/a 20, 8 in use \
        leaves room for 12; 48 are needed: echo 48 | tee /sys/fs/cgroup/pids/a/pids.max
        """)
    // Every task that is left can be a worker.
    #expect(Start.obstacle(demand(1000, .count(6)), on: bounded) == nil)
    #expect(Start.obstacle(demand(1000, .count(7)), on: bounded) != nil)
    #expect(Start.obstacle(demand(1000, .auto), on: bounded) == nil)
    // Not even one of each end.
    let full = host([WorkerBound(.group(group), "pids.max", most: 20, used: 19)])
    #expect(Start.obstacle(demand(1000, .auto), on: full) != nil)
  }

  @Test func `RLIMIT_NPROC binds a user, and neither root nor who may raise it`() {
    let bound = WorkerBound(.resourceLimit("u"), "RLIMIT_NPROC", most: 30, used: 20)
    func room(_ change: (inout HostDescription) -> Void) -> Int {
      var host = host([bound])
      change(&host)
      return host.workersAtMost
    }
    let free = 20_000 - 30
    #expect(
      room {
        $0.user = 1000; $0.capabilities = []
      } == 10)
    #expect(room { $0.capabilities = [] } == free)
    #expect(
      room {
        $0.capabilities = []; $0.isInFirstUserNamespace = false
      } == 10)
    #expect(
      room {
        $0.user = 1000; $0.capabilities = .sysAdmin
      } == free)
    #expect(
      room {
        $0.user = 1000
        $0.capabilities = .sysAdmin
        $0.isInFirstUserNamespace = false
      } == 10)
  }

  @Test(
    arguments: [
      (
        .fork, "EAGAIN", [WorkerBound.Kind.sysctl], "kernel.threads-max", 100,
        "sysctl -w kernel.threads-max=130"
      ),
      (
        .eventfd, "EMFILE", [], "RLIMIT_NOFILE of the coordinator", 64,
        "prlimit --pid $$ --nofile=70:70"
      ),
    ] as [(Start.Call, String, [WorkerBound.Kind], String, Int, String)])
  func `a call that failed is told with its limit`(
    call: Start.Call, errno: String, kinds: [WorkerBound.Kind], knob: String, now: Int, fix: String
  ) {
    let host = host(
      kinds.map { WorkerBound($0, "kernel.threads-max", most: 100, used: 90) }, descriptors: 64)
    let cause = Start.diagnose(
      call, errno: ErrnoRecord(number: 1, name: errno, text: "text"), started: 6,
      demand(1000, .count(20)), on: host)
    #expect(cause.knob == knob)
    #expect(cause.now == now)
    #expect(cause.fix == fix)
    let words = "\(call.rawValue) failed for worker 7 of 40 with \(errno) (text): \(knob)"
    #expect("\(cause)".hasPrefix(words))
  }

  @Test func `every bound is read`() {
    let files = [
      "/proc/self/limits":
        "Limit   Soft Limit  Hard Limit  Units\nMax processes             96  97   processes\n",
      "/proc/loadavg": "3.04 2.26 1.60 5/168 22048\n",
      "/proc/sys/kernel/threads-max": "1000\n", "/proc/sys/kernel/pid_max": "4194304\n",
    ]
    #expect(
      WorkerBound.all { files[$0] } == [
        WorkerBound(.resourceLimit("u"), "RLIMIT_NPROC", most: 96, used: 0),
        WorkerBound(.sysctl, "kernel.threads-max", most: 1000, used: 168),
        WorkerBound(.sysctl, "kernel.pid_max", most: 4_194_304, used: 168),
      ])
    #expect(WorkerBound.all { _ in nil } == [])
  }
}
