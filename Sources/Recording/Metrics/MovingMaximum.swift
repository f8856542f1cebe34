/// The highest value of a series over a stretch that moves on through the run. Every point is added once and dropped
/// once, however many stretches it lies in.
package struct MovingMaximum {
  private let points: [Series.Point]
  /// The place of the first point that no stretch has reached yet.
  private var next = 0
  /// The points that are higher than every later point before `next`. So each is lower than the one before it, and the
  /// first that lies in the stretch is its maximum.
  private var highest: [Series.Point] = []
  /// How many points of `highest` lie before the stretch.
  private var goneCount = 0

  package init(of series: Series) {
    points = series.points.filter(\.value.isFinite)
  }

  /// The highest value in a stretch; nil where nothing was sampled in it. Neither bound may be
  /// lower than in the call before.
  package mutating func move(to span: ClosedRange<Double>) -> Double? {
    while next < points.count, points[next].at <= span.upperBound {
      while highest.count > goneCount, highest[highest.count - 1].value <= points[next].value {
        highest.removeLast()
      }
      highest.append(points[next])
      next += 1
    }
    while goneCount < highest.count, highest[goneCount].at < span.lowerBound { goneCount += 1 }
    return goneCount < highest.count ? highest[goneCount].value : nil
  }
}
