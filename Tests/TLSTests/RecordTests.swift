import CAllocations
import Testing

@testable import TLS

@Suite struct RecordTests {
  @Test func `a state is small`() {
    #expect(MemoryLayout<RecordState>.stride <= 224)
  }

  /// Source: RFC 8448, section 3: the server's application traffic.
  @Test func `keys are those of the example in RFC 8448`() {
    let secret: [UInt8] = [
      0xa1, 0x1a, 0xf9, 0xf0, 0x55, 0x31, 0xf8, 0x56, 0xad, 0x47, 0x11, 0x6b, 0x45, 0xa9, 0x50,
      0x32, 0x82, 0x04, 0xb4, 0xf4, 0x4b, 0xfb, 0x6b, 0x3a, 0x4b, 0x4f, 0x1f, 0x3f, 0xcb, 0x63,
      0x16, 0x43,
    ]
    var bytes = InlineArray<48, UInt8>(repeating: 0)
    for (index, byte) in secret.enumerated() { bytes[index] = byte }
    let state = RecordState(
      suite: .aes128GCM, isServer: false, client: bytes, server: bytes, written: 0)
    let key = (0..<16).map { state.reading.key[$0] }
    #expect(
      key == [
        0x9f, 0x02, 0x28, 0x3b, 0x6c, 0x9c, 0x07, 0xef, 0xc2, 0x6b, 0xb9, 0xf2, 0xac, 0x92, 0xe3,
        0x56,
      ])
    let nonce = (0..<12).map { state.reading.nonce[$0] }
    #expect(nonce == [0xcf, 0x78, 0x2b, 0x88, 0xdd, 0x83, 0x54, 0x9a, 0xad, 0xf1, 0xe9, 0x84])
  }

  @Test(arguments: CipherSuite.allCases)
  func `what is sealed is opened`(suite: CipherSuite) throws {
    var ends = try Carriers(suite)
    var expected: [UInt8] = []
    for count in [0, 1, 64, 1024, 16_384, 16_385, 100_000] {
      let text = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      expected += text
      ends.server.open(ends.client.seal(text))
      ends.client.open(ends.server.seal(text))
    }
    #expect(ends.server.plaintext == expected && ends.client.plaintext == expected)
    #expect(ends.client.state.recordsWritten == 1 + 1 + 1 + 1 + 2 + 7)
    #expect(ends.client.state.recordsWritten == ends.server.state.recordsRead)
  }

  @Test func `plaintext is taken as far as there is room`() throws {
    var ends = try Carriers()
    let text = [UInt8](repeating: 7, count: 20_000)
    var taken = 0
    for room in [0, 22, 23, 24, 100, 5000, 17_000] {
      var buffer = [UInt8](repeating: 0, count: room)
      let rest = Array(text[taken...])
      let sealed = buffer.withUnsafeMutableBytes { buffer in
        rest.withUnsafeBytes { ends.client.layer.seal(&ends.client.state, $0, into: buffer) }
      }
      #expect(sealed.written <= room && sealed.taken <= max(0, room - 22))
      taken += sealed.taken
      ends.server.open(Array(buffer[..<sealed.written]))
    }
    #expect(ends.server.plaintext.count == taken && taken == 20_000)
  }

  @Test func `one layer carries connections of all suites in turn`() throws {
    let layer = try RecordLayer()
    var ends = try CipherSuite.allCases.flatMap { try [Carriers($0), Carriers($0)] }
    for index in ends.indices {
      ends[index].client = Carrier(layer, ends[index].client.state)
      ends[index].server = Carrier(layer, ends[index].server.state)
    }
    for round in 0..<5 {
      for index in ends.indices {
        ends[index].server.open(ends[index].client.seal("\(round) \(index);"))
        ends[index].client.open(ends[index].server.seal("\(round);"))
      }
    }
    for index in ends.indices {
      #expect(ends[index].server.text == (0..<5).map { "\($0) \(index);" }.joined())
      #expect(ends[index].client.text == "0;1;2;3;4;")
    }
  }

  @Test(.enabled(if: allocations_are_counted(), "a sanitizer counts no allocations"))
  func `a record costs no memory`() throws {
    for suite in CipherSuite.allCases {
      let ends = [try Carriers(suite), try Carriers(suite)]
      let layer = try RecordLayer()
      var states = ends.map { ($0.client.state, $0.server.state) }
      var buffer = [UInt8](repeating: 0, count: 200)
      let text = [UInt8](repeating: 1, count: 64)
      func round() {
        buffer.withUnsafeMutableBytes { buffer in
          text.withUnsafeBytes { text in
            for index in states.indices {
              _ = layer.seal(&states[index].0, text, into: buffer)
              _ = layer.open(&states[index].1, buffer)
            }
          }
        }
      }
      round()
      let before = allocations_of_this_thread()
      for _ in 0..<100 { round() }
      #expect(allocations_of_this_thread() == before)
      #expect(states[1].1.recordsRead == 101)
    }
  }

  // MARK: KeyUpdate

  @Test(arguments: CipherSuite.allCases)
  func `keys are updated, and answers are owed`(suite: CipherSuite) throws {
    var ends = try Carriers(suite)
    for round in 1...3 {
      ends.server.open(ends.client.updateKey(asking: true))
      #expect(ends.server.state.isAnswerOwed && ends.server.keyUpdates == round)
      #expect(ends.server.state.recordsRead == 0 && ends.client.state.recordsWritten == 0)
      ends.client.open(ends.server.sealOwed())
      #expect(!ends.server.state.isAnswerOwed && !ends.client.state.isAnswerOwed)
      #expect(ends.server.sealOwed().isEmpty)
      ends.server.open(ends.client.seal("a"))
      ends.client.open(ends.server.seal("b"))
    }
    // Without sealOwed the answer goes before the next data, and one answer is enough for many.
    ends.server.open(ends.client.updateKey(asking: true) + ends.client.updateKey(asking: true))
    ends.client.open(ends.server.seal("c"))
    #expect(ends.client.keyUpdates == 4)
    ends.server.open(ends.client.updateKey(asking: false) + ends.client.seal("c"))
    #expect(!ends.server.state.isAnswerOwed)
    #expect(ends.server.text == "aaac" && ends.client.text == "bbbc")
  }

  @Test func `a key is used for so many records and no more`() throws {
    var ends = try Carriers(recordsPerKey: 10)
    for index in 0..<35 {
      ends.server.open(ends.client.seal([UInt8(index)]))
      #expect(ends.client.state.recordsWritten <= 10)
    }
    #expect(ends.server.plaintext == (0..<35).map { UInt8($0) } && ends.server.keyUpdates == 3)
    // Within one call, too.
    let long = [UInt8](repeating: 1, count: 25 * 16_384)
    var buffer = [UInt8](repeating: 0, count: RecordLayer.room(for: long.count) + 100)
    let sealed = buffer.withUnsafeMutableBytes { buffer in
      long.withUnsafeBytes { ends.client.layer.seal(&ends.client.state, $0, into: buffer) }
    }
    ends.server.open(Array(buffer[..<sealed.written]))
    #expect(sealed.taken == long.count && ends.server.plaintext.count == 35 + long.count)
    #expect(ends.server.keyUpdates == 5)
    #expect(try RecordLayer().recordsPerKey < 23_726_566)
  }

  @Test func `no record goes beyond the last number`() throws {
    var ends = try Carriers()
    ends.server.state.reading.sequence = .max
    ends.server.open(ends.client.seal("a"))
    #expect(ends.server.end == .failed(.tooManyRecords))
  }

  // MARK: The end

  @Test func `close_notify ends one direction`() throws {
    var ends = try Carriers()
    ends.server.open(ends.client.seal("last") + ends.client.close() + [1, 2, 3])
    #expect(ends.server.text == "last" && ends.server.end == .closed && ends.server.buffer.isEmpty)
    #expect(ends.server.state.isReadOver && ends.client.state.isWriteOver)
    #expect(ends.client.seal("more").isEmpty && ends.client.close().isEmpty)
    #expect(ends.client.updateKey(asking: false).isEmpty)
    ends.client.open(ends.server.seal("answer") + ends.server.close())
    #expect(ends.client.text == "answer" && ends.client.end == .closed)
  }

  @Test func `alerts have names`() throws {
    for (number, event) in [
      (40, RecordLayer.Event.alert(.handshakeFailure)),
      (116, .alert(.certificateRequired)), (200, .alert(Alert(rawValue: 200))), (90, nil),
    ] as [(UInt8, RecordLayer.Event?)] {
      var ends = try Carriers()
      ends.server.open(ends.client.alert(Alert(rawValue: number)) + [])
      #expect(ends.server.end == event)
      guard event != nil else { continue }
      ends.server.open([0])
      #expect(ends.server.state.isReadOver && ends.server.buffer.isEmpty)
    }
  }

  // MARK: Messages

  @Test func `messages may be split anywhere`() throws {
    let ends = try Carriers()
    let ticket: [UInt8] = [4, 0, 1, 44] + [UInt8](repeating: 9, count: 300)
    let messages = ticket + ticket + [24, 0, 0, 1, 1]
    for piece in [1, 2, 3, 5, 100, 303, 304, 305, 1000] {
      var (client, server) = (ends.client, ends.server)
      var rest = messages[...]
      while !rest.isEmpty {
        client.open(server.record(22, Array(rest.prefix(piece))))
        rest = rest.dropFirst(piece)
      }
      #expect(client.tickets == 2 && client.keyUpdates == 1 && client.end == nil)
      #expect(client.state.isAnswerOwed)
      server.state.writing.update(server.state.suite)
      client.open(server.seal("on"))
      #expect(client.text == "on")
    }
  }
}
