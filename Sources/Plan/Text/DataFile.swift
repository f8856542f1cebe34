import Messages

/// A data file of a plan: comma-separated values under a line of column names, as RFC 4180 has them.
///
/// A recording does not keep the values, as they may be passwords. It keeps a text with the names of the columns
/// that the plan uses, which reads as a file of these columns without rows.
struct DataFile {
  var columns: [String]
  /// The values of each row. Empty where the text is what a recording keeps.
  var rows: [[[UInt8]]]

  /// What is wrong with a file. Messages quote nothing of it; they tell columns by their numbers.
  struct Failure: Error, Equatable {
    var line: Int
    var problem: Problem
  }

  /// The first line of the text that stands for the file in recordings.
  private static let stub = "# The values of this file are not kept in recordings.\n"

  /// Whether the text is what a recording keeps of a file.
  static func isStub(_ bytes: [UInt8]) -> Bool { bytes.starts(with: stub.utf8) }

  /// What a recording keeps of a file: the names of the columns that the plan uses. Of a file without a line of names
  /// the others may be values.
  static func stub(_ columns: [String]) -> [UInt8] {
    Array((stub + columns.joined(separator: ",") + "\n").utf8)
  }

  init(_ bytes: [UInt8]) throws(Failure) {
    let isStub = Self.isStub(bytes)
    let markLength = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    guard String(validating: bytes, as: UTF8.self) != nil else {
      let place = SourceText.firstInvalid(in: bytes)
      throw Failure(
        line: place.line,
        problem: Problem("it is not UTF-8 from here on", hint: "iconv -t UTF-8 converts it"))
    }
    var records = Records(bytes[(isStub ? Self.stub.utf8.count : markLength)...])
    guard let (head, line) = try records.next() else {
      guard !isStub else {
        (columns, rows) = ([], [])
        return
      }
      throw Failure(line: 1, problem: Problem("it is empty", hint: Self.example))
    }
    columns = head.map { String(decoding: $0, as: UTF8.self) }
    for (index, column) in columns.enumerated() {
      guard Self.isName(column) else {
        throw Failure(
          line: line,
          problem: Problem(
            "its first line has to name the columns, and number \(index + 1) is no name",
            hint: "letters, digits, '_' and '-', and a letter first; \(Self.example)"))
      }
      guard !columns[..<index].contains(column) else {
        throw Failure(
          line: line,
          problem: Problem(
            "columns \(columns.firstIndex(of: column)! + 1) and \(index + 1) have one name"))
      }
    }
    rows = []
    while let (row, line) = try records.next() {
      guard row.count == columns.count else {
        throw Failure(
          line: line,
          problem: Problem(
            "the number of columns is \(columns.count), and that of values in this row \(row.count)",
            hint: "a value with a comma in it stands in double quotes"))
      }
      rows.append(row)
    }
    guard isStub || !rows.isEmpty else {
      throw Failure(line: line, problem: Problem("it has no rows below the names of its columns"))
    }
  }

  private static let example = "for example name,token and a row for each user below it"

  /// Whether a text can name a column, or a file of data.
  static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, isLetter(first) else { return false }
    return text.utf8.allSatisfy(isPartOfName)
  }

  static func isPartOfName(_ byte: UInt8) -> Bool {
    isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}

extension DataFile {
  /// Cuts a text into records. Empty lines are none.
  private struct Records {
    private var rest: ArraySlice<UInt8>
    private var line = 1

    init(_ text: ArraySlice<UInt8>) {
      rest = text
    }

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    /// The values of the next record, and the line that it begins in; nil at the end.
    mutating func next() throws(Failure) -> (values: [[UInt8]], line: Int)? {
      while takeLineEnd() {}
      guard !rest.isEmpty else { return nil }
      let first = line
      var values: [[UInt8]] = []
      repeat { values.append(try value()) } while take(Self.comma)
      guard rest.isEmpty || takeLineEnd() else {
        throw Failure(
          line: line, problem: Problem("a value in double quotes has more text behind them"))
      }
      return (values, first)
    }

    private mutating func value() throws(Failure) -> [UInt8] {
      guard take(Self.quote) else {
        let plain = rest.prefix { $0 != Self.comma && $0 != Self.lineFeed }
        rest = rest[plain.endIndex...]
        // The end of a line may be two bytes, and the first of them is no part of the value.
        if rest.first != Self.comma, plain.last == Self.carriageReturn {
          return Array(plain.dropLast())
        }
        return Array(plain)
      }
      let start = line
      var value: [UInt8] = []
      while let byte = rest.popFirst() {
        if byte == Self.quote, !take(Self.quote) { return value }
        if byte == Self.lineFeed { line += 1 }
        value.append(byte)
      }
      throw Failure(line: start, problem: Problem("a value begins with '\"' and never ends"))
    }

    private mutating func take(_ byte: UInt8) -> Bool {
      guard rest.first == byte else { return false }
      rest = rest.dropFirst()
      return true
    }

    private mutating func takeLineEnd() -> Bool {
      let end = rest.starts(with: [Self.carriageReturn, Self.lineFeed]) ? 2 : 1
      guard end == 2 || rest.first == Self.lineFeed else { return false }
      rest = rest.dropFirst(end)
      line += 1
      return true
    }
  }
}
