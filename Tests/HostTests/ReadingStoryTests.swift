import GoldenFiles
import Linux
import Recording
import Testing

@testable import Host

/// What is read from the kernel's files, of hosts and kernels that differ, reads as it did.
@Suite struct ReadingStoryTests {
  private static let files = [
    "/proc/sys/kernel/hostname": "box\n", "/proc/sys/kernel/osrelease": "6.18.44\n",
    "/proc/cpuinfo":
      "processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n",
    "/proc/meminfo":
      "MemTotal:       24684084 kB\nMemFree: 1000 kB\nMemAvailable:   23956940 kB\nSlab: 77 kB\nSUnreclaim: 44 kB\n",
    "/proc/net/sockstat":
      "sockets: used 2000\nTCP: inuse 5 orphan 1 tw 2 alloc 7 mem 3\nUDP: inuse 4 mem 1\n",
    "/proc/zoneinfo":
      "Node 0, zone   Normal\n  pagesets\n    cpu: 0\n              count:    8968\n              high: 9612\n    cpu: 1\n              count:    32\n",
    "/proc/self/status":
      "Name:\tx\nUid:\t1000\t1001\t1000\t1000\nCapEff:\t0000000001200000\nCpus_allowed_list:\t0-2,5\nSeccomp:\t2\n",
    "/proc/self/uid_map": "         0          0 4294967295\n",
    "/proc/self/limits":
      "Limit Soft Hard Units\nMax processes             95000                95000                processes\n",
    "/proc/loadavg": "0.5 0.4 0.3 2/900 12345\n", "/proc/sys/kernel/threads-max": "190000\n",
    "/proc/sys/kernel/pid_max": "4194304\n", "/proc/sys/fs/nr_open": "1048576\n",
    "/proc/sys/fs/file-max": "9223372036854775807\n", "/proc/sys/fs/file-nr": "883\t0\t2466170\n",
    "/proc/sys/fs/epoll/max_user_watches": "5491511\n",
    "/proc/sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
    "/proc/sys/net/ipv4/ip_local_reserved_ports": "8080,40000-40009\n",
    "/proc/sys/net/core/somaxconn": "4096\n", "/proc/sys/net/ipv4/tcp_max_syn_backlog": "1024\n",
    "/proc/sys/net/ipv4/tcp_max_tw_buckets": "65536\n", "/proc/sys/net/ipv4/tcp_syncookies": "1\n",
    "/proc/sys/net/ipv4/tcp_abort_on_overflow": "0\n", "/proc/sys/net/ipv4/tcp_timestamps": "1\n",
    "/proc/sys/net/ipv6/conf/all/disable_ipv6": "0\n",
    "/proc/sys/net/ipv6/conf/lo/disable_ipv6": "0\n",
    "/proc/sys/net/ipv4/tcp_mem": "287898\t383867\t575796\n",
    "/proc/sys/net/ipv4/tcp_rmem": "4096\t131072\t6291456\n",
    "/proc/sys/net/ipv4/tcp_wmem": "4096\t16384\t4194304\n",
    "/proc/sys/net/netfilter/nf_conntrack_max": "262144\n",
    "/proc/sys/net/netfilter/nf_conntrack_count": "44\n",
    "/proc/sys/net/ipv4/ip_forward": "0\n", "/proc/sys/net/ipv4/tcp_ehash_entries": "-262144\n",
    "/proc/self/mountinfo":
      "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n31 24 0:27 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory\n32 24 0:28 /part /mnt/with\\040blank rw,nosuid - cgroup cgroup rw,cpu,cpuacct\n33 24 0:29 /.. /sys/fs/cgroup/pids rw,nosuid - cgroup cgroup rw,pids\n",
    "/proc/self/cgroup":
      "5:pids:/deep/er\n4:memory:/old/one\n3:cpu,cpuacct:/part/inner\n0::/system.slice/a.service\n",
    "/sys/fs/cgroup/system.slice/a.service/memory.max": "max\n",
    "/sys/fs/cgroup/system.slice/a.service/memory.high": "6442450944\n",
    "/sys/fs/cgroup/system.slice/a.service/memory.current": "1073741824\n",
    "/sys/fs/cgroup/system.slice/a.service/memory.stat": "inactive_file 4096\n",
    "/sys/fs/cgroup/system.slice/memory.max": "8589934592\n",
    "/sys/fs/cgroup/system.slice/memory.current": "1073741824\n",
    "/sys/fs/cgroup/system.slice/a.service/cpu.max": "max 100000\n",
    "/sys/fs/cgroup/system.slice/cpu.max": "250000 100000\n",
    "/sys/fs/cgroup/system.slice/a.service/pids.max": "500\n",
    "/sys/fs/cgroup/system.slice/a.service/pids.current": "17\n",
    "/sys/fs/cgroup/memory/old/one/memory.limit_in_bytes": "2147483648\n",
    "/sys/fs/cgroup/memory/old/one/memory.usage_in_bytes": "100000000\n",
    "/sys/fs/cgroup/memory/old/one/memory.stat":
      "hierarchical_memory_limit 1610612736\ntotal_inactive_file 8192\n",
    "/sys/fs/cgroup/memory/old/memory.limit_in_bytes": "9223372036854771712\n",
    "/sys/fs/cgroup/memory/old/memory.usage_in_bytes": "200000000\n",
    "/sys/fs/cgroup/memory/old/memory.use_hierarchy": "0\n",
    "/mnt/with blank/inner/cpu.cfs_quota_us": "150000\n",
    "/mnt/with blank/inner/cpu.cfs_period_us": "100000\n",
    "/mnt/with blank/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/pids/pids.max": "300\n",
    "/sys/fs/cgroup/pids/pids.current": "9\n",
    "/proc/slabinfo":
      "slabinfo - version: 2.1\nTCP 26 26 2368 13 8 : tunables\nsock_inode_cache 266 266 832 19 4 : t\nfilp 1071 1071 192 21 1 : t\neventpoll_epi 256 256 128 32 1 : t\ndentry 1 1 192 21 1 : t\nbtrfs_inode 1 1 1100 32 1 : t\n",
  ]

  private static func lines(_ files: [String: String]) -> [String] {
    let host = HostDescription { files[$0] }
    let groups = GroupMemory.all { files[$0] }
    return lines(of: host, files)
      + groups.map { group in
        "  \(group.group.directory) \(told(group.bound { files[$0] } as Any))"
      }
  }

  private static func lines(of host: HostDescription, _ files: [String: String]) -> [String] {
    host.facts.map { "\($0.name): \($0.value)" } + [told(host)]
      + [
        "\(host.bytesPerEnd) bytes an end, lasting \(host.conntrackLasting), allowed \(host.memoryAllowed),"
          + " usable \(host.ownProcessors.usable) of \(host.ownProcessors.capacity), ports"
          + " \(host.sourcePorts), left \(told(host.portsLeftToOthers as Any)), workers"
          + " \(host.workersAtMost)"
      ] + host.workerBounds.map { "  \($0.words), left \($0.left)" }
      + ProcessorBound.all { files[$0] }.map { "  \($0.file) \($0.statistics)" }
  }

  /// The same host with a few of its files gone, or with other text.
  private static func changed(_ chance: inout Chance) -> [String: String] {
    var files = files
    let names = files.keys.sorted()
    for name in chance.some(of: names, percent: 8) {
      let text = files[name] ?? ""
      switch chance.below(5) {
      case 0: files[name] = nil
      case 1: files[name] = ""
      case 2:
        files[name] = chance.pick([
          "0\n", "1\n", "2\n", "-1\n", "x\n", "max\n", "5 4\n", "65536 70000\n",
        ])
      default:
        // A number of it is another one.
        var words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let at = chance.below(words.count)
        words[at] = chance.pick(["0", "1", "99", "1000000", "x", "", "5-3", "1-1"])
        files[name] = words.joined(separator: " ")
      }
    }
    return files
  }

  @Test func `hosts`() throws {
    var all = Self.lines(Self.files)
    let known = Set(all)
    for seed in 0..<120 as Range<UInt64> {
      var chance = Chance(seed)
      let files = Self.changed(&chance)
      all.append("\(seed).")
      all += Self.lines(files).filter { !known.contains($0) && !$0.hasPrefix("HostDescription") }
      let own = ControlGroup.Controller.self
      all += [own.memory, .pids, .cpu].map { controller in
        "\(controller): \(ControlGroup.groups(of: controller) { files[$0] }.map(\.directory))"
      }
    }
    #expect(try difference("hosts.txt", all.joined(separator: "\n") + "\n") == nil)
  }

  private static var texts: [(String, String, (String) -> [Reading])] {
    [
      ("sockstat", files["/proc/net/sockstat"]!, KernelText.sockstat),
      ("sockstat6", "TCP6: inuse 3\nUDP6: inuse 1\n", KernelText.sockstat6),
      ("meminfo", files["/proc/meminfo"]!, KernelText.meminfo),
      (
        "netstat",
        "TcpExt: ListenOverflows ListenDrops TCPDeferAcceptDrop TCPReqQFullDrop TCPReqQFullDoCookies SyncookiesSent TCPTimeouts TCPSynRetrans TCPBacklogDrop TCPAbortOnMemory PruneCalled\nTcpExt: 1 2 3 4 5 6 7 8 9 10 11\nIpExt: InOctets\nIpExt: 5\n",
        KernelText.netstat
      ),
      (
        "snmp",
        "Tcp: ActiveOpens PassiveOpens AttemptFails EstabResets OutRsts RetransSegs\nTcp: 1 2 3 4 5 6\nIcmp: InDestUnreachs OutDestUnreachs\nIcmp: 7 8\n",
        KernelText.snmp
      ),
      ("snmp6", "Ip6InReceives 5\nIcmp6InDestUnreachs 9\n", KernelText.snmp6),
      ("file-nr", "883\t0\t2466170\n", KernelText.fileNumbers),
      ("conntrack", "44\n", KernelText.conntrack),
      (
        "drops", "entries drop early\n0000002c 0000000a 00000000\n0000002c 00000001 00000000\n",
        KernelText.conntrackDrops
      ),
      ("cgroup", "4096\n", KernelText.cgroupMemory),
      ("events", "low 0\nmax 7\noom 2\noom_kill 3\n", KernelText.cgroupEvents),
      ("failures", "5\n", KernelText.cgroupFailures),
      ("kills", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", KernelText.cgroupKills),
      ("vmstat", "nr_free_pages 5\noom_kill 6\n", KernelText.vmstat),
      (
        "pressure",
        "some avg10=1.50 avg60=2.00 avg300=3.00 total=123456\nfull avg10=0.10 total=5\n",
        { KernelText.pressure($0, share: .cpuPressure, stalled: .cpuStalled) }
      ),
      (
        "stat",
        "cpu  10 20 30 40 50 60 70 80 90 100\ncpu0 5 10 15 20 25 30 35 40 45\ncpu1 1 2 3 4 5 6 7 8\nintr 5\n",
        KernelText.stat
      ),
      (
        "processors",
        "cpu  10 20 30 40 50 60 70 80\ncpu0 5 10 15 20 25 30 35 40 45\ncpu1 1 2 3 4 5 6 7 8\ncpu2 1 2\nintr 5\n",
        KernelText.processors
      ),
      (
        "throttling", "nr_periods 10\nnr_throttled 4\nthrottled_usec 1500000\n",
        { KernelText.throttling($0, by: "b") }
      ),
      (
        "throttling", "nr_periods 10\nnr_throttled 4\nthrottled_time 1500000\n",
        { KernelText.throttling($0, by: "b") }
      ),
    ]
  }

  @Test func `the kernel's own series`() throws {
    func line(_ name: String, _ readings: [Reading]) -> String {
      let values = readings.map {
        "\($0.key.name){\($0.key.label)} \($0.value) \($0.unit) \($0.kind)"
      }
      return "\(name): " + values.joined(separator: "; ")
    }
    var lines = Self.texts.map { name, text, parse in line(name, parse(text)) }
    for seed in 0..<300 as Range<UInt64> {
      var chance = Chance(seed)
      let (name, text, parse) = chance.pick(Self.texts)
      var words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      for _ in 0..<1 + chance.below(2) {
        let at = chance.below(words.count)
        words[at] = chance.pick(["", "0", "x", "1\n2", "-5", "18446744073709551616"])
      }
      lines.append("\(seed). " + line(name, parse(words.joined(separator: " "))))
    }
    #expect(try difference("readings.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `ports of sources`() throws {
    var lines: [String] = []
    for seed in 0..<80 as Range<UInt64> {
      var chance = Chance(seed)
      let host = HostDescription.box {
        $0.localPorts = chance.pick([
          nil, 32_768...60_999, 1024...65_535, 1...9, 100...1030, 65_530...65_535, 5...70_000,
        ])
        $0.reservedPorts = chance.some(
          of: [8080...8080, 1024...30_000, 40_000...65_535, 1...65_535], percent: 30)
      }
      let ports = host.sourcePorts
      let taken = chance.pick([0, 1, 1000, 100_000])
      lines.append(
        "\(seed). \(ports) of \(ports.count), left \(told(host.portsLeftToOthers as Any)), taken"
          + " \(host.localPortsTaken(by: ports, each: taken)) \(host.takesFromOthers(taken))")
    }
    #expect(try difference("source-ports.txt", lines.joined(separator: "\n") + "\n") == nil)
  }
}
