import Linux
import Recording
import Testing

@testable import Host

/// Every row of the limit table: what was seen, and what it comes down to.
/// What one worker at each end and the coordinator take for themselves.
private let ownBytes = 16 << 20 + 2 * (440 << 10)

/// What was in use and was not the 19,936 connections'.
private func othersBytes(available: Int) -> Int {
  (24 << 30) - available - 19_936 * 8374 - ownBytes
}

@Suite struct DiagnosisTests {
  struct Row: CustomTestStringConvertible {
    var syscall: String
    var errno: String?
    var end = End.client
    var rose: [Series.Key: Double] = [:]
    var resource: Resource
    var knob: String?
    var now: Int?
    var needed: Int?
    var fix: String?

    var testDescription: String {
      "\(end.rawValue) \(syscall) \(errno ?? "")\(rose.isEmpty ? "" : " with counters")"
    }
  }

  /// Counters that are there, and did not move.
  private static let quiet: [Series.Key: Double] = [.listenOverflows: 7, .listenDrops: 7]
  private static let overflown: [Series.Key: Double] = [.listenOverflows: 19, .listenDrops: 19]

  private static let mebibyte = 1_048_576.0
  private static let gibibyte = 1024 * mebibyte

  static let rows: [Row] =
    descriptorRows + memoryRows + addressRows + pathRows + closedRows + unclassifiedRows

  private static let descriptorRows: [Row] =
    ["socket", "accept4"].flatMap { syscall -> [Row] in
      let end: End = syscall == "socket" ? .client : .server
      return [
        Row(
          syscall: syscall, errno: "EMFILE", end: end, resource: .descriptorsPerProcess,
          knob: "RLIMIT_NOFILE", now: 20_000, needed: 1_000_064,
          fix: "prlimit --pid $$ --nofile=1000064:1000064"),
        Row(
          syscall: syscall, errno: "ENFILE", end: end, resource: .descriptorsPerHost,
          knob: "fs.file-max", now: 2_000_000, needed: 4_200_000,
          fix: "sysctl -w fs.file-max=4200000"),
      ]
    }
    + [End.client, .server].map { end in
      Row(
        syscall: "epoll_ctl", errno: "ENOSPC", end: end, resource: .epollWatches,
        knob: "fs.epoll.max_user_watches", now: 5_491_511, needed: 7_900_000,
        fix: "sysctl -w fs.epoll.max_user_watches=7900000")
    }

  private static let memoryRows: [Row] =
    ["epoll_ctl", "socket", "accept4", "tls"].flatMap { syscall in
      (syscall == "tls" ? ["ENOMEM"] : ["ENOMEM", "ENOBUFS"]).map { errno in
        Row(
          syscall: syscall, errno: errno, rose: [.memoryAvailable: 100 * mebibyte],
          resource: .memory, knob: "RAM", now: 24 << 30,
          needed: othersBytes(available: 100 << 20) + 8_374_000_000 + ownBytes)
      }
    } + [
      Row(
        syscall: "socket", errno: "ENOMEM",
        rose: [.memoryAvailable: 20 * gibibyte, .tcpPages: 575_000, .established: 500_000],
        resource: .memory, knob: "net.ipv4.tcp_mem", now: 575_796, needed: 1_300_000,
        fix: "sysctl -w net.ipv4.tcp_mem=\"650000 975000 1300000\""),
      Row(
        syscall: "socket", errno: "ENOMEM", rose: [.memoryAvailable: 20 * gibibyte],
        resource: .memory),
      Row(
        syscall: "memory-guard", end: .host, rose: [.memoryAvailable: gibibyte],
        resource: .memoryGuard, knob: "RAM", now: 24 << 30,
        needed: othersBytes(available: 1 << 30) + 8_374_000_000 + ownBytes),
    ]

  private static let addressRows: [Row] = [
    Row(
      syscall: "connect", errno: "EADDRNOTAVAIL", resource: .sourcePorts,
      knob: "clients.sources", now: 16, needed: 17),
    Row(
      syscall: "bind", errno: "EADDRNOTAVAIL", resource: .sourceAddress, knob: "ip addr",
      fix: "ip addr add 127.0.0.2/32 dev lo"),
    Row(
      syscall: "bind", errno: "EADDRNOTAVAIL", end: .server, resource: .sourceAddress,
      knob: "ip addr", fix: "ip addr add 127.0.0.1/32 dev lo"),
    Row(syscall: "bind", errno: "EADDRINUSE", resource: .portTaken),
    Row(syscall: "bind", errno: "EADDRINUSE", end: .server, resource: .portTaken),
    Row(syscall: "listen", errno: "EADDRINUSE", end: .server, resource: .portTaken),
  ]

  private static let pathRows: [Row] =
    [("connect", "ETIMEDOUT"), ("connect-timeout", nil)]
    .flatMap { (syscall: String, errno: String?) -> [Row] in
      [
        Row(
          syscall: syscall, errno: errno, rose: overflown, resource: .acceptQueue,
          knob: "net.core.somaxconn", now: 4096, needed: 18_519,
          fix: "sysctl -w net.core.somaxconn=18519  # and in the plan: server: {backlog: 18519}"),
        Row(syscall: syscall, errno: errno, rose: quiet, resource: .packetsDropped),
        Row(syscall: syscall, errno: errno, resource: .unclassified),
      ]
    }
    + [
      ("ECONNREFUSED", .nobodyListens), ("EHOSTUNREACH", .noRoute), ("ENETUNREACH", .noRoute),
      ("EPERM", .noRoute), ("EACCES", .noRoute),
    ]
    .map { (errno: String, resource: Resource) in
      Row(syscall: "connect", errno: errno, resource: resource)
    }

  private static let closedRows: [Row] = [
    ("read", "ECONNRESET"), ("write", "ECONNRESET"), ("write", "EPIPE"), ("read", nil),
    ("closed", nil), ("closed", "ECONNRESET"), ("closed", "EPIPE"),
    ("connect", "ECONNRESET"),
  ].flatMap { (syscall: String, errno: String?) in
    [End.client, .server].map {
      Row(syscall: syscall, errno: errno, end: $0, resource: .closedByPeer)
    }
  }

  private static let unclassifiedRows: [Row] = [
    ("socket", "EACCES"), ("bind", "EACCES"), ("connect", "ENOBUFS"), ("read", "ETIMEDOUT"),
    ("epoll_ctl", "EPERM"), ("accept4", "EPROTO"), ("socket", nil), ("teleport", "ENOSYS"),
  ].map { (syscall: String, errno: String?) in
    Row(syscall: syscall, errno: errno, resource: .unclassified)
  }

  @Test(arguments: rows) func `decides`(row: Row) {
    let demand = Demand.million {
      $0.clientWorkers = .count(1)
      $0.serverWorkers = .count(1)
    }
    let found = diagnose(
      .failed(row.syscall, row.errno, end: row.end), before: Self.quiet, after: row.rose,
      host: .box, demand: demand)
    #expect(found.resource == row.resource)
    #expect(found.knob == row.knob)
    #expect(found.now == row.now)
    #expect(found.needed == row.needed)
    #expect(found.fix == row.fix)
    #expect(!found.evidence.isEmpty)
  }
}
