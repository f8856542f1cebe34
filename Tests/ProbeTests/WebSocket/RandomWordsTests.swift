import Testing

@testable import Probe

@Suite struct RandomWordsTests {
  /// More than are drawn at once.
  private func words(_ seed: UInt64?) throws -> [UInt32] {
    var random = try RandomWords(seed: seed)
    return (0..<3_000).map { _ in random.draw() }
  }

  @Test func `a seed gives the same words each time, and others than another seed`() throws {
    #expect(try words(7) == words(7))
    #expect(try words(7) != words(8))
    #expect(Set(try words(7)).count > 2_990)
  }

  @Test func `without a seed no two sources give the same words`() throws {
    #expect(try words(nil) != words(nil))
  }
}
