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

  /// The values as plain numbers, for the workers' loops.
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

  /// A text that stands for the values where a protocol's rules are checked: it has what the most unusual of them has.
  /// The values themselves may be secrets, and errors show the text.
  package var sample: [UInt8] {
    let kinds: [(sample: String, has: ([UInt8]) -> Bool)] = [
      ("\u{1}", { $0.contains { $0 < 0x20 || $0 == 0x7F } }),
      (" x", { $0.first == 0x20 || $0.last == 0x20 }),
      ("x x", { $0.contains(0x20) }),
      ("x#x", { $0.contains(UInt8(ascii: "#")) }),
      ("é", { $0.contains { $0 > 0x7F } }),
    ]
    let all = all
    return Array((kinds.first { all.contains(where: $0.has) }?.sample ?? "x").utf8)
  }

  /// All values, first row first.
  package var all: [[UInt8]] {
    (0..<values.rows).map { row in unsafe Array(values.value(of: UInt64(row))) }
  }
}

extension DataColumn: Equatable {
  /// Whether texts call them the same. The plan that a recording keeps is the plan that was driven, and has no values.
  package static func == (left: DataColumn, right: DataColumn) -> Bool { left.name == right.name }
}
