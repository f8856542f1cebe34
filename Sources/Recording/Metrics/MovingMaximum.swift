/// The highest value of a series over a stretch that moves on through the run. Every point comes in
/// once and goes out once, however many stretches it lies in.
package struct MovingMaximum {
  private let points: [Series.Point]
  /// The first point that no stretch has reached yet.
  private var next = 0
  /// Points of the stretch that no later one is as high as, so each lower than the one before it.
  private var highest: [Series.Point] = []
  /// How many of them the stretch has left behind.
  private var gone = 0

  package init(of series: Series) {
    points = series.points.filter(\.value.isFinite)
  }

  /// The highest value in a stretch; nil where nothing was sampled in it. No bound of it may lie
  /// before that of the one before.
  package mutating func move(to span: ClosedRange<Double>) -> Double? {
    while next < points.count, points[next].at <= span.upperBound {
      while highest.count > gone, highest[highest.count - 1].value <= points[next].value {
        highest.removeLast()
      }
      highest.append(points[next])
      next += 1
    }
    while gone < highest.count, highest[gone].at < span.lowerBound { gone += 1 }
    return gone < highest.count ? highest[gone].value : nil
  }
}
