package import Recording

/// What a run asks of its host while it goes on: the door to the kernel's files. The other side is
/// this host, or a simulated one.
package protocol HostReadings: AnyObject {
  /// The kernel's series, as they stand.
  func readings() -> [Reading]
  /// Bytes that can still be had; nil where nothing tells.
  func availableMemory() -> Int?
  /// Bytes that no other process shares; nil where nothing tells.
  func privateBytes(of process: Int32) -> Int?
  /// Seconds of processor time that this process has used.
  func ownProcessorTime() -> Double
  /// What lies between the two ends.
  var path: any PathReadings { get }
}
