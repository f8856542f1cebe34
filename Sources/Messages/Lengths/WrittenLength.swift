/// The lengths in what one side says, and where others stand that do not follow.
struct WrittenLengths: Equatable {
  var found: [WrittenLength] = []
  /// Where nothing can be replaced, in order: lengths in these ranges are not among `found`, and count what is in them.
  var closed: [Range<Int>] = []
}

/// A length that stands in what one side says, and the bytes that it counts.
struct WrittenLength: Equatable {
  /// Where the length is written.
  var place: Range<Int>
  /// What it counts. Another length may stand in it, if that one always takes as many bytes.
  var content: Range<Int>
  var form: LengthForm

  /// The lengths in what both sides of a conversation said, in their order, up to the first bytes that are not of a
  /// protocol that is known.
  static func all(
    said: [UInt8], heard: [UInt8]
  ) -> (said: WrittenLengths, heard: WrittenLengths) {
    if let level = MQTTLengths.level(ofClient: said) {
      return (
        MQTTLengths(in: said, level: level).lengths, MQTTLengths(in: heard, level: level).lengths
      )
    }
    let requests = HTTPTranscript(requests: said)
    let responses = HTTPTranscript(responses: heard, to: requests)
    guard requests.messages.isEmpty, responses.messages.isEmpty else {
      return (
        WrittenLengths(found: requests.lengths(in: said)),
        WrittenLengths(found: responses.lengths(in: heard))
      )
    }
    return (
      // What a client says in another form than a list of strings is a line of words, without lengths.
      WrittenLengths(found: said.first == UInt8(ascii: "*") ? lengthsOfRESP(in: said) : []),
      WrittenLengths(found: lengthsOfRESP(in: heard))
    )
  }
}

extension HTTPTranscript {
  /// The Content-Lengths of bodies that have come whole.
  fileprivate func lengths(in bytes: [UInt8]) -> [WrittenLength] {
    messages.compactMap { message in
      guard message.isWhole, let body = message.body,
        let field = message.fields.first(where: { $0.name == "content-length" })
      else { return nil }
      // White space may stand behind the digits.
      let digits = bytes[field.value].prefix { (0x30...0x39).contains($0) }
      return WrittenLength(place: digits.indices, content: body, form: .decimal)
    }
  }
}

/// The lengths of bulk strings, bulk errors and verbatim strings, in what Redis or a client of it says. Source: the
/// specification of RESP2 and RESP3, redis.io/docs/latest/develop/reference/protocol-spec.
private func lengthsOfRESP(in bytes: [UInt8]) -> [WrittenLength] {
  let newline: [UInt8] = [13, 10]
  var found: [WrittenLength] = []
  var place = 0
  while place < bytes.count {
    // Values that consist of others are a line, and the others follow.
    let isBulk = "$!=".utf8.contains(bytes[place])
    guard isBulk || "+-:_#,(*~%>|".utf8.contains(bytes[place]),
      let end = bytes[place...].firstIndex(of: 13), bytes[end...].starts(with: newline)
    else { break }
    let digits = place + 1..<end
    place = end + 2
    guard isBulk, bytes[digits] != [45, 49] else { continue }
    guard let count = Int(String(decoding: bytes[digits], as: UTF8.self)), count >= 0,
      count <= bytes.count - place, bytes[(place + count)...].starts(with: newline)
    else { break }
    found.append(
      WrittenLength(place: digits, content: place..<place + count, form: .decimal))
    place += count + 2
  }
  return found
}
