import Judgement
import Testing

/// What several plans together end with; the README has the codes.
@Suite struct ExitStatusTests {
  /// From the one that outranks all others down.
  private static let ranks: [Int32] = [107, 1, 105, 104, 106, 100, 99]

  @Test func `of two failures the one that outranks the other decides, whichever came first`() {
    for (rank, code) in Self.ranks.enumerated() {
      for lower in Self.ranks[rank...] + [64, 0] {
        #expect(ExitStatus.worst(of: [code, lower]) == code)
        #expect(ExitStatus.worst(of: [lower, code]) == code)
      }
    }
  }

  @Test func `a code without a rank is still a failure`() {
    #expect(ExitStatus.worst(of: [0, 64, 0]) == 64)
    #expect(ExitStatus.worst(of: [0, 0]) == 0)
    #expect(ExitStatus.worst(of: []) == 0)
  }
}
