/// Values of a series at an instant or over a stretch of the run. The points are in order of time,
/// so a binary search finds an instant. All but `maximum` read only the points of the stretch.
extension Series {
  /// The highest finite value; nil where there is none.
  package var maximum: Double? { points.lazy.map(\.value).filter(\.isFinite).max() }

  package func maximum(in span: ClosedRange<Double>) -> Double? {
    points[places(in: span)].lazy.map(\.value).filter(\.isFinite).max()
  }

  package func minimum(in span: ClosedRange<Double>) -> Double? {
    points[places(in: span)].lazy.map(\.value).filter(\.isFinite).min()
  }

  /// The last finite value in a span; nil where the span has none.
  func last(in span: ClosedRange<Double>) -> Double? {
    points[places(in: span)].last(where: \.value.isFinite)?.value
  }

  /// The last value at or before an instant; 0 where there is none.
  ///
  /// - Parameter orNext: true for the first value after the instant, where none is at or before it.
  ///   Otherwise a phase that ends before the first sample would seem to have counted nothing.
  package func level(at instant: Double, orNext: Bool = false) -> Double {
    let before = points[..<points.place { $0.at > instant }]
    if let point = before.last(where: \.value.isFinite) { return point.value }
    return orNext ? points.first(where: \.value.isFinite)?.value ?? 0 : 0
  }

  /// By how much a counter rose in a stretch; 0 where it fell.
  package func gain(in span: ClosedRange<Double>) -> Double {
    max(0, change(in: span))
  }

  /// By how much a counter changed in a stretch. It is negative where the counter fell: a late
  /// answer takes its message out of `missing`.
  func change(in span: ClosedRange<Double>) -> Double {
    level(at: span.upperBound, orNext: true) - level(at: span.lowerBound)
  }

  /// The first instant of a span at which the value is at least this.
  func first(in span: ClosedRange<Double>, atLeast value: Double) -> Double? {
    points[places(in: span)].first { $0.value >= value }?.at
  }

  /// The indices of the points that were sampled in a stretch.
  package func places(in span: ClosedRange<Double>) -> Range<Int> {
    let first = points.place { $0.at >= span.lowerBound }
    return first..<max(first, points.place { $0.at > span.upperBound })
  }
}

extension Array {
  /// The index of the first element that is beyond a bound; `count` where none is. The search is
  /// binary, so the elements must be in order.
  func place(where isBeyond: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = low + (high - low) / 2
      if isBeyond(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
