import Recording

/// A series made ready for drawing: few enough points, and cut into pieces where samples are
/// missing.
struct Curve {
  /// The stretches of neighbouring points; between two stretches there is a gap.
  let pieces: [[Series.Point]]

  /// Keeps about `limit` points, and with them the peaks and dips: the lowest and the highest of
  /// each slice of neighbouring points. A curve of many short pieces may keep more.
  init(_ points: [Series.Point], limit: Int = 1200) {
    pieces = Self.split(points).map { piece in
      let part = max(4, limit * piece.count / max(1, points.count))
      return Self.thinned(piece, to: part)
    }
  }

  init(pieces: [[Series.Point]]) { self.pieces = pieces }

  var points: [Series.Point] { pieces.flatMap { $0 } }
  var lowest: Double? { points.lazy.map(\.value).min() }
  var highest: Double? { points.lazy.map(\.value).max() }

  /// Cuts the points at gaps: at a value that is not finite, and where two points are more than 2.5
  /// usual intervals apart.
  private static func split(_ points: [Series.Point]) -> [[Series.Point]] {
    let longest = points.usualInterval * 2.5
    var pieces: [[Series.Point]] = []
    var piece: [Series.Point] = []
    for point in points {
      let isMissing = !point.value.isFinite
      if isMissing || piece.last.map({ point.at - $0.at > longest }) == true {
        if !piece.isEmpty { pieces.append(piece) }
        piece = []
      }
      if !isMissing { piece.append(point) }
    }
    if !piece.isEmpty { pieces.append(piece) }
    return pieces
  }

  private static func thinned(_ points: [Series.Point], to limit: Int) -> [Series.Point] {
    guard points.count > limit else { return points }
    let slices = limit / 2
    return (0..<slices).flatMap { slice -> [Series.Point] in
      let range = slice * points.count / slices..<(slice + 1) * points.count / slices
      guard let low = range.min(by: { points[$0].value < points[$1].value }),
        let high = range.max(by: { points[$0].value < points[$1].value })
      else { return [] }
      return low == high ? [points[low]] : [points[min(low, high)], points[max(low, high)]]
    }
  }
}

extension [Series.Point] {
  /// The usual seconds between two samples: the lower quartile of the intervals, each weighted by its
  /// length. Without the weights, short intervals would decide: where phases begin and end there may be more
  /// samples within milliseconds than in all the seconds between. 0 without intervals.
  fileprivate var usualInterval: Double {
    let lengths = zip(dropFirst(), self).map { $0.at - $1.at }.filter { $0 > 0 }.sorted()
    // The longest intervals may be gaps. Of three or more, the longest 5% are left out, and at least one.
    let withoutGaps = lengths.dropLast(lengths.count > 2 ? Swift.max(1, lengths.count / 20) : 0)
    var secondsToQuartile = withoutGaps.reduce(0, +) / 4
    return withoutGaps.first { length in
      secondsToQuartile -= length
      return secondsToQuartile <= 0
    } ?? 0
  }
}

extension Series {
  /// The growth of the value per second. A fall, as when connections close, counts as no growth.
  ///
  /// An interval shorter than half the usual one, as where a phase ends, is joined to the next one.
  /// A short last one is joined to the one before it. The kernel counts processor time in ticks
  /// of 10 ms: over one millisecond a tick would look like ten processors.
  var growth: [Point] {
    let usual = points.usualInterval
    guard let first = points.first, usual > 0 else { return [] }
    // No run takes two samples within a microsecond, but a damaged recording may say so.
    let shortest = max(usual / 2, 1e-6)
    var intervals: [Interval] = []
    var interval = Interval(from: first.at)
    for (later, earlier) in zip(points.dropFirst(), points) {
      interval.to = later.at
      interval.rise += max(0, later.value - earlier.value)
      guard interval.length >= shortest else { continue }
      intervals.append(interval)
      interval = Interval(from: later.at)
    }
    if interval.length > 0, var last = intervals.popLast() {
      last.to = interval.to
      last.rise += interval.rise
      intervals.append(last)
    }
    return intervals.map { Point(at: $0.to, value: $0.rise / $0.length) }
  }

  private struct Interval {
    var from: Double
    var to: Double
    var rise = 0.0

    var length: Double { to - from }

    init(from: Double) {
      self.from = from
      to = from
    }
  }
}
