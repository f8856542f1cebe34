import Testing

@testable import Host

/// Which control groups bound the processor time of a process, and where they count.
@Suite struct ProcessorBoundTests {
  @Test func `each group of version 2 with a bound is found, up to the root`() {
    let files = [
      "/proc/self/mountinfo": """
      22 1 0:21 / /proc rw - proc proc rw
      36 25 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
      """,
      "/proc/self/cgroup": "0::/a.slice/b.service\n",
      "/sys/fs/cgroup/a.slice/b.service/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/a.slice/cpu.max": "50000 100000\n",
    ]
    let bounds = ProcessorBound.all { files[$0] }
    #expect(bounds == [ProcessorBound(directory: "/sys/fs/cgroup/a.slice", setting: "cpu.max")])
    #expect(bounds.first?.statistics == "/sys/fs/cgroup/a.slice/cpu.stat")
  }

  @Test func `version 1 has its own mount and its own file, beside version 2`() {
    let files = [
      "/proc/self/mountinfo": """
      37 25 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset
      38 25 0:32 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
      39 25 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
      """,
      "/proc/self/cgroup": "4:memory:/m\n3:cpuset:/s\n1:cpu,cpuacct:/job/7\n0::/\n",
      "/sys/fs/cgroup/cpu/job/7/cpu.cfs_quota_us": "20000\n",
      "/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpuset/s/cpu.cfs_quota_us": "5\n",
    ]
    #expect(
      ProcessorBound.all { files[$0] } == [
        ProcessorBound(directory: "/sys/fs/cgroup/cpu/job/7", setting: "cpu.cfs_quota_us")
      ])
  }

  @Test func `in a container the groups are those that its mount shows`() {
    let files = [
      "/proc/self/mountinfo": "38 25 0:32 /docker/x /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n",
      "/proc/self/cgroup": "1:cpu:/docker/x/sub\n",
      "/sys/fs/cgroup/cpu/sub/cpu.cfs_quota_us": "20000\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
    ]
    #expect(
      ProcessorBound.all { files[$0] }.map(\.directory)
        == ["/sys/fs/cgroup/cpu/sub", "/sys/fs/cgroup/cpu"])
  }

  @Test func `without a bound, or without groups, there is none`() {
    #expect(ProcessorBound.all { _ in nil }.isEmpty)
    #expect(ProcessorBound.all { _ in "0::/a:b\n/ / / /\n\n:\n" }.isEmpty)
  }
}
