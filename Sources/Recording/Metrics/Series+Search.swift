/// Values of a series at an instant or over a stretch of the run. The points are in the order of
/// time, so a binary search finds an instant, and only the points of a stretch are read.
extension Series {
  /// The highest value.
  package var maximum: Double? { points.lazy.map(\.value).filter(\.isFinite).max() }

  package func maximum(in span: ClosedRange<Double>) -> Double? {
    points[places(in: span)].lazy.map(\.value).filter(\.isFinite).max()
  }

  package func minimum(in span: ClosedRange<Double>) -> Double? {
    points[places(in: span)].lazy.map(\.value).filter(\.isFinite).min()
  }

  /// The value of the last sample of a span.
  func last(in span: ClosedRange<Double>) -> Double? {
    points[places(in: span)].last(where: \.value.isFinite)?.value
  }

  /// The last value at or before an instant; 0 before the first one.
  ///
  /// - Parameter orNext: where there is no value before, takes the first one after the instant. Else
  ///   a phase that ends before the first sample would seem to have counted nothing.
  package func level(at instant: Double, orNext: Bool = false) -> Double {
    let before = points[..<points.place { $0.at > instant }]
    if let point = before.last(where: \.value.isFinite) { return point.value }
    return orNext ? points.first(where: \.value.isFinite)?.value ?? 0 : 0
  }

  /// What a counter rose by in a stretch.
  package func gain(in span: ClosedRange<Double>) -> Double {
    max(0, change(in: span))
  }

  /// What a counter changed by in a stretch: a counter that is corrected later, as `missing` is by
  /// a late answer, may fall.
  func change(in span: ClosedRange<Double>) -> Double {
    level(at: span.upperBound, orNext: true) - level(at: span.lowerBound)
  }

  /// The first instant of a span at which the value is at least this.
  func first(in span: ClosedRange<Double>, atLeast value: Double) -> Double? {
    points[places(in: span)].first { $0.value >= value }?.at
  }

  /// The places of the points that were sampled in a stretch.
  package func places(in span: ClosedRange<Double>) -> Range<Int> {
    let first = points.place { $0.at >= span.lowerBound }
    return first..<max(first, points.place { $0.at > span.upperBound })
  }
}

extension Array {
  /// The first place whose element is beyond a bound, by binary search in elements that are in
  /// order; the end when none is.
  func place(where isBeyond: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = low + (high - low) / 2
      if isBeyond(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
