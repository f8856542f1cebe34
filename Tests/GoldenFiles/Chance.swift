/// Chance that is the same on every machine and with every library: splitmix64.
package struct Chance: RandomNumberGenerator {
  private var state: UInt64

  package init(_ seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }

  /// A number from 0 up to, and without, `end`.
  package mutating func below(_ end: Int) -> Int { Int(next() % UInt64(end)) }

  package mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }

  /// True in so many of a hundred cases.
  package mutating func happens(_ percent: Int) -> Bool { below(100) < percent }

  /// Some of the values, in their order.
  package mutating func some<T>(of values: [T], percent: Int = 50) -> [T] {
    values.filter { _ in happens(percent) }
  }

  /// Places at which so many bytes are cut into pieces: few, some or half of them all.
  package mutating func cuts(of count: Int) -> [Int] {
    let percent = pick([2, 10, 50])
    return (0...count).filter { _ in happens(percent) }
  }
}
