import Recording

/// An OpenMetrics metric family: the series of one name, type and unit.
struct MetricFamily {
  let name: String
  let type: String
  /// The base unit, as Prometheus names it; nil for a unit that Prometheus has no base unit for.
  let unit: String?
  let help: String
  let series: [Series]

  /// The series, grouped into families. No family has a name that another family or `taken` has, or
  /// that a reader derives from another family's name, such as `<name>_total`.
  static func all(of series: [Series], besides taken: Set<String>) -> [MetricFamily] {
    var taken = taken
    var order: [Kind] = []
    var groups: [Kind: [Series]] = [:]
    for series in series where groups[Kind(series)]?.append(series) == nil {
      order.append(Kind(series))
      groups[Kind(series)] = [series]
    }
    return order.map { kind in
      let family = MetricFamily(kind, groups[kind] ?? [], besides: taken)
      taken.formUnion(family.reserved)
      return family
    }
  }

  private init(_ kind: Kind, _ series: [Series], besides taken: Set<String>) {
    let unit = Self.baseUnits[kind.unit]
    var number = 1
    var name: String
    repeat {
      let suffixes = [number > 1 ? String(number) : nil, unit].compactMap(\.self)
      name = (["runner", Self.plain(kind.name)] + suffixes).joined(separator: "_")
      number += 1
    } while !taken.isDisjoint(with: Self.reserved(name, kind.kind))
    self.name = name
    self.unit = unit
    self.series = series
    type = kind.kind.rawValue
    help = "\(line(kind.name)) of the recording, in \(line(kind.unit))"
  }

  private struct Kind: Hashable {
    let name: String
    let unit: String
    let kind: Series.Kind

    init(_ series: Series) {
      (name, unit, kind) = (series.key.name, series.unit, series.kind)
    }
  }

  private static let baseUnits = ["bytes": "bytes", "s": "seconds", "%": "percent"]

  private var reserved: Set<String> {
    Self.reserved(name, type == Series.Kind.counter.rawValue ? .counter : .gauge)
  }

  private static func reserved(_ name: String, _ kind: Series.Kind) -> Set<String> {
    kind == .counter ? [name, name + "_total", name + "_created"] : [name]
  }

  /// The name with an underscore for every character that is no ASCII letter or digit.
  static func plain(_ name: String) -> String {
    String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }
}
