/// One column of a plan's data file: a value for every row, which connections take by their number.
///
/// The values stand in memory of their own, made before the workers are forked. So all workers share one copy of
/// it, and a message takes a value without an allocation.
@safe
package final class DataColumn: Sendable {
  /// How a plan's texts name the column, for example `users.token`.
  package let name: String
  /// Bytes of the longest value.
  package let longest: Int
  package let values: Values

  /// The values in raw memory, so that the workers' loops read them without counting references.
  ///
  /// They are good as long as their column is: whoever keeps them keeps the column, too.
  @safe
  package struct Values: BitwiseCopyable, Sendable {
    package let rows: Int
    /// Where each value begins among `texts`, and where the last one ends.
    fileprivate nonisolated(unsafe) let starts: UnsafeMutablePointer<UInt32>
    fileprivate nonisolated(unsafe) let texts: UnsafeMutableRawPointer

    /// The value of a connection: that of row `connection` modulo `rows`. Empty where there are no rows.
    package func value(of connection: UInt64) -> UnsafeRawBufferPointer {
      guard rows > 0 else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
      let row = Int(connection % UInt64(rows))
      let start = unsafe Int(starts[row])
      let count = unsafe Int(starts[row + 1]) - start
      return unsafe UnsafeRawBufferPointer(start: texts + start, count: count)
    }
  }

  /// - Parameter values: less than 4 GiB together.
  package init(name: String, values: [[UInt8]]) {
    self.name = name
    longest = values.reduce(0) { max($0, $1.count) }
    let bytes = values.reduce(0) { $0 + $1.count }
    let starts = UnsafeMutablePointer<UInt32>.allocate(capacity: values.count + 1)
    let texts = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes), alignment: 1)
    var end = 0
    unsafe starts[0] = 0
    for (row, value) in values.enumerated() {
      unsafe UnsafeMutableRawBufferPointer(start: texts + end, count: value.count)
        .copyBytes(from: value)
      end += value.count
      unsafe starts[row + 1] = UInt32(end)
    }
    unsafe self.values = Values(rows: values.count, starts: starts, texts: texts)
  }

  deinit {
    unsafe values.starts.deallocate()
    unsafe values.texts.deallocate()
  }

  /// Whether a row has no value.
  package var hasEmpty: Bool {
    (0..<values.rows).contains { unsafe values.value(of: UInt64($0)).isEmpty }
  }

  /// The shapes of the values, which stand for them where a protocol's rules are checked: the values themselves may
  /// be secrets, and errors show what was checked.
  ///
  /// A shape has the first and the last character of a value, and between them, once each, the other kinds of
  /// characters that it has. Letters and digits are an `x`, and what is not ASCII an `é`. Of values beyond
  /// `mostShapes` shapes nothing is kept.
  package var shapes: [[UInt8]] {
    var shapes: Set<Shape> = []
    for row in 0..<values.rows where shapes.count < Self.mostShapes {
      shapes.insert(unsafe Shape(values.value(of: UInt64(row))))
    }
    // What a recording keeps of a file has no rows.
    return shapes.isEmpty
      ? [[UInt8(ascii: "x")]] : shapes.map(\.text).sorted { $0.lexicographicallyPrecedes($1) }
  }

  private static let mostShapes = 1000

  private struct Shape: Hashable {
    private var ends: [UInt8] = []
    /// Which of the 128 characters of ASCII stand between the ends, but for letters and digits.
    private var between: [UInt64] = [0, 0]
    private var hasMore = false

    init(_ value: UnsafeRawBufferPointer) {
      guard unsafe !value.isEmpty else { return }
      unsafe ends =
        value.count == 1
        ? [Self.kind(value[0])] : [Self.kind(value[0]), Self.kind(value[value.count - 1])]
      for place in 1..<max(1, value.count - 1) {
        let kind = unsafe Self.kind(value[place])
        // Letters and digits break no rule between others.
        if kind == UInt8(ascii: "x") { continue }
        if kind < 0x80 { between[Int(kind) / 64] |= 1 << (kind % 64) } else { hasMore = true }
      }
    }

    private static func kind(_ byte: UInt8) -> UInt8 {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        UInt8(ascii: "x")
      case 0x80...: 0x80
      default: byte
      }
    }

    var text: [UInt8] {
      guard let first = ends.first, let last = ends.dropFirst().last else {
        return ends.flatMap(Self.text)
      }
      let inner = (0..<128 as Range<UInt8>).filter { between[Int($0) / 64] >> ($0 % 64) & 1 == 1 }
      return Self.text(first) + inner + (hasMore ? Self.text(0x80) : []) + Self.text(last)
    }

    private static func text(_ kind: UInt8) -> [UInt8] { kind < 0x80 ? [kind] : Array("é".utf8) }
  }

  /// All values, first row first.
  package var all: [[UInt8]] {
    (0..<values.rows).map { row in unsafe Array(values.value(of: UInt64(row))) }
  }
}

extension DataColumn: Equatable {
  /// Compares names only: a plan that is read back from a recording, which keeps no values, equals the plan that was
  /// driven.
  package static func == (left: DataColumn, right: DataColumn) -> Bool { left.name == right.name }
}
