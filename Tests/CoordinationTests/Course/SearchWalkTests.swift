import Testing

@testable import Coordination

@Suite struct SearchWalkTests {
  /// Walks against a host that holds `ceiling` connections, and says so by a limit, or by a
  /// condition that tells nothing of where it lies.
  private func walk(
    ceiling: Int, from: Int = 10_000, step: Int = 10_000, most: Int = 1_000_000, byLimit: Bool
  ) -> (found: Int?, steps: Int) {
    var walk = SearchWalk(from: from, step: step, most: most)
    for steps in 0..<1000 {
      switch walk.move {
      case .step(let goal):
        if goal <= ceiling {
          walk.reached()
        } else if byLimit {
          walk.wasLimited(to: ceiling)
        } else {
          walk.wasTooMany()
        }
      case .confirm(let count):
        count <= ceiling ? walk.confirmed() : walk.wasLost(leaving: ceiling)
      case .found(let count): return (count, steps)
      case .foundNone: return (nil, steps)
      }
    }
    return (nil, 1000)
  }

  @Test(arguments: [1, 9_999, 10_000, 10_001, 19_992, 250_000, 999_999])
  func `finds the very number where a limit tells it`(ceiling: Int) {
    #expect(walk(ceiling: ceiling, byLimit: true).found == ceiling)
  }

  @Test(arguments: [150, 9_999, 10_001, 19_992, 247_613, 999_999])
  func `finds it within one per cent where only a condition tells that it is too many`(
    ceiling: Int
  ) throws {
    let found = try #require(walk(ceiling: ceiling, byLimit: false).found)
    #expect(found <= ceiling)
    #expect(Double(ceiling - found) <= Double(ceiling) / 100 + 1)
    #expect(walk(ceiling: ceiling, byLimit: false).steps < 140)
  }

  @Test(arguments: [150, 9_999, 12_345, 19_992])
  func `finds it where all are lost beyond it`(ceiling: Int) throws {
    var walk = SearchWalk(from: 100, step: 10_000, most: 100_000)
    var found: Int?
    for _ in 0..<200 where found == nil {
      switch walk.move {
      case .step(let goal): goal <= ceiling ? walk.reached() : walk.wasLimited(to: 7)
      case .confirm(let count):
        #expect(count <= ceiling)
        walk.confirmed()
      case .found(let count): found = count
      case .foundNone: return #expect(Bool(false), "found none")
      }
    }
    let number = try #require(found)
    #expect(Double(ceiling - number) <= Double(ceiling) / 100 + 1)
  }

  @Test func `ends at the most that it may ask for`() {
    #expect(walk(ceiling: .max, most: 35_000, byLimit: true).found == 35_000)
    #expect(walk(ceiling: .max, from: 50_000, most: 35_000, byLimit: true).found == 35_000)
  }

  @Test func `finds nothing where nothing is held`() {
    #expect(walk(ceiling: 0, byLimit: true).found == nil)
    #expect(walk(ceiling: 0, byLimit: false).found == nil)
  }

  @Test func `goes back down when what was reached does not last`() {
    var walk = SearchWalk(from: 10_000, step: 10_000, most: 20_000)
    walk.reached()
    walk.reached()
    #expect(walk.move == .confirm(20_000))
    walk.wasLost(leaving: 19_950)
    #expect(walk.move == .confirm(19_800))
    walk.wasLost(leaving: 12_000)
    #expect(walk.move == .confirm(12_000))
    walk.confirmed()
    #expect(walk.move == .found(12_000))
  }

  @Test func `where nothing lasts, nothing is held for long either`() {
    var walk = SearchWalk(from: 8, step: 8, most: 100)
    var tried: [Int] = []
    while case .step(let goal) = walk.move, tried.count < 100 {
      tried.append(goal)
      walk.wasTooMany()
    }
    #expect(walk.move == .foundNone)
    #expect(tried.last == 1)
  }
}
