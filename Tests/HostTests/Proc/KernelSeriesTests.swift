import Foundation
import Linux
import Recording
import Testing

@testable import Host

@Suite struct KernelSeriesTests {
  @Test func `counts from its start, and reads the levels as they are`() throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: root) }
    try FileManager.default.createDirectory(
      at: root.appendingPathComponent("net"), withIntermediateDirectories: true)
    func write(_ text: String, to name: String) throws {
      let file = root.appendingPathComponent(name)
      if !FileManager.default.fileExists(atPath: file.path) {
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
      }
      let handle = try FileHandle(forWritingTo: file)
      try handle.truncate(atOffset: 0)
      try handle.write(contentsOf: Data(text.utf8))
      try handle.close()
    }

    try write("TcpExt: ListenDrops\nTcpExt: 100\n", to: "net/netstat")
    try write("TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 3\n", to: "net/sockstat")
    try write("1048576\n", to: "memory.current")
    try write("2097152\n", to: "memory.max")
    try write("inactive_file 524288\n", to: "memory.stat")
    try write("low 0\nhigh 0\nmax 7\noom 2\noom_kill 2\n", to: "memory.events")
    let group = ControlGroup(directory: root.path, isVersion2: true)
    let texts = [
      "/proc/self/mountinfo": "1 0 0:1 / \(root.path) rw - cgroup2 none rw\n",
      "/proc/self/cgroup": "0::/\n",
    ]
    let meter = GroupMeter { texts[$0] ?? ProcFile.text(of: $0) }
    let series = KernelSeries(root: root.path, tightest: group, own: group, groups: meter)
    #expect(series.readings().values[.listenDrops] == 0)

    try write("TcpExt: ListenDrops\nTcpExt: 142\n", to: "net/netstat")
    try write("TCP: inuse 50 orphan 0 tw 0 alloc 1 mem 3\n", to: "net/sockstat")
    try write("low 0\nhigh 0\nmax 9\noom 3\noom_kill 3\n", to: "memory.events")
    let values = series.readings().values
    #expect(values[.listenDrops] == 42)
    #expect(values[.cgroupOutOfMemory] == 1)
    #expect(values[.socketsInUse] == 50)
    #expect(values[.cgroupMemory] == 1_048_576)
    // What the kernel takes back by itself is left.
    #expect(values[.cgroupMemoryLeft] == 1_572_864)
    #expect(values[.cgroupFull] == 2)
    #expect(values[.cgroupKills] == 1)
    #expect(values[.memoryAvailable] == nil)
  }

  @Test func `samples this machine`() {
    let series = KernelSeries(host: HostDescription())
    let readings = series.readings()
    let values = readings.values
    #expect(Set(readings.map(\.key)).count == readings.count)
    #expect((values[.memoryAvailable] ?? 0) > 0)
    #expect(values[.listenOverflows] != nil)
    #expect(values[.filesOpen] != nil)
    #expect(values[.cpuIdle] != nil)
    #expect(readings.filter { $0.kind == .counter }.allSatisfy { $0.value >= 0 })
  }
}
