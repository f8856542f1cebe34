import Messages
import Plan
import Recording
import Testing

/// Values of `data` in what peers say, whole and cut.
@Suite struct DataMaskTests {
  private func mask(_ values: String...) -> DataMask {
    DataMask([DataColumn(name: "users.token", values: values.map { Array($0.utf8) })])
  }

  private func masked(_ said: String, _ value: String) -> String {
    String(decoding: mask(value).masked(Array(said.utf8)), as: UTF8.self)
  }

  /// Whether six bytes in a row of the value stand in the text.
  private func shows(_ text: String, _ value: String) -> Bool {
    let bytes = Array(value.utf8)
    return (0...bytes.count - 6).contains { start in
      text.utf8.firstRange(of: bytes[start..<start + 6]) != nil
    }
  }

  @Test func `a value that a worker has cut within the quotation marks is taken out`() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9." + String((0..<108).map { Character("\(($0 * 7) % 10)") })
    let token = "tok-0123456789abcdef-0123456789abcde"
    for value in [jwt, token] {
      for gap in 20...130 {
        let reason = String(repeating: ".", count: gap) + " " + value
        let cut = String(decoding: reason.utf8.prefix(123), as: UTF8.self)
        let words = "DISCONNECT: not authorized (135): \"\(cut)\""
        let shown = mask(value).masked(words)
        if shows(shown, value) { Issue.record("\(gap): \(shown)") }
        #expect(shown.contains("{users.token}") == (cut.utf8.count >= gap + 7), "\(gap): \(shown)")
        #expect(shown.hasSuffix("\""))
      }
    }
    // A server that cuts what it repeats.
    #expect(
      mask(jwt).masked("close 1008 (policy): \"no eyJhbGciOiJI... (12 of 129 bytes)\"")
        == "close 1008 (policy): \"no {users.token}... (12 of 129 bytes)\"")
    #expect(mask(jwt).masked("HTTP 401: \"no eyJhbGci…") == "HTTP 401: \"no {users.token}…")
  }

  @Test func `a value that was cut within a character is taken out`() {
    let value = "pässwörd-ä-ö-ü"
    for count in 6..<value.utf8.count {
      let cut = Array(value.utf8.prefix(count))
      let words = "close 1008: \"no \(String(decoding: cut, as: UTF8.self))\""
      #expect(!shows(mask(value).masked(words), value), "\(words)")
      let tail = Array(value.utf8.suffix(count))
      for said in [Array("no ".utf8) + cut, tail + Array(" no".utf8)] {
        let shown = String(decoding: mask(value).masked(said), as: UTF8.self)
        #expect(shown == "no {users.token}" || shown == "{users.token} no")
      }
    }
  }

  @Test func `a value with a quotation mark is taken out of a note that quotes`() {
    // What a client of MQTT notes of a PUBACK, and keeps as a wrong answer.
    let note = #"PUBACK: not authorized (135): "no 9,\"d2xyz""#
    #expect(masked(note, #"9,"d2xyz"#) == #"PUBACK: not authorized (135): "no {users.token}""#)
    #expect(
      masked(note, #"9,"d2xyz-and-more"#) == #"PUBACK: not authorized (135): "no {users.token}""#)
    #expect(masked(#"{"no": "a\b"c-d"}"#, #"a\b"c-d"#) == #"{"no": "{users.token}"}"#)
    #expect(
      mask(#"a\b"c-d"#).masked(#"close 1008: "no a\\b\"c-d""#)
        == #"close 1008: "no {users.token}""#)
  }

  @Test func `an answer that was read in parts, cut within a value, shows none of it`() {
    let value = "tok-0123456789abcdef-0123456789abcde"
    let body = "{\"error\": \"\(value) is unknown\"}"
    for place in 0...body.utf8.count {
      for said in [body.utf8.prefix(place), body.utf8.dropFirst(place)] {
        let shown = masked(String(decoding: said, as: UTF8.self), value)
        if shows(shown, value) { Issue.record("\(place): \(shown)") }
      }
    }
    // A read that has neither the beginning nor the end of the value.
    #expect(masked("456789abcdef", value) == "{users.token}")
    // What is no part of a value stays.
    for said in ["56789", "no 456789abcdef", "is unknown", "no tok-0", "tok-01 no"] {
      #expect(masked(said, value) == said)
    }
  }

  /// With many values nearly every short text stands in one of them.
  @Test func `a short text that stands within a value stays`() {
    let mask = mask(#"{"id": 5100000917346, "status": "pending"}"#)
    #expect(mask.masked("close 1013: \"pending\"") == "close 1013: \"pending\"")
    #expect(mask.masked(Array("100000".utf8)) == Array("100000".utf8))
  }

  @Test func `a cut within an escape is one`() {
    #expect(
      mask(#"a-long\value"#).masked(#"HTTP 401: "no a-long\…"#) == #"HTTP 401: "no {users.token}…"#
    )
  }

  @Test func `of values that overlap nothing is left`() {
    let mask = DataMask([
      DataColumn(name: "a.x", values: [Array("Bearer s3cr".utf8)]),
      DataColumn(name: "a.y", values: [Array("s3cret-long".utf8), Array("s3cret-long-er".utf8)]),
    ])
    #expect(mask.masked("no \"Bearer s3cret-long-er\"") == "no \"{a.x}{a.y}\"")
  }
}
