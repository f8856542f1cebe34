/// The range of a run's values, for example of one value per interval, without the lowest and the highest tenth of
/// them.
struct Scatter {
  /// With fewer values there is no range.
  static let fewest = 5

  private let values: [Double]

  init(_ values: [Double]) { self.values = values.filter(\.isFinite).sorted() }

  /// Nil where there are fewer than `fewest` values.
  var range: ClosedRange<Double>? {
    guard values.count >= Self.fewest else { return nil }
    let droppedPerSide = values.count / 10
    return values[droppedPerSide]...values[values.count - 1 - droppedPerSide]
  }
}
