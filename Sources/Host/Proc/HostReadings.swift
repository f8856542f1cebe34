package import Recording

/// What the coordinator asks of its host during a run. `LinuxReadings` answers for this host, and the simulation
/// for a simulated one.
package protocol HostReadings: AnyObject {
  /// The values of the kernel's series now.
  func readings() -> [Reading]
  /// Bytes of memory that can still be had; nil where the host does not tell.
  func availableMemory() -> Int?
  /// The memory bound of the control group that leaves the least now. Its `used` is what the group had in use
  /// when this object was made. Nil where no group has a bound.
  func tightestGroup() -> GroupBound?
  /// Bytes of a process's memory that no other process shares; nil where the host does not tell.
  func privateBytes(of process: Int32) -> Int?
  /// How many descriptors a process may have now (the soft limit); nil where the host does not tell.
  func descriptorLimit(of process: Int32) -> Int?
  /// Seconds of processor time that this process has used.
  func ownProcessorTime() -> Double
  /// Readings of what lies between the two ends.
  var path: any PathReadings { get }
}
