import SystemPackage
import Testing

@testable import Probe
@testable import Simulation

@Suite struct ConnectionTableTests {
  /// The table in the plainest words: a dictionary, and a list in order of age.
  struct Model {
    struct Row {
      var state: ConnectionTable.State
      var descriptor: Int32
      var position: UInt32
      var token: Token
    }

    var rows: [UInt32: Row] = [:]
    var connecting: [UInt32] = []
    var stale: [Token] = []
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `keeps every connection apart through a long random life`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let capacity = Int.random(in: 1...64, using: &generator)
    var table = try ConnectionTable(capacity: capacity)
    var model = Model()
    for step in 0..<3000 as Range<UInt32> {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0...1 where model.rows.count < capacity:
        let slot = table.insert(
          descriptor: FileDescriptor(rawValue: Int32(step)), position: step,
          due: UInt64(step) * 2, began: UInt64(step) * 3)
        #expect(model.rows[slot] == nil)
        model.rows[slot] = Model.Row(
          state: .connecting, descriptor: Int32(step), position: step, token: table.token(slot))
        model.connecting.append(slot)
      case 2:
        guard let slot = model.connecting.randomElement(using: &generator) else { continue }
        table.establish(slot)
        model.rows[slot]?.state = .established
        model.connecting.removeAll { $0 == slot }
      case 3:
        guard let slot = model.rows.keys.sorted().randomElement(using: &generator) else { continue }
        table.remove(slot)
        model.stale.append(model.rows[slot]!.token)
        model.rows[slot] = nil
        model.connecting.removeAll { $0 == slot }
      default: continue
      }
      let isRight = matches(table, model)
      try #require(isRight, "step \(step) of seed \(seed)")
    }
  }

  private func matches(_ table: borrowing ConnectionTable, _ model: Model) -> Bool {
    guard table.oldestConnecting == model.connecting.first ?? ConnectionTable.none else {
      return false
    }
    for (slot, row) in model.rows {
      guard table.state(slot) == row.state, table.state(row.token) == row.state,
        table.descriptor(slot).rawValue == row.descriptor, table.position(slot) == row.position,
        table.due(slot) == UInt64(row.position) * 2, table.began(slot) == UInt64(row.position) * 3
      else { return false }
    }
    return model.stale.suffix(20).allSatisfy { table.state($0) == .free }
  }

  @Test func `the oldest handshake comes first, whatever becomes of the others`() throws {
    var table = try ConnectionTable(capacity: 4)
    let slots = (0..<4).map { index in
      table.insert(
        descriptor: FileDescriptor(rawValue: index), position: 0, due: 0, began: UInt64(index))
    }
    table.establish(slots[1])
    #expect(table.oldestConnecting == slots[0])
    table.remove(slots[0])
    #expect(table.oldestConnecting == slots[2])
    table.remove(slots[3])
    table.establish(slots[2])
    #expect(table.oldestConnecting == ConnectionTable.none)
  }

  @Test func `a token of nobody is free`() throws {
    let table = try ConnectionTable(capacity: 4)
    #expect(table.state(Token(slot: 0, generation: 0)) == .free)
    #expect(table.state(Token(slot: 1_000_000, generation: 3)) == .free)
  }

  @Test func `a token keeps slot and generation apart, and apart from the two that are reserved`() {
    let token = Token(slot: .max, generation: .max)
    #expect(token.slot == .max)
    #expect(token.generation == .max)
    #expect(token.rawValue != Token.wakeUp.rawValue)
    #expect(token.rawValue != Token.listener.rawValue)
  }
}
