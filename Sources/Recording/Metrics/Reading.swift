/// The value of one series at one instant.
package struct Reading: Sendable, Equatable {
  package var key: Series.Key
  /// The value's unit, for example `connections`, `bytes`, `s`, `pages` or `%`. docs/recording.md has those of all
  /// series.
  package var unit: String
  package var kind: Series.Kind
  package var value: Double

  package init(_ key: Series.Key, unit: String, kind: Series.Kind, value: Double) {
    self.key = key
    self.unit = unit
    self.kind = kind
    self.value = value
  }
}

extension Sequence<Reading> {
  /// The values by their keys; the last one where a key comes twice.
  package var values: [Series.Key: Double] {
    Dictionary(map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
  }
}
