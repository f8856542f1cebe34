import Testing

@testable import Host

/// Which control groups bound the processor time of a process, and where they count.
@Suite struct ProcessorBoundTests {
  @Test func `each group of version 2 with a bound is found, up to the root`() {
    let files = [
      "/proc/self/mounts": "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
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
      "/proc/self/mounts": """
      cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0
      cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu,cpuacct 0 0
      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
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

  @Test func `without a bound, or without groups, there is none`() {
    #expect(ProcessorBound.all { _ in nil }.isEmpty)
    #expect(ProcessorBound.all { _ in "0::/a:b\n/ / / /\n\n:\n" }.isEmpty)
  }
}
