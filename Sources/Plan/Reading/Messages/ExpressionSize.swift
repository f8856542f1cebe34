/// The size of a regular expression whose repetitions are written out: `a{3}` as `aaa`. A `ByteSearch`
/// has them written out: its state grows with this size, and its tables with the size squared.
struct ExpressionSize {
  /// The largest `total` of an expression in a plan; expressions for answers are short.
  static let most = 1000

  /// The size of what has been read so far: of one pair of parentheses, or of the whole expression
  /// outside of any.
  private struct Group {
    /// The size of all parts but the last.
    var total = 0
    /// The size of the last part, which a repetition would multiply.
    var last = 0

    /// Begins the next part, which has this size.
    mutating func begin(_ size: Int) {
      total = min(total + last, mostSize)
      last = size
    }

    /// Counts the last part as if it stood `factor` times, and at least once.
    mutating func multiply(by factor: Int) {
      last = min(last * max(1, min(factor, mostSize)), mostSize)
    }
  }

  /// Larger sizes count as this one, so that no sum or product overflows.
  private static let mostSize = 1 << 30
  private var groups = [Group()]
  private var rest: ArraySlice<UInt8>

  /// The number of characters and groups to match, each repetition written out.
  private(set) var total = 0
  /// Whether the expression has a back-reference such as `\1`, which POSIX leaves out of extended
  /// expressions. `ByteSearch` cannot follow one: it remembers positions, not what was matched.
  private(set) var hasReference = false

  init(_ text: String) {
    rest = Array(text.utf8)[...]
    total = measure()
  }

  private mutating func measure() -> Int {
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "("): groups.append(Group())
      case UInt8(ascii: ")"): close()
      case UInt8(ascii: "["):
        skipBracket()
        groups[groups.count - 1].begin(1)
      case UInt8(ascii: "\\"):
        if let next = rest.popFirst(), (0x31...0x39).contains(next) { hasReference = true }
        groups[groups.count - 1].begin(1)
      case UInt8(ascii: "{"): groups[groups.count - 1].multiply(by: interval())
      // Written out, `a+` is `aa*`.
      case UInt8(ascii: "+"): groups[groups.count - 1].multiply(by: 2)
      case UInt8(ascii: "*"), UInt8(ascii: "?"): break
      default: groups[groups.count - 1].begin(1)
      }
    }
    while groups.count > 1 { close() }
    groups[0].begin(0)
    return groups[0].total
  }

  private mutating func close() {
    guard groups.count > 1, var inner = groups.popLast() else { return }
    inner.begin(0)
    groups[groups.count - 1].begin(min(inner.total + 1, Self.mostSize))
  }

  /// Reads the rest of `{m,n}`, whose first brace has been read. Returns how often its part stands in
  /// the expression that is written out.
  private mutating func interval() -> Int {
    let body = rest.prefix { $0 != UInt8(ascii: "}") }
    let bounds = body.split(separator: UInt8(ascii: ",")).map {
      Int(String(decoding: $0, as: UTF8.self)) ?? 1
    }
    rest = rest.dropFirst(body.count + 1)
    // Written out, `a{3,}` is `aaaa*`.
    return min(bounds.max() ?? 1, Self.mostSize) + (body.last == UInt8(ascii: ",") ? 1 : 0)
  }

  /// Skips the rest of `[...]`, whose first bracket has been read. A `]` that comes first in it
  /// stands for itself.
  private mutating func skipBracket() {
    if rest.first == UInt8(ascii: "^") { rest.removeFirst() }
    if rest.first == UInt8(ascii: "]") { rest.removeFirst() }
    while let byte = rest.popFirst(), byte != UInt8(ascii: "]") {
      // A class within the brackets, such as `[:alpha:]`, has a `]` of its own.
      guard byte == UInt8(ascii: "["), let kind = rest.first, [0x3A, 0x2E, 0x3D].contains(kind)
      else { continue }
      rest.removeFirst()
      while let inner = rest.popFirst() {
        if inner == kind, rest.first == UInt8(ascii: "]") {
          rest.removeFirst()
          break
        }
      }
    }
  }
}
