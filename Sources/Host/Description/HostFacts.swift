import Addressing
import Linux
package import Recording

extension HostDescription {
  /// The description as named values in words, for recordings and reports. What is not known is left out.
  package var facts: [Fact] {
    var facts = [
      Fact("hostname", hostname),
      Fact("kernel", kernel),
      Fact("processors", processorModel.map { "\(processors) x \($0)" } ?? String(processors)),
      Fact("memory", Format.bytes(memoryTotal)),
      Fact("memory available", Format.bytes(memoryAvailable)),
      Fact("page size", Format.bytes(pageSize)),
      Fact("user", String(user)),
      Fact("user namespace", isInFirstUserNamespace ? "the host's" : "its own"),
      Fact("CAP_SYS_RESOURCE", mayRaiseHardLimit ? "yes" : "no"),
      Fact("CAP_SYS_ADMIN", isExemptFromFileMax ? "yes" : "no"),
      Fact("CAP_SYS_NICE", hostCapabilities.contains(.sysNice) ? "yes" : "no"),
      Fact("RLIMIT_NOFILE soft", Format.count(descriptors.soft)),
      Fact("RLIMIT_NOFILE hard", Format.count(descriptors.hard)),
    ]
    if let hasSeccompFilter {
      facts.append(Fact("seccomp filter", hasSeccompFilter ? "yes" : "no"))
    }
    if let bound = memoryGroup {
      facts.append(Fact("cgroup", bound.group.directory))
      facts.append(Fact(bound.setting, Format.bytes(bound.most)))
      facts.append(Fact("cgroup memory in use", Format.bytes(bound.used)))
    }
    facts.append(Fact("processors allowed", Format.count(ownProcessors.allowed.count)))
    if let quota = ownProcessors.quota {
      facts.append(Fact("processors granted", Format.count(quota)))
    }
    for bound in taskBounds {
      facts.append(Fact(bound.setting, Format.count(bound.most)))
    }
    let counts: [(String, Int?)] = [
      ("fs.nr_open", descriptorsAtMost), ("fs.file-max", filesAtMost), ("open files", filesOpen),
      ("fs.epoll.max_user_watches", epollWatches), ("net.core.somaxconn", somaxconn),
      ("net.ipv4.tcp_max_syn_backlog", synBacklog),
      ("net.ipv4.tcp_max_tw_buckets", timeWaitAtMost),
      ("net.netfilter.nf_conntrack_max", conntrackAtMost),
      ("net.netfilter.nf_conntrack_count", conntrackEntries),
      ("net.ipv4.tcp_ehash_entries", establishedBuckets),
    ]
    for case (let name, let value?) in counts { facts.append(Fact(name, Format.count(value))) }
    if let localPorts {
      facts.append(
        Fact(
          "net.ipv4.ip_local_port_range", "\(localPorts.lowerBound)-\(localPorts.upperBound)"))
    }
    if !reservedPorts.isEmpty {
      facts.append(Fact("net.ipv4.ip_local_reserved_ports", "\(PortSet(reservedPorts))"))
    }
    let triples: [(String, [Int]?)] = [
      ("net.ipv4.tcp_mem", tcpMemory), ("net.ipv4.tcp_rmem", tcpReceive),
      ("net.ipv4.tcp_wmem", tcpSend),
    ]
    for case (let name, let values?) in triples {
      facts.append(Fact(name, values.map(String.init).joined(separator: " ")))
    }
    for (name, slab) in slabs.sorted(by: { $0.key < $1.key }) {
      facts.append(Fact("slab \(name)", "\(Format.count(slab.size)) B"))
    }
    return facts
  }
}
