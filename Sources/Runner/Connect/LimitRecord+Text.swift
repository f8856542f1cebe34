import Recording

extension LimitRecord {
  /// The limit in several lines, for commands that write no report: what failed (`cause`), the
  /// resource, the number of failures, the setting, the evidence, and the fix.
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
