import Linux
import Recording

@testable import Host

extension HostDescription {
  /// 24 GiB, two processors, root, 20,000 descriptors a process that it cannot raise.
  static var box: HostDescription {
    var host = HostDescription()
    host.hostname = "box"
    host.kernel = "6.18.0"
    host.processors = 2
    host.memoryTotal = 24 << 30
    host.memoryAvailable = 22 << 30
    host.capabilities = .sysAdmin
    host.descriptors = ResourceLimit(soft: 20_000, hard: 20_000)
    host.descriptorsAtMost = 1_048_576
    host.filesAtMost = 2_000_000
    host.filesOpen = 1000
    host.epollWatches = 5_491_511
    host.localPorts = 32_768...60_999
    host.somaxconn = 4096
    host.synBacklog = 1024
    host.ipv6 = .on
    host.tcpMemory = [287_898, 383_867, 575_796]
    return host
  }

  /// The box with a control group that bounds memory.
  static func box(group most: Int, used: Int, isVersion2: Bool = true) -> HostDescription {
    box {
      $0.hasMemoryGroups = true
      $0.memoryGroup = GroupBound(
        isVersion2 ? "memory.max" : "memory.limit_in_bytes",
        of: ControlGroup(directory: "/sys/fs/cgroup/a", isVersion2: isVersion2), most: most,
        used: used)
    }
  }

  static func box(_ change: (inout HostDescription) -> Void) -> HostDescription {
    var host = box
    change(&host)
    return host
  }
}

extension Demand {
  /// A million connections over loopback, both ends ours, in 54 processes each.
  static var million: Demand {
    Demand(
      goal: 1_000_000, clientWorkers: .count(54), serverWorkers: .count(54), bothEndsHere: true,
      sources: 16, portsPerSource: 64_512, endpoints: 54, backlog: 4096)
  }

  static func million(_ change: (inout Demand) -> Void) -> Demand {
    var demand = million
    change(&demand)
    return demand
  }
}

extension FailureRecord {
  static func failed(
    _ syscall: String, _ errno: String?, end: End = .client, source: String? = "127.0.0.2",
    endpoint: String? = "127.0.0.1:9000"
  ) -> FailureRecord {
    FailureRecord(
      end: end, worker: 1, phase: "ramp", syscall: syscall,
      errno: errno.map { ErrnoRecord(number: 1, name: $0, text: "text of \($0)") }, count: 12,
      firstInstant: 1.5, established: 19_936, accepted: 19_930, source: source,
      endpoint: endpoint)
  }
}

/// What a failure is diagnosed as on a usual host, for a million connections.
func found(
  _ failure: FailureRecord, before: [Series.Key: Double] = [:],
  after: [Series.Key: Double] = [:], host: HostDescription = .box, demand: Demand = .million
) -> Diagnosed {
  diagnose(failure, before: before, after: after, host: host, demand: demand)
}

/// What the evidence says under a name; nil where it has no such fact.
func value(_ name: String, in found: Diagnosed) -> String? {
  found.evidence.first { $0.name == name }?.value
}
