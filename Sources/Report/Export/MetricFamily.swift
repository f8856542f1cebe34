import Recording

/// An OpenMetrics metric family: the series of one name, type and unit.
struct MetricFamily {
  let name: String
  let type: String
  /// The unit's name in OpenMetrics, with which the family's name ends; nil for a unit that gets
  /// none.
  let unit: String?
  let help: String
  let series: [Series]

  /// The series, grouped into families. No family has a name that is in `takenNames`, that another
  /// family has, or that a reader derives from another family's name, such as `<name>_total`.
  static func all(of series: [Series], besides takenNames: Set<String>) -> [MetricFamily] {
    var takenNames = takenNames
    var order: [Identity] = []
    var groups: [Identity: [Series]] = [:]
    for series in series where groups[Identity(series)]?.append(series) == nil {
      order.append(Identity(series))
      groups[Identity(series)] = [series]
    }
    return order.map { identity in
      let family = MetricFamily(identity, groups[identity] ?? [], besides: takenNames)
      takenNames.formUnion(family.reservedNames)
      return family
    }
  }

  private init(_ identity: Identity, _ series: [Series], besides takenNames: Set<String>) {
    let unit = Self.unitNames[identity.unit]
    var number = 1
    var name: String
    repeat {
      let suffixes = [number > 1 ? String(number) : nil, unit].compactMap(\.self)
      name = (["runner", Self.plain(identity.name)] + suffixes).joined(separator: "_")
      number += 1
    } while !takenNames.isDisjoint(with: Self.reservedNames(name, identity.kind))
    self.name = name
    self.unit = unit
    self.series = series
    type = identity.kind.rawValue
    help = "\(onOneLine(identity.name)) of the recording, in \(onOneLine(identity.unit))"
  }

  /// What the series of one family have in common.
  private struct Identity: Hashable {
    let name: String
    let unit: String
    let kind: Series.Kind

    init(_ series: Series) {
      (name, unit, kind) = (series.key.name, series.unit, series.kind)
    }
  }

  private static let unitNames = ["bytes": "bytes", "s": "seconds", "%": "percent"]

  /// The family's name, and the names that a reader derives from it.
  private var reservedNames: Set<String> {
    Self.reservedNames(name, type == Series.Kind.counter.rawValue ? .counter : .gauge)
  }

  private static func reservedNames(_ name: String, _ kind: Series.Kind) -> Set<String> {
    kind == .counter ? [name, name + "_total", name + "_created"] : [name]
  }

  /// The name with an underscore for every character that is no ASCII letter or digit.
  static func plain(_ name: String) -> String {
    String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }
}
