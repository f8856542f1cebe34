import Recording

extension LimitRecord {
  /// The limit as it is told the moment it is met, where no report follows: what failed, what it
  /// comes down to, what that was decided from, and what moves it. Several lines.
  var told: String {
    var rows = [["cause", "\(resource.rawValue): \(resource.words)"]]
    rows.append(["failures", Format.count(count)])
    if let knob {
      let values = [
        now.map { "is \(Format.count($0))" }, needed.map { "needs \(Format.count($0))" },
      ].compactMap(\.self)
      rows.append(["setting", ([knob] + values).joined(separator: ", ")])
    }
    rows += evidence.map { [$0.name, $0.value] }
    if let fix { rows.append(["fix", fix]) }
    return "limit: \(cause)\n\(Table(rows: rows).text(indent: "  "))\n"
  }
}
