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

  /// The moves of a walk, as told by how each of them went.
  private enum Event {
    case reached, tooMany, confirmed
    case limited(Int), lost(Int)
  }

  private func moves(
    from: Int = 10, step: Int = 10, most: Int = 1000, _ events: Event...
  ) -> [SearchWalk.Move] {
    var walk = SearchWalk(from: from, step: step, most: most)
    return [walk.move]
      + events.map { event in
        switch event {
        case .reached: walk.reached()
        case .tooMany: walk.wasTooMany()
        case .confirmed: walk.confirmed()
        case .limited(let held): walk.wasLimited(to: held)
        case .lost(let held): walk.wasLost(leaving: held)
        }
        return walk.move
      }
  }

  @Test func `each move follows from the one before`() {
    #expect(
      moves(.reached, .reached, .tooMany)
        == [.step(to: 10), .step(to: 20), .step(to: 30), .step(to: 25)])
    // A limit says where it lies; none held is none found.
    #expect(moves(.limited(0)) == [.step(to: 10), .foundNone])
    #expect(moves(.limited(1)) == [.step(to: 10), .confirm(1)])
    #expect(moves(.limited(9), .confirmed) == [.step(to: 10), .confirm(9), .found(9)])
    #expect(moves(.limited(10)) == [.step(to: 10), .confirm(10)])
    // What was left of all is no number where more had been reached.
    #expect(
      moves(.reached, .limited(9)) == [.step(to: 10), .step(to: 20), .step(to: 15)])
    #expect(moves(.reached, .limited(10)) == [.step(to: 10), .step(to: 20), .confirm(10)])
    #expect(moves(.tooMany, .tooMany, .tooMany, .tooMany).last == .foundNone)
    #expect(
      moves(.tooMany, .tooMany, .tooMany, .reached)
        == [.step(to: 10), .step(to: 5), .step(to: 2), .step(to: 1), .confirm(1)])
    // The most is neither passed nor left out.
    #expect(
      moves(most: 25, .reached, .reached, .reached).suffix(2) == [.step(to: 25), .confirm(25)])
    #expect(moves(from: 30, most: 25, .reached) == [.step(to: 25), .confirm(25)])
    #expect(moves(from: 25, most: 25, .limited(24)) == [.step(to: 25), .confirm(24)])
  }

  @Test func `it is as exact as one in a hundred, and never more than a step`() {
    // 200 and 202 are near enough: 1 per cent of 200 is 2.
    #expect(moves(from: 200, step: 3, .reached, .tooMany).last == .step(to: 201))
    #expect(moves(from: 200, step: 2, .reached, .tooMany).last == .confirm(200))
    #expect(moves(from: 1000, step: 2, most: 9999, .reached, .tooMany).last == .confirm(1000))
    // Going back is by the same, to 1 and to what was left.
    #expect(moves(from: 200, most: 200, .reached, .lost(200)).last == .confirm(198))
    #expect(moves(from: 200, most: 200, .reached, .lost(197)).last == .confirm(197))
    #expect(moves(from: 50, most: 50, .reached, .lost(50)).last == .confirm(49))
    #expect(moves(from: 1, most: 1, .reached, .lost(1)).last == .foundNone)
    #expect(moves(from: 50, most: 50, .reached, .lost(0)).last == .foundNone)
    #expect(moves(from: 3, most: 3, .reached, .lost(1)).last == .confirm(1))
    #expect(moves(from: 1000, step: 2, most: 1000, .reached, .lost(1000)).last == .confirm(998))
  }
}
