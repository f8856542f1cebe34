/// Where a search goes next: first up in steps, then halfway between the highest number that was good and the
/// lowest that was not, until the two are close. Then it holds the good number for as long as a ceiling must
/// last, and goes down until a number lasts.
///
/// The walk knows no sockets: its caller tells how each move went, and `move` says what to try next.
struct SearchWalk {
  enum Move: Equatable {
    /// Go to this many connections and look.
    case step(to: Int)
    /// Go to this many and hold them for as long as a ceiling must last.
    case confirm(Int)
    /// This many last.
    case found(Int)
    /// No number lasts.
    case foundNone
  }

  private let stepSize: Int
  private let most: Int
  /// The most that may last: it was held without a condition of `until` being met, is what a limit let a step hold, or
  /// lies below a number that did not last.
  private var good = 0
  /// The fewest that count as too many; nil until some do.
  private var bad: Int?
  private var goal: Int
  private(set) var move: Move

  init(from: Int, step: Int, most: Int) {
    stepSize = step
    self.most = most
    goal = min(from, most)
    move = .step(to: goal)
  }

  /// The step reached its goal, and nothing was amiss.
  mutating func reached() {
    good = goal
    advance()
  }

  /// A condition of `until` was met on the way to the goal, or at it.
  mutating func wasTooMany() {
    bad = goal
    advance()
  }

  /// A limit let the step hold only `held` connections, so nothing above this number is looked for. Where `held`
  /// is less than was reached before, only the goal counts as too many: some servers reset all of their
  /// connections once there are more than their limit.
  mutating func wasLimited(to held: Int) {
    if held < good {
      bad = goal
    } else {
      good = held
      bad = held + 1
    }
    advance()
  }

  /// The number to be confirmed lasted.
  mutating func confirmed() { move = .found(good) }

  /// The number to be confirmed did not last. The next number to confirm is lower by the resolution, or `held`
  /// where that is lower still.
  mutating func wasLost(leaving held: Int) {
    bad = good
    good = max(0, min(good - resolution, held))
    move = good > 0 ? .confirm(good) : .foundNone
  }

  /// How exactly a ceiling is found: to one per cent of it, or to the size of a step where that is less.
  private var resolution: Int { max(1, min(stepSize, good / 100)) }

  private mutating func advance() {
    guard let bad else {
      if good >= most {
        move = .confirm(good)
      } else {
        goal = min(good + stepSize, most)
        move = .step(to: goal)
      }
      return
    }
    if bad - good <= resolution {
      move = good > 0 ? .confirm(good) : .foundNone
    } else {
      goal = good + (bad - good) / 2
      move = .step(to: goal)
    }
  }
}
