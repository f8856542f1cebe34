package import Recording

/// What the coordinator asks of its host during a run: the door to the kernel's files. The other
/// side is this host (`LinuxReadings`), or a simulated one.
package protocol HostReadings: AnyObject {
  /// The kernel's series now.
  func readings() -> [Reading]
  /// Bytes that can still be had; nil where nothing tells.
  func availableMemory() -> Int?
  /// The control group that leaves the least memory now, with what was in use in it when the readings began;
  /// nil without any.
  func tightestGroup() -> GroupBound?
  /// Bytes that no other process shares; nil where nothing tells.
  func privateBytes(of process: Int32) -> Int?
  /// How many descriptors a process may have now; nil where nothing tells.
  func descriptorLimit(of process: Int32) -> Int?
  /// Seconds of processor time that this process has used.
  func ownProcessorTime() -> Double
  /// Readings of what lies between the two ends.
  var path: any PathReadings { get }
}
