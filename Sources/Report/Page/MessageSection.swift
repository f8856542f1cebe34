import Plan
import Recording

/// How many messages were sent, and what became of them.
extension HTMLReport {
  var messageSection: Section {
    Section("messages", "Messages") {
      if !metrics.messages.isEmpty {
        if let messageRate { messageRate.figure }
        let charts = [lostMessages, traffic].compactMap(\.self)
        if !charts.isEmpty {
          Element("div", ["class": "pair"]) { charts.map(\.figure) }
        }
        messageTable.element
        for note in [unansweredNote, quietNote, matchNote].compactMap(\.self) {
          Element("p", ["class": "note"], note)
        }
      }
    }
  }

  private var messageRate: Chart? {
    var highest = 0.0
    var layers: [Chart.Layer] = []
    func add(_ outcome: MessageOutcome, _ name: String, _ ink: Ink) {
      let patterns = recording.series(named: outcome.seriesName)
      guard let growth = patterns.first.map({ total(of: patterns, like: $0).growth }),
        !growth.isEmpty
      else { return }
      let curve = Curve(growth)
      highest = max(highest, curve.highest ?? 0)
      layers.append(.init(name: name, ink: ink, shape: .line(curve)))
    }
    add(.sent, "sent a second", .client)
    add(.received, "answered a second", .server)
    return layers.isEmpty
      ? nil
      : chart(
        "chart-messages", "Messages a second", y: .counts(upTo: highest, suffix: "/s"),
        layers: layers)
  }

  /// How many messages were lost so far, with a line per outcome; nil when none were lost.
  private var lostMessages: Chart? {
    let layers = MessageOutcome.lost.enumerated().compactMap { index, outcome -> Chart.Layer? in
      let patterns = recording.series(named: outcome.seriesName)
      guard let first = patterns.first else { return nil }
      let sum = total(of: patterns, like: first)
      guard sum.maximum ?? 0 > 0 else { return nil }
      return .init(name: outcome.rawValue, ink: .kind(index), shape: .line(Curve(sum.points)))
    }
    return layers.isEmpty
      ? nil
      : chart(
        "chart-lost", "Messages lost so far, by outcome",
        y: .counts(upTo: layers.compactMap(\.highest).max() ?? 0), layers: layers, height: 130)
  }

  private var traffic: Chart? {
    let layers = [
      (Series.Key.bytesSent, "sent", Ink.client), (.bytesReceived, "received", .server),
    ].compactMap { key, name, ink -> Chart.Layer? in
      guard let growth = recording.series(key)?.growth, !growth.isEmpty else { return nil }
      return .init(name: name, ink: ink, shape: .line(Curve(growth)))
    }
    return layers.isEmpty
      ? nil
      : chart(
        "chart-bytes", "Bytes a second", y: .bytes(upTo: layers.compactMap(\.highest).max() ?? 0),
        layers: layers, height: 130)
  }

  /// The sum of the series of all patterns, at each instant at which any of them was sampled. A run samples all
  /// patterns at the same instants; a merged recording may have patterns of several plans.
  private func total(of patterns: [Series], like first: Series) -> Series {
    guard patterns.count > 1 else { return first }
    var sum = first
    sum.points = Set(patterns.flatMap { $0.points.map(\.at) }).sorted().map { instant in
      Series.Point(at: instant, value: patterns.reduce(0) { $0 + $1.level(at: instant) })
    }
    return sum
  }

  private var messageTable: Table {
    var columns: [Table.Column] =
      [.init(title: "Pattern", key: "pattern")]
      + MessageOutcome.allCases.map {
        .init(title: capitalised($0.rawValue), key: $0.rawValue, isNumeric: true)
      } + [.init(title: "Lost", key: "lost", isNumeric: true)]
    let countsUnsent = metrics.messagesUnsent != nil
    if countsUnsent { columns.append(.init(title: "Unsent", key: "unsent", isNumeric: true)) }
    return Table(
      caption: "What became of the messages", columns: columns,
      rows: metrics.messages.map { messageRow($0, countsUnsent: countsUnsent) })
  }

  private func messageRow(_ totals: MessageTotals, countsUnsent: Bool) -> [Table.Cell] {
    func bad(_ count: Int) -> Table.Cell { .count(count, style: count > 0 ? "bad" : nil) }
    var cells: [Table.Cell] = [.text(onOneLine(totals.pattern))]
    for outcome in MessageOutcome.allCases {
      let isBad = MessageOutcome.lost.contains(outcome)
      cells.append(isBad ? bad(totals[outcome]) : .count(totals[outcome]))
    }
    cells.append(bad(totals.lost))
    if countsUnsent { cells.append(bad(totals.unsent ?? 0)) }
    return cells
  }

  /// A note on connections that never got an answer, because no percentile counts them; nil when
  /// there are none.
  private var unansweredNote: String? {
    guard let unanswered = metrics.unanswered, unanswered > 0 else { return nil }
    return
      "\(Format.count(unanswered)) connections had sent messages and never got an answer; no latency "
      + "counts them."
  }

  /// A note that round trips end where an expression matches; nil where no round trip ends so.
  private var matchNote: String? {
    guard recording.roundTripsEndAtMatch, metrics.roundTrip != nil else { return nil }
    return "Where an answer is known by a match alone, its round trip is the time to the match: "
      + "more of it may have come later."
  }

  /// A note on connections that waited for silence after a wrong answer; nil when none did.
  private var quietNote: String? {
    guard let waits = recording.series(.waits)?.maximum, waits > 0 else { return nil }
    return "\(Format.count(Int(min(waits, 0x1p53)))) times a connection waited for quiet after a "
      + "wrong answer: where it ended nobody knew."
  }
}
