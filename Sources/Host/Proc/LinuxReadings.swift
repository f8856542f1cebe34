package import Addressing
import Linux
package import Recording

/// The readings of this host: from /proc, from its control groups and from its sockets.
package final class LinuxReadings: HostReadings {
  private let kernel: KernelSeries
  private let meter: MemoryMeter
  package let path: any PathReadings

  /// Opens the kernel's files, and notes the counters as they stand: `readings` counts from there.
  ///
  /// - Parameters:
  ///   - endpoints: where the clients connect to.
  ///   - sources: where they connect from.
  package init(host: HostDescription, endpoints: [SocketAddress], sources: [IPAddress]) {
    kernel = KernelSeries(host: host)
    meter = MemoryMeter(host: host)
    path = PathWatch(endpoints: endpoints, sources: sources)
  }

  package func readings() -> [Reading] { kernel.readings() }
  package func availableMemory() -> Int? { meter.available() }
  package func tightestGroup() -> GroupBound? { meter.tightestGroup() }
  package func privateBytes(of process: Int32) -> Int? { MemoryMeter.privateBytes(of: process) }
  package func descriptorLimit(of process: Int32) -> Int? {
    ResourceLimit.descriptors(of: process)?.soft
  }
  package func ownProcessorTime() -> Double { CurrentProcess.processorTime() }
}
