import Testing
import WorkerLog

@Suite struct DriveEntryTests {
  private func bytes(_ entry: DriveEntry) -> [UInt8] {
    var bytes: [UInt8] = []
    entry.write { bytes.append($0) }
    return bytes
  }

  @Test(arguments: [
    DriveEntry(.arrivals, ticks: 0), DriveEntry(.arrivals, ticks: 1 << 40, count: 4_000_000_000),
    DriveEntry(.messages(pattern: 0), ticks: 7),
    DriveEntry(.messages(pattern: 7), ticks: 7, count: 2),
    DriveEntry(.phase(65_535), ticks: 0),
  ])
  func `an entry is read as it was written`(entry: DriveEntry) {
    var rest = (bytes(entry) + [0xFF])[...]
    #expect(DriveEntry(from: &rest) == entry)
    #expect(rest == [0xFF])
  }

  @Test(arguments: [
    [], [3], [0x80], [1], [2, 0x80, 0x80, 4], [4], [4, 0], [4, 0x80, 0x80, 0x80, 0x80, 0x10],
  ])
  func `what no worker writes is no entry`(bytes: [UInt8]) {
    var rest = bytes[...]
    #expect(DriveEntry(from: &rest) == nil)
  }
}
