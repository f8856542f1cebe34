import Linux
import Testing

@testable import Probe
@testable import Simulation

/// Alarms against the same in the plainest words.
@Suite struct AlarmsTests {
  @Test(arguments: 0..<20 as Range<UInt64>)
  func `ring in the order of their instants through a long random life`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let rows = UInt32.random(in: 1...50, using: &generator)
    var alarms = try Alarms(rows: Int(rows))
    var model: [UInt32: UInt64] = [:]
    for _ in 0..<3000 {
      let row = UInt32.random(in: 0..<rows, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0:
        // Many of them at the same instant.
        let due = UInt64.random(in: 0..<40, using: &generator)
        alarms.set(row, to: Instant(nanoseconds: due))
        model[row] = due
      case 1:
        alarms.remove(row)
        model[row] = nil
      default:
        guard let first = alarms.first else { break }
        #expect(model[first.row] == first.due.nanoseconds)
        alarms.remove(first.row)
        model[first.row] = nil
      }
      #expect(alarms.first?.due.nanoseconds == model.values.min())
      #expect(alarms.due(row)?.nanoseconds == model[row])
      #expect(alarms.isEmpty == model.isEmpty)
    }
  }
}
