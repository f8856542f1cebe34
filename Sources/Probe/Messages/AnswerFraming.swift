import Messages
import Protocols

/// Where the answers of one pattern end, in the form that the loop reads.
struct AnswerFraming: BitwiseCopyable {
  enum Kind: UInt8, BitwiseCopyable {
    /// Nobody knows.
    case open
    case delimiter, length, http
    /// With the protocol's message.
    case message
  }

  /// What was made of some bytes of an answer.
  struct Step {
    /// How many belong to the answer, from the first on.
    var used: Int
    /// Those of them in which a content is looked for.
    var content: Range<Int>
    var end: End
    /// Whether the server has said that it closes the connection after this answer.
    var isLast = false

    /// All that is used is content.
    init(used: Int, end: End) {
      self.init(used: used, end: end, content: 0..<used)
    }

    init(used: Int, end: End, content: Range<Int>, isLast: Bool = false) {
      self.used = used
      self.end = end
      self.content = content
      self.isLast = isLast
    }
  }

  enum End {
    /// More bytes have to come.
    case notYet
    /// The rest of the bytes is to be handed over again, even if it is empty.
    case goesOn
    case here
    /// It ends here, and is wrong whatever its content.
    case refused
    /// The bytes so far cannot begin an answer, so where this one ends is not known.
    case unknown
  }

  private(set) var kind = Kind.open
  private let field: LengthField
  /// Bytes of the delimiter.
  private let count: Int
  /// Where its table begins in the tables of all patterns. A delimiter has, for each byte, one bit for each of
  /// its places that has this byte. HTTP has one bit for each status code of a right answer.
  private let table: Int
  /// The method that a response answers.
  private let method: HTTPMethod

  /// - Parameter tables: those of all patterns; a delimiter adds its own.
  init(_ frame: AnswerFrame?, tables: inout [UInt64]) {
    var delimiter: [UInt8] = []
    var method = HTTPMethod.get
    table = tables.count
    var field = LengthField(at: 0, size: 1, order: .big, plus: 0)
    switch frame {
    case nil: kind = .open
    case .message: kind = .message
    case .delimiter(let bytes):
      kind = .delimiter
      delimiter = bytes
    case .length(let written):
      kind = .length
      field = written
    case .http(let answer):
      kind = .http
      method = answer.method
      var bits = [UInt64](repeating: 0, count: Self.statusWords)
      for status in answer.statuses.joined() where Int(status) < 64 * bits.count {
        bits[Int(status) / 64] |= 1 << UInt64(status % 64)
      }
      tables += bits
    }
    self.field = field
    self.method = method
    count = delimiter.count
    guard !delimiter.isEmpty else { return }
    var places = [UInt64](repeating: 0, count: 256)
    for (place, byte) in delimiter.enumerated() { places[Int(byte)] |= 1 << UInt64(place) }
    tables += places
  }

  /// Enough bits for any status code of three digits.
  private static let statusWords = 16

  /// Of how many last bytes a `$` may stand before any: at the end of the answer, and before its delimiter.
  /// One bit for each such number of bytes.
  var placesOfEnd: UInt64 { 1 | 1 << UInt64(count) }

  /// Takes bytes of an answer, up to its end if that is among them.
  ///
  /// - Parameters:
  ///   - progress: how far the answer had come; 0 for one that begins here.
  ///   - reader: of HTTP, how far its response had come.
  ///   - endsMessage: whether a message of the protocol ends here.
  func advance(
    _ progress: inout UInt64, _ reader: inout HTTPReader, _ heard: UnsafeRawBufferPointer,
    tables: UnsafePointer<UInt64>, endsMessage: Bool
  ) -> Step {
    switch kind {
    case .open: Step(used: heard.count, end: .notYet)
    case .delimiter: unsafe seekDelimiter(&progress, heard, tables + table)
    case .length: unsafe countDown(&progress, heard)
    case .http: unsafe read(&progress, &reader, heard, tables + table)
    case .message: Step(used: heard.count, end: endsMessage ? .here : .notYet)
    }
  }

  /// Whether the answer is whole now that the peer has closed; `unknown` where it is cut off.
  func close(_ progress: UInt64, _ reader: inout HTTPReader) -> End {
    guard kind == .http, case .end = reader.close() else { return .unknown }
    return progress == 0 ? .here : .refused
  }

  /// Here a progress has one bit for each place of the delimiter at which the bytes so far may end.
  private func seekDelimiter(
    _ progress: inout UInt64, _ heard: UnsafeRawBufferPointer, _ places: UnsafePointer<UInt64>
  ) -> Step {
    let whole: UInt64 = 1 << UInt64(count - 1)
    for index in 0..<heard.count {
      progress = unsafe (progress << 1 | 1) & places[Int(heard[index])]
      if progress & whole != 0 { return Step(used: index + 1, end: .here) }
    }
    return Step(used: heard.count, end: .notYet)
  }

  /// Here a progress has 32 bits of the number as far as it is known, and above it how many bytes have come;
  /// once the number is known, how many are still to come, with `isCounting` set.
  private func countDown(
    _ progress: inout UInt64, _ heard: UnsafeRawBufferPointer
  ) -> Step {
    let isCounting: UInt64 = 1 << 63
    var used = 0
    if progress & isCounting == 0 {
      var seen = Int(progress >> 32)
      var number = UInt32(truncatingIfNeeded: progress)
      while seen < field.head {
        guard used < heard.count else {
          progress = UInt64(seen) << 32 | UInt64(number)
          return Step(used: used, end: .notYet)
        }
        if seen >= field.at, unsafe !take(heard[used], place: seen - field.at, into: &number) {
          return Step(used: used + 1, end: .unknown)
        }
        used += 1
        seen += 1
      }
      let whole = Int(number) + field.plus
      guard whole >= field.head else { return Step(used: used, end: .unknown) }
      progress = isCounting | UInt64(whole - field.head)
    }
    let left = Int(progress & ~isCounting)
    let more = min(left, heard.count - used)
    progress = isCounting | UInt64(left - more)
    return Step(used: used + more, end: more == left ? .here : .notYet)
  }

  /// Here a progress is 1 once the status code has shown that the answer is wrong.
  private func read(
    _ progress: inout UInt64, _ reader: inout HTTPReader, _ heard: UnsafeRawBufferPointer,
    _ statuses: UnsafePointer<UInt64>
  ) -> Step {
    let step = unsafe reader.next(heard, HTTPQuestion(method: method))
    switch step.event {
    case .body(let content): return Step(used: step.used, end: .goesOn, content: content)
    case .status(let code):
      // A response of 1xx comes before the answer.
      if code >= 200 {
        let word = unsafe statuses[Int(code) / 64]
        progress = word >> UInt64(code % 64) & 1 ^ 1
      }
    case .end(let keepsOpen):
      return Step(
        used: step.used, end: progress == 0 ? .here : .refused, content: 0..<0, isLast: !keepsOpen)
    // No request asks for another protocol, so 101 answers none.
    case .malformed, .upgraded: return Step(used: step.used, end: .unknown, content: 0..<0)
    case .more: return Step(used: step.used, end: .notYet, content: 0..<0)
    case .head, .method, .target, .key: break
    }
    return Step(used: step.used, end: .goesOn, content: 0..<0)
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
