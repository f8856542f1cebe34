/// The range in which all but the outermost tenths of a run's single values lie; for example of one
/// value per interval.
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
