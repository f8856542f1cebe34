import Linux
import Recording
import Testing

/// The names that plans may expect are those that records are written with.
@Suite struct ErrnoNamesTests {
  @Test func `are the symbols that this system has`() {
    let symbols = (Int32(1)..<200).map(ErrnoName.symbol(of:)).filter { $0.hasPrefix("E") }
    #expect(symbols.count > 100)
    #expect(Set(symbols) == Set(ErrnoRecord.names))
    #expect(ErrnoRecord.names.count == Set(ErrnoRecord.names).count)
  }

  @Test func `have each number once`() {
    for (other, name) in ErrnoRecord.aliases {
      #expect(ErrnoRecord.names.contains(name))
      #expect(!ErrnoRecord.names.contains(other))
    }
  }
}
