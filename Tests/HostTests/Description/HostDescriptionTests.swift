import Linux
import Recording
import Testing

@testable import Host

@Suite struct HostDescriptionTests {
  private static let files = [
    "/proc/sys/kernel/hostname": "box\n",
    "/proc/sys/kernel/osrelease": "6.18.44\n",
    "/proc/cpuinfo":
      "processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n",
    "/proc/meminfo": "MemTotal:       24684084 kB\nMemAvailable:   23956940 kB\n",
    "/proc/net/sockstat":
      "sockets: used 2000\nTCP: inuse 5 orphan 0 tw 0 alloc 7 mem 1\nUDP: inuse 2 mem 0\n",
    "/proc/net/sockstat6": "TCP6: inuse 3\nUDP6: inuse 1\n",
    "/proc/zoneinfo":
      "Node 0, zone   Normal\n  pagesets\n    cpu: 0\n              count:    8968\n"
      + "              high:     9612\n    cpu: 1\n              count:    32\n",
    "/proc/self/status": "Name:\tx\nUid:\t1000\t1001\t1000\t1000\nCapEff:\t0000000001200000\n"
      + "Cpus_allowed_list:\t0-2,5\n",
    "/proc/sys/fs/nr_open": "1048576\n",
    "/proc/sys/fs/file-max": "9223372036854775807\n",
    "/proc/sys/fs/file-nr": "883\t0\t2466170\n",
    "/proc/sys/fs/epoll/max_user_watches": "5491511\n",
    "/proc/sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
    "/proc/sys/net/ipv4/tcp_mem": "287898\t383867\t575796\n",
    "/proc/sys/net/core/somaxconn": "4096\n",
    "/proc/self/mountinfo": "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n",
    "/proc/self/cgroup": "4:memory:/old\n0::/system.slice/a.service\n",
    "/sys/fs/cgroup/system.slice/a.service/memory.max": "max\n",
    "/sys/fs/cgroup/system.slice/a.service/memory.current": "100\n",
    "/sys/fs/cgroup/system.slice/memory.max": "8589934592\n",
    "/sys/fs/cgroup/system.slice/memory.current": "1073741824\n",
    "/sys/fs/cgroup/system.slice/a.service/cpu.max": "max 100000\n",
    "/sys/fs/cgroup/system.slice/cpu.max": "250000 100000\n",
    "/proc/self/limits":
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      + "Max cpu time              30                   60                   seconds   \n",
    "/proc/sys/net/ipv4/ip_unprivileged_port_start": "1024\n",
    "/proc/net/if_inet6": "fd000077000000000000000000000001 03 40 00 c0       d0\n",
    "/proc/slabinfo": """
    slabinfo - version: 2.1
    # name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables
    TCP                   26     26   2368   13    8 : tunables    0    0    0 : slabdata
    sock_inode_cache     266    266    832   19    4 : tunables    0    0    0 : slabdata
    filp                1071   1071    192   21    1 : tunables    0    0    0 : slabdata
    eventpoll_epi        256    256    128   32    1 : tunables    0    0    0 : slabdata
    btrfs_inode            1      1   1100   32    1 : tunables    0    0    0 : slabdata
    """,
  ]

  @Test func `reads what the kernel tells`() {
    let host = HostDescription { Self.files[$0] }
    #expect(host.hostname == "box")
    #expect(host.kernel == "6.18.44")
    #expect(host.processors == 2)
    #expect(host.processorTime == 30)
    #expect(host.socketsInUse == 11)
    #expect(host.firstUnprivilegedPort == 1024)
    #expect(host.unusableAddresses.map(\.interface) == ["d0"])
    #expect(host.processorModel == "AMD EPYC")
    #expect(host.memoryTotal == 24_684_084 * 1024)
    // MemAvailable, and 9,000 pages that the two processors keep, without what sockets pin.
    #expect(host.memoryAvailable == 23_956_940 * 1024 + 9000 * 4096 - 2000 * (862 + 195))
    #expect(host.user == 1001)
    #expect(host.capabilities == [.sysAdmin, .sysResource])
    #expect(host.filesAtMost == .max)
    #expect(host.filesOpen == 883)
    #expect(host.localPorts == 32_768...60_999)
    #expect(host.tcpMemory == [287_898, 383_867, 575_796])
    #expect(host.tcpSend == nil)
    #expect(host.conntrackAtMost == nil)
    #expect(host.slabs.count == 4)
    #expect(host.bytesPerEnd == 3073 + 862 + 195)
  }

  @Test func `a parent's memory bound holds for the groups below it`() {
    let host = HostDescription { Self.files[$0] }
    #expect(host.memoryGroup?.file == "/sys/fs/cgroup/system.slice/memory.max")
    #expect(host.memoryGroup?.most == 8 << 30)
    #expect(host.memoryGroup?.left == 7 << 30)
  }

  @Test func `processors are those that affinity and the groups' time grant`() {
    let host = HostDescription { Self.files[$0] }
    #expect(host.ownProcessors == Processors(allowed: [0, 1, 2, 5], quota: 2.5))
    #expect(host.ownProcessors.usable == 2)
    #expect(host.ownProcessors.capacity == 2.5)
    #expect(Processors(allowed: [0, 1], quota: nil).usable == 2)
    #expect(Processors(allowed: [0, 1], quota: 0.4).usable == 1)
  }

  @Test func `a kernel that tells nothing is no error`() {
    let host = HostDescription { _ in nil }
    #expect(host == HostDescription())
    #expect(host.bytesPerEnd > 3000)
    #expect(host.facts.contains(Fact("processors", "1")))
  }

  @Test(arguments: ["", "\n", "max\n", "x y z", "1 2 3 4 5"])
  func `nonsense in any file is no error`(text: String) {
    let host = HostDescription { _ in text }
    #expect(host.processors == 1)
    #expect(!host.facts.isEmpty)
  }

  @Test func `its facts name every setting that is known`() {
    let facts = HostDescription { Self.files[$0] }.facts
    let values = Dictionary(facts.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    #expect(values.count == facts.count)
    #expect(values["processors"] == "2 x AMD EPYC")
    #expect(values["memory"] == "23.5 GiB")
    #expect(values["fs.nr_open"] == "1,048,576")
    #expect(values["net.ipv4.ip_local_port_range"] == "32768-60999")
    #expect(values["memory.max"] == "8 GiB")
    #expect(values["slab TCP"] == "2,368 B")
    #expect(values["net.netfilter.nf_conntrack_max"] == nil)
  }

  @Test(arguments: [
    (soft: 1024, hard: 4096, ceiling: 1_048_576, raise: false, each: 4096),
    (soft: 1024, hard: 4096, ceiling: 1_048_576, raise: true, each: 1_048_576),
    (soft: 1024, hard: 2_000_000, ceiling: 1_048_576, raise: false, each: 1_048_576),
  ])
  func `a process gets the hard limit, or fs.nr_open where it may raise it`(
    soft: Int, hard: Int, ceiling: Int, raise: Bool, each: Int
  ) {
    let host = HostDescription.box {
      $0.descriptors = ResourceLimit(soft: soft, hard: hard)
      $0.descriptorsAtMost = ceiling
      $0.capabilities = raise ? .sysResource : []
    }
    #expect(host.descriptorsPerProcess == each)
  }

  @Test func `describes this machine`() {
    let host = HostDescription.current()
    #expect(!host.kernel.isEmpty)
    #expect(host.memoryTotal > host.memoryAvailable)
    #expect(host.memoryAvailable > 0)
    #expect(host.descriptors.soft > 0)
    #expect(host.descriptors.hard >= host.descriptors.soft)
    #expect(host.pageSize >= 4096)
    #expect(host.descriptorsAtMost != nil)
    #expect(host.epollWatches != nil)
    #expect(host.bytesPerEnd > 1000)
  }

  @Test func `the limit of descriptors is raised as far as it goes, and said to be`() throws {
    let child = try ChildProcess.fork(dieWithParent: true) {
      guard let before = try? ResourceLimit.descriptors(),
        (try? ResourceLimit(soft: 100, hard: before.hard).apply()) != nil
      else { return 1 }
      var host = HostDescription.box {
        $0.descriptors = ResourceLimit(soft: 100, hard: before.hard)
        $0.descriptorsAtMost = before.hard
        $0.capabilities = .sysResource
      }
      // No more than the kernel has for a process, whatever is wanted.
      guard (try? host.raiseDescriptors(to: before.hard + 1000)) != nil else { return 2 }
      guard let after = try? ResourceLimit.descriptors(), after == host.descriptors else {
        return 3
      }
      return after.soft == before.hard && host.hasRaisedDescriptors
        && host.capabilities == .sysResource ? 0 : 4
    }
    #expect(child.wait() == .exited(0))
  }

  @Test func `objects of the kernel are as large as its pages make them`() {
    func footprint(_ pageSize: Int) -> Double? {
      HostDescription(pageSize: pageSize) { Self.files[$0] }.slabs["TCP"].map {
        Double($0.footprint)
      }
    }
    #expect(footprint(4096) != nil)
    #expect(footprint(65_536) == Double(65_536 * 8 / 13))
  }
}
