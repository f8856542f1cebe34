import Foundation
import Testing

/// A HdrHistogram interval log as its readers take it, written from the format's description and
/// with nothing of the encoder.
struct HistogramLogFile {
  struct Interval {
    let tag: String
    let start, length, maximum: Double
    let histogram: DecodedHistogram
  }

  let comments: [String]
  let legend: String
  let intervals: [Interval]

  init(_ bytes: [UInt8]) throws {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    comments = lines.filter { $0.hasPrefix("#") }
    let rest = lines.drop { $0.hasPrefix("#") }
    legend = try #require(rest.first)
    intervals = try rest.dropFirst().map { line in
      let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      try #require(fields.count == 5 && fields[0].hasPrefix("Tag="), "\(line)")
      return Interval(
        tag: String(fields[0].dropFirst(4)), start: try #require(Double(fields[1])),
        length: try #require(Double(fields[2])), maximum: try #require(Double(fields[3])),
        histogram: try DecodedHistogram(try #require(Data(base64Encoded: fields[4]))))
    }
  }
}

/// Version 2 of HdrHistogram's encoding, three significant digits.
struct DecodedHistogram {
  let highest: Int
  /// By index.
  private(set) var counts: [Int: Int] = [:]

  init(_ compressed: Data) throws {
    var outer = Bytes(compressed)
    try #require(outer.integer(4) == 0x1C84_9314)
    try #require(outer.integer(4) == outer.rest.count)
    var inner = Bytes(Data(try inflated(&outer)))
    try #require(inner.integer(4) == 0x1C84_9313)
    let length = inner.integer(4)
    try #require(inner.integer(4) == 0)
    try #require(inner.integer(4) == 3)
    try #require(inner.integer(8) == 1)
    highest = inner.integer(8)
    try #require(Double(bitPattern: UInt64(inner.integer(8))) == 1)
    try #require(inner.rest.count == length)
    var index = 0
    while !inner.rest.isEmpty {
      let number = inner.zigZag()
      if number < 0 {
        index -= number
      } else {
        if number > 0 { counts[index] = number }
        index += 1
      }
    }
  }

  var total: Int { counts.values.reduce(0, +) }

  /// The values that are counted together at an index: 2,048 single ones, then 1,024 steps for
  /// each doubling.
  static func values(at index: Int) -> ClosedRange<Int> {
    guard index >= 2048 else { return index...index }
    let doubling = (index - 1024) / 1024
    let lowest = ((index - 1024) % 1024 + 1024) << doubling
    return lowest...(lowest + (1 << doubling) - 1)
  }

  /// The highest value that counts with the one at this percentile.
  func percentile(_ percentile: Double) -> Int {
    let wanted = max(1, Int((percentile / 100 * Double(total)).rounded(.up)))
    var passed = 0
    for (index, count) in counts.sorted(by: { $0.key < $1.key }) {
      passed += count
      if passed >= wanted { return Self.values(at: index).upperBound }
    }
    return 0
  }
}

/// What stored blocks of a zlib stream hold, with its check sum checked.
private func inflated(_ stream: inout Bytes) throws -> [UInt8] {
  let head = stream.integer(2)
  try #require(head % 31 == 0 && head >> 8 & 0xF == 8 && head & 0x20 == 0)
  var content: [UInt8] = []
  var isLast = false
  while !isLast {
    let kind = stream.integer(1)
    try #require(kind <= 1, "not a stored block")
    isLast = kind == 1
    let length = stream.integer(1) | stream.integer(1) << 8
    let check = stream.integer(1) | stream.integer(1) << 8
    try #require(length ^ check == 0xFFFF && stream.rest.count >= length)
    content += stream.take(length)
  }
  var (low, high) = (1, 0)
  for byte in content {
    low = (low + Int(byte)) % 65_521
    high = (high + low) % 65_521
  }
  try #require(stream.integer(4) == high << 16 | low)
  try #require(stream.rest.isEmpty)
  return content
}

private struct Bytes {
  private(set) var rest: ArraySlice<UInt8>

  init(_ data: Data) { rest = [UInt8](data)[...] }

  mutating func take(_ count: Int) -> ArraySlice<UInt8> {
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  mutating func integer(_ width: Int) -> Int { take(width).reduce(0) { $0 << 8 | Int($1) } }

  mutating func zigZag() -> Int {
    var value: UInt64 = 0
    for position in 0..<9 {
      let byte = UInt64(integer(1))
      if position == 8 {
        value |= byte << 56
      } else {
        value |= (byte & 0x7F) << (7 * UInt64(position))
        if byte < 0x80 { break }
      }
    }
    return Int(bitPattern: UInt(value >> 1)) ^ -Int(value & 1)
  }
}
