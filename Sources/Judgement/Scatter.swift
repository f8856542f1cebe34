/// Of single values of a run, such as one an interval, the range in which all but the outermost
/// tenths lie.
struct Scatter {
  /// From fewer nothing is concluded.
  static let fewest = 5

  private let values: [Double]

  init(_ values: [Double]) { self.values = values.filter(\.isFinite).sorted() }

  /// Nil where there are too few.
  var range: ClosedRange<Double>? {
    guard values.count >= Self.fewest else { return nil }
    let outermost = values.count / 10
    return values[outermost]...values[values.count - 1 - outermost]
  }
}
