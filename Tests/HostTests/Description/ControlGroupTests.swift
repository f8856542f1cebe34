import Linux
import Recording
import Testing

@testable import Host

/// What of a machine the control groups leave to this process, whatever their version and however
/// much of them is mounted.
@Suite struct ControlGroupTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let files: [String: String]
    var memory: (file: String, most: Int, used: Int)?
    var tasks: (most: Int, used: Int)?
    var quota: Double?

    var testDescription: String { name }
  }

  private static let gibibyte = 1 << 30
  private static let unbounded = "9223372036854771712\n"

  /// A group of version 1 below one that is tighter.
  private static let nestedV1 = Case(
    name: "version 1, the group above is tighter",
    files: [
      "/proc/self/mountinfo": """
      31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
      32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
      35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
      39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
      41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
      """,
      "/proc/self/cgroup": "8:pids:/a\n4:memory:/a/b\n2:cpu,cpuacct:/a\n0::/\n",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": "9000000000\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": unbounded,
      "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "\(gibibyte)\n",
      "/sys/fs/cgroup/memory/a/memory.usage_in_bytes": "600000000\n",
      "/sys/fs/cgroup/memory/a/memory.stat":
        "inactive_file 1\nhierarchical_memory_limit \(gibibyte)\ntotal_inactive_file 100000000\n",
      "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": unbounded,
      "/sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": "1000\n",
      "/sys/fs/cgroup/memory/a/b/memory.stat": "total_inactive_file 0\n",
      "/sys/fs/cgroup/pids/a/pids.max": "20\n",
      "/sys/fs/cgroup/pids/a/pids.current": "8\n",
      "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "50000\n",
      "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
    ],
    memory: ("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", gibibyte, 500_000_000),
    tasks: (20, 8), quota: 0.5)

  private static let cases = [
    nestedV1,
    Case(
      name: "version 1, a bound above what is mounted",
      files: [
        "/proc/self/mountinfo":
          "35 31 0:32 /pod/x /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
        "/proc/self/cgroup": "4:memory:/pod/x\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": unbounded,
        "/sys/fs/cgroup/memory/memory.usage_in_bytes": "300\n",
        "/sys/fs/cgroup/memory/memory.stat":
          "hierarchical_memory_limit \(gibibyte)\ntotal_inactive_file 100\n",
      ],
      memory: ("/sys/fs/cgroup/memory/memory.limit_in_bytes of a group above", gibibyte, 200)),
    Case(
      name: "version 1, a group without a bound, alone below one with",
      files: [
        "/proc/self/mountinfo":
          "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
        "/proc/self/cgroup": "4:memory:/a/b\n",
        "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "\(gibibyte)\n",
        "/sys/fs/cgroup/memory/a/memory.usage_in_bytes": "300\n",
        "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": unbounded,
        "/sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": "300\n",
        "/sys/fs/cgroup/memory/a/b/memory.stat": "hierarchical_memory_limit \(gibibyte)\n",
      ],
      memory: ("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", gibibyte, 300)),
    Case(
      name: "version 1 that counts children apart",
      files: [
        "/proc/self/mountinfo":
          "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
        "/proc/self/cgroup": "4:memory:/a/b\n",
        "/sys/fs/cgroup/memory/a/memory.use_hierarchy": "0\n",
        "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "1000\n",
        "/sys/fs/cgroup/memory/a/memory.usage_in_bytes": "1000\n",
        "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "5000\n",
        "/sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": "100\n",
      ],
      memory: ("/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", 5000, 100)),
    Case(
      name: "version 2 in a namespace of its own",
      files: [
        "/proc/self/mountinfo": "35 31 0:32 / /sys/fs/cgroup ro - cgroup2 cgroup rw,nsdelegate\n",
        "/proc/self/cgroup": "0::/\n",
        "/sys/fs/cgroup/memory.max": "\(4 * gibibyte)\n",
        "/sys/fs/cgroup/memory.high": "max\n",
        "/sys/fs/cgroup/memory.current": "2000000000\n",
        "/sys/fs/cgroup/memory.stat": "anon 1\nfile 2\ninactive_file 1500000000\n",
        "/sys/fs/cgroup/pids.max": "max\n", "/sys/fs/cgroup/pids.current": "3\n",
        "/sys/fs/cgroup/cpu.max": "150000 100000\n",
      ],
      memory: ("/sys/fs/cgroup/memory.max", 4 * gibibyte, 500_000_000), quota: 1.5),
    Case(
      name: "version 2, mounted from outside of the namespace",
      files: [
        "/proc/self/mountinfo": "35 31 0:32 /.. /host\\040groups ro - cgroup2 cgroup rw\n",
        "/proc/self/cgroup": "0::/\n",
        "/host groups/memory.max": "5000\n", "/host groups/memory.current": "10\n",
      ],
      memory: ("/host groups/memory.max", 5000, 10)),
    Case(
      name: "version 2, held back before it is full",
      files: [
        "/proc/self/mountinfo": "35 31 0:32 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "/proc/self/cgroup": "0::/a\n",
        "/sys/fs/cgroup/a/memory.max": "6000\n", "/sys/fs/cgroup/a/memory.high": "5000\n",
        "/sys/fs/cgroup/a/memory.current": "10\n",
      ],
      memory: ("/sys/fs/cgroup/a/memory.high", 5000, 10)),
    Case(
      name: "two bounds, and the group with the higher one has less room",
      files: [
        "/proc/self/mountinfo": "35 31 0:32 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "/proc/self/cgroup": "0::/a/b\n",
        "/sys/fs/cgroup/a/memory.max": "9000\n", "/sys/fs/cgroup/a/memory.current": "8900\n",
        "/sys/fs/cgroup/a/b/memory.max": "5000\n", "/sys/fs/cgroup/a/b/memory.current": "10\n",
        "/sys/fs/cgroup/a/pids.max": "90\n", "/sys/fs/cgroup/a/pids.current": "80\n",
        "/sys/fs/cgroup/a/b/pids.max": "50\n", "/sys/fs/cgroup/a/b/pids.current": "45\n",
        "/sys/fs/cgroup/a/cpu.max": "100000 100000\n",
        "/sys/fs/cgroup/a/b/cpu.max": "200000 100000\n",
      ],
      memory: ("/sys/fs/cgroup/a/memory.max", 9000, 8900), tasks: (50, 45), quota: 1),
    Case(
      name: "the root of a mount, of both bounds",
      files: [
        "/proc/self/mountinfo": "35 31 0:32 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "/proc/self/cgroup": "0::/\n",
        "/sys/fs/cgroup/memory.max": "5000\n", "/sys/fs/cgroup/memory.current": "10\n",
        "/sys/fs/cgroup/pids.max": "50\n", "/sys/fs/cgroup/pids.current": "45\n",
      ],
      memory: ("/sys/fs/cgroup/memory.max", 5000, 10), tasks: (50, 45)),
    Case(
      name: "a mount that shows others' groups",
      files: [
        "/proc/self/mountinfo": "35 31 0:32 /other /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
        "/proc/self/cgroup": "0::/mine\n",
        "/sys/fs/cgroup/memory.max": "5000\n", "/sys/fs/cgroup/memory.current": "10\n",
      ]),
    Case(
      name: "unbounded in version 1",
      files: [
        "/proc/self/mountinfo":
          "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
          + "36 31 0:33 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
        "/proc/self/cgroup": "4:memory:/\n2:cpu:/\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": unbounded,
        "/sys/fs/cgroup/memory/memory.usage_in_bytes": "5\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      ]),
    Case(
      name: "unbounded in version 2",
      files: [
        "/proc/self/mountinfo": "35 31 0:32 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "/proc/self/cgroup": "0::/a\n",
        "/sys/fs/cgroup/a/memory.max": "max\n", "/sys/fs/cgroup/a/memory.current": "10\n",
        "/sys/fs/cgroup/a/cpu.max": "max 100000\n",
      ]),
    Case(name: "no control groups", files: [:]),
  ]

  @Test(arguments: cases) func `bounds are found where they are set`(test: Case) {
    let host = HostDescription { test.files[$0] }
    #expect(host.memoryGroup?.file == test.memory?.file)
    #expect(host.memoryGroup?.most == test.memory?.most)
    #expect(host.memoryGroup?.used == test.memory?.used)
    let tasks = host.taskBounds.first { $0.setting == "pids.max" }
    #expect(tasks?.most == test.tasks?.most)
    #expect(tasks?.used == test.tasks?.used)
    #expect(host.ownProcessors.quota == test.quota)
  }

  @Test func `the facts of a host show what its groups leave`() {
    let facts = HostDescription { Self.nestedV1.files[$0] }.facts
    let values = Dictionary(facts.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    #expect(values.count == facts.count)
    #expect(values["cgroup"] == "/sys/fs/cgroup/memory/a")
    #expect(values["memory.limit_in_bytes"] == "1 GiB")
    #expect(values["cgroup memory in use"] == "477 MiB")
    #expect(values["pids.max"] == "20")
    #expect(values["processors granted"] == "0.5")
  }

  // MARK: - Prediction and guard

  private func memoryTerm(_ demand: Demand, _ host: HostDescription) -> PredictionTerm? {
    Capacity.predict(demand, on: host).filter { [.memory, .memoryGuard].contains($0.resource) }
      .min { $0.connections < $1.connections }
  }

  @Test func `a pod of 4 GiB on a host of 128 GiB has room, and the guard a share of the pod`() {
    var host = HostDescription.box(group: 4 << 30, used: 1 << 30)
    host.memoryTotal = 128 << 30
    host.memoryAvailable = 100 << 30
    let demand = Demand.million {
      $0.memoryGuard = .share(0.05)
      $0.clientWorkers = .count(1)
      $0.serverWorkers = .count(1)
    }
    #expect(demand.bytesGuarded(on: host) == (4 << 30) / 20)
    let term = memoryTerm(demand, host)
    let left = (3 << 30) - (4 << 30) / 20 - (5 << 20) - 2 * (440 << 10)
    let each = demand.bytesPerConnection(
      in: ControlGroup(directory: "", isVersion2: true), on: host)
    #expect(term?.connections == left / each)
    #expect(term?.reason.contains("/sys/fs/cgroup/a/memory.max 4 GiB, 3 GiB left") == true)
  }

  @Test func `a group is charged for its own ends, in version 1 without accepted sockets`() {
    var host = HostDescription.box
    host.kernel = "6.18.44"
    func bytes(_ version: Int, kernel: String, client: Bool = true, server: Bool = true) -> Int {
      host.kernel = kernel
      let demand = Demand.million {
        $0.clientWorkers = client ? .count(1) : nil
        $0.serverWorkers = server ? .count(1) : nil
      }
      return demand.bytesPerConnection(
        in: ControlGroup(directory: "", isVersion2: version == 2), on: host)
    }
    let file = 832 + 192 + 192 + 128 + 4 * 8 + 230
    #expect(bytes(1, kernel: "6.18.44") == 2 * file + 2376)
    #expect(bytes(2, kernel: "6.18.44") == 2 * file + 2 * 2376)
    #expect(bytes(2, kernel: "5.15.0-91-generic") == 2 * file + 2376)
    #expect(bytes(1, kernel: "6.18.44", server: false) == file + 2376)
    #expect(bytes(1, kernel: "6.18.44", client: false) == file)
  }
}
