import Messages

/// Where the answers of one pattern end, in the form that the loop reads.
struct AnswerFraming: BitwiseCopyable {
  enum Kind: UInt8, BitwiseCopyable {
    /// Nobody knows.
    case open
    case delimiter, length
  }

  enum End {
    case notYet, here
    /// The bytes so far cannot begin an answer, so where this one ends is not known.
    case unknown
  }

  private(set) var kind = Kind.open
  private let field: LengthField
  /// Bytes of the delimiter.
  private let count: Int
  /// Where the delimiter's table begins in the tables of all patterns: for each byte, one bit for each
  /// place of the delimiter that has this byte.
  private let table: Int

  /// - Parameter tables: those of all patterns; a delimiter adds its own.
  init(_ frame: AnswerFrame?, tables: inout [UInt64]) {
    var delimiter: [UInt8] = []
    var field = LengthField(at: 0, size: 1, order: .big, plus: 0)
    switch frame {
    case nil: kind = .open
    case .delimiter(let bytes):
      kind = .delimiter
      delimiter = bytes
    case .length(let written):
      kind = .length
      field = written
    }
    self.field = field
    count = delimiter.count
    table = tables.count
    guard !delimiter.isEmpty else { return }
    var places = [UInt64](repeating: 0, count: 256)
    for (place, byte) in delimiter.enumerated() { places[Int(byte)] |= 1 << UInt64(place) }
    tables += places
  }

  /// Of how many last bytes a `$` may stand before any: at the end of the answer, and before its delimiter.
  /// One bit for each such number of bytes.
  var placesOfEnd: UInt64 { 1 | 1 << UInt64(count) }

  /// Takes bytes of an answer, up to its end if that is among them; returns how many.
  ///
  /// - Parameter progress: how far the answer had come; 0 for one that begins here.
  func advance(
    _ progress: inout UInt64, _ heard: UnsafeRawBufferPointer, tables: UnsafePointer<UInt64>
  ) -> (used: Int, end: End) {
    switch kind {
    case .open: (heard.count, .notYet)
    case .delimiter: unsafe seekDelimiter(&progress, heard, tables + table)
    case .length: unsafe countDown(&progress, heard)
    }
  }

  /// Here a progress has one bit for each place of the delimiter at which the bytes so far may end.
  private func seekDelimiter(
    _ progress: inout UInt64, _ heard: UnsafeRawBufferPointer, _ places: UnsafePointer<UInt64>
  ) -> (used: Int, end: End) {
    let whole: UInt64 = 1 << UInt64(count - 1)
    for index in 0..<heard.count {
      progress = unsafe (progress << 1 | 1) & places[Int(heard[index])]
      if progress & whole != 0 { return (index + 1, .here) }
    }
    return (heard.count, .notYet)
  }

  /// Here a progress has 32 bits of the number as far as it is known, and above it how many bytes have come;
  /// once the number is known, how many are still to come, with `isCounting` set.
  private func countDown(
    _ progress: inout UInt64, _ heard: UnsafeRawBufferPointer
  ) -> (used: Int, end: End) {
    let isCounting: UInt64 = 1 << 63
    var used = 0
    if progress & isCounting == 0 {
      var seen = Int(progress >> 32)
      var number = UInt32(truncatingIfNeeded: progress)
      while seen < field.head {
        guard used < heard.count else {
          progress = UInt64(seen) << 32 | UInt64(number)
          return (used, .notYet)
        }
        if seen >= field.at, unsafe !take(heard[used], place: seen - field.at, into: &number) {
          return (used + 1, .unknown)
        }
        used += 1
        seen += 1
      }
      let whole = Int(number) + field.plus
      guard whole >= field.head else { return (used, .unknown) }
      progress = isCounting | UInt64(whole - field.head)
    }
    let left = Int(progress & ~isCounting)
    let more = min(left, heard.count - used)
    progress = isCounting | UInt64(left - more)
    return (used + more, more == left ? .here : .notYet)
  }

  /// Takes a byte of the number; false where the number is one of more than 32 bits, 4 GiB.
  @inline(__always)
  private func take(_ byte: UInt8, place: Int, into number: inout UInt32) -> Bool {
    switch field.order {
    case .big:
      guard number >> 24 == 0 else { return false }
      number = number << 8 | UInt32(byte)
    case .little:
      guard place < 4 else { return byte == 0 }
      number |= UInt32(byte) << UInt32(8 * place)
    }
    return true
  }
}
