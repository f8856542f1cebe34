import Messages
import Protocols

/// How the loop finds the end of an answer, for the answers of one pattern: an `AnswerFrame` as plain numbers.
struct AnswerFraming: BitwiseCopyable {
  enum Kind: UInt8, BitwiseCopyable {
    /// The answer does not say where it ends.
    case open
    case delimiter, length, http
    /// The answer is one message of the protocol.
    case message
  }

  /// What `advance` has found in the bytes that it was given.
  struct Step {
    /// How many of the bytes belong to the answer, from the first on.
    var used: Int
    /// The range of the bytes in which the expected content is searched.
    var content: Range<Int>
    var end: End
    /// Whether the server has said that it closes the connection after this answer.
    var isLast = false

    /// A step whose used bytes are all content.
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
    /// The caller must call `advance` again with the bytes that were not used, even if there are none:
    /// `HTTPReader` tells one event per call.
    case goesOn
    /// The answer ends with the last byte used.
    case here
    /// The answer ends with the last byte used. Its status code makes it wrong, whatever its content.
    case refused
    /// The bytes so far begin no valid answer, so nobody can say where this one ends.
    case unknown
  }

  private(set) var kind = Kind.open
  /// Where the answer's length stands; means something only for `length`.
  private let field: LengthField
  /// Bytes of the delimiter; 0 for all other kinds.
  private let delimiterCount: Int
  /// The index of this pattern's first word among the table words of all patterns. A delimiter has 256 words, one
  /// per value of a byte: bit n says whether byte n of the delimiter has this value. HTTP has `statusWords` words,
  /// with one bit per status code: it is set for those of a right answer.
  private let tableStart: Int
  /// The method of the request. It decides whether an HTTP response has a body.
  private let method: HTTPMethod

  /// - Parameter tables: the table words of the patterns before. A delimiter and HTTP add their own.
  init(_ frame: AnswerFrame?, tables: inout [UInt64]) {
    var delimiter: [UInt8] = []
    var method = HTTPMethod.get
    tableStart = tables.count
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
    delimiterCount = delimiter.count
    guard !delimiter.isEmpty else { return }
    var places = [UInt64](repeating: 0, count: 256)
    for (place, byte) in delimiter.enumerated() { places[Int(byte)] |= 1 << UInt64(place) }
    tables += places
  }

  /// Words of 64 bits that have a bit for each status code of three digits.
  private static let statusWords = 16

  /// Where a `$` may match, in bytes before the end of the answer. Bit n stands for n bytes. Bit 0 is the end
  /// itself; the other bit is the place right before the delimiter.
  var placesOfEnd: UInt64 { 1 | 1 << UInt64(delimiterCount) }

  /// Takes bytes of an answer, up to its end if that is among them.
  ///
  /// - Parameters:
  ///   - progress: how far the answer had come; 0 for one that begins here. What its bits mean depends on the kind.
  ///   - reader: the reader of the response; only HTTP uses it.
  ///   - endsMessage: whether a message of the protocol ends with these bytes.
  func advance(
    _ progress: inout UInt64, _ reader: inout HTTPReader, _ heard: UnsafeRawBufferPointer,
    tables: UnsafePointer<UInt64>, endsMessage: Bool
  ) -> Step {
    switch kind {
    case .open: Step(used: heard.count, end: .notYet)
    case .delimiter: unsafe seekDelimiter(&progress, heard, tables + tableStart)
    case .length: unsafe countDown(&progress, heard)
    case .http: unsafe read(&progress, &reader, heard, tables + tableStart)
    case .message: Step(used: heard.count, end: endsMessage ? .here : .notYet)
    }
  }

  /// What has become of an unfinished answer now that the peer has closed. Only an HTTP response may end with the
  /// connection. Any other answer is cut off: `unknown`.
  func close(_ progress: UInt64, _ reader: inout HTTPReader) -> End {
    guard kind == .http, case .end = reader.close() else { return .unknown }
    return progress == 0 ? .here : .refused
  }

  /// Whether the status of an HTTP response has shown that the answer is wrong.
  func isRefused(_ progress: UInt64) -> Bool { kind == .http && progress != 0 }

  /// Finds the delimiter (Shift-And). Bit n of `progress` says whether the bytes so far end with the first n + 1
  /// bytes of the delimiter.
  private func seekDelimiter(
    _ progress: inout UInt64, _ heard: UnsafeRawBufferPointer, _ places: UnsafePointer<UInt64>
  ) -> Step {
    let whole: UInt64 = 1 << UInt64(delimiterCount - 1)
    for index in 0..<heard.count {
      progress = unsafe (progress << 1 | 1) & places[Int(heard[index])]
      if progress & whole != 0 { return Step(used: index + 1, end: .here) }
    }
    return Step(used: heard.count, end: .notYet)
  }

  /// Reads the number, then counts down to the end of the answer. While the number is read, the low 32 bits of
  /// `progress` are its value so far, and the bits above say how many bytes of the answer have come. Afterwards
  /// `progress` is how many bytes are still to come, with `isCounting` set.
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

  /// Reads a response. `progress` is 1 once the status code has shown that the answer is wrong, else 0.
  private func read(
    _ progress: inout UInt64, _ reader: inout HTTPReader, _ heard: UnsafeRawBufferPointer,
    _ statuses: UnsafePointer<UInt64>
  ) -> Step {
    let step = unsafe reader.next(heard, HTTPQuestion(method: method))
    switch step.event {
    case .body(let content): return Step(used: step.used, end: .goesOn, content: content)
    case .status(let code):
      // A response of 1xx comes before the answer, and does not decide it.
      if code >= 200 {
        let word = unsafe statuses[Int(code) / 64]
        progress = word >> UInt64(code % 64) & 1 ^ 1
      }
    case .end(let keepsOpen):
      return Step(
        used: step.used, end: progress == 0 ? .here : .refused, content: 0..<0, isLast: !keepsOpen)
    // No plan's request asks for another protocol or for a tunnel, so 101 answers none.
    case .malformed, .upgraded: return Step(used: step.used, end: .unknown, content: 0..<0)
    case .more: return Step(used: step.used, end: .notYet, content: 0..<0)
    case .head, .method, .target, .key: break
    }
    return Step(used: step.used, end: .goesOn, content: 0..<0)
  }

  /// Adds a byte to the number; false where the number does not fit into 32 bits (4 GiB).
  ///
  /// - Parameter place: how many bytes of the number came before this one.
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
