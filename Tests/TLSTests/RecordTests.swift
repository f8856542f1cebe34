import CAllocations
import Testing

@testable import TLS

/// Both ends of a connection after its handshake.
struct Carriers {
  var client: Carrier
  var server: Carrier

  init(_ suite: CipherSuite = .aes128GCM, recordsPerKey: UInt64 = 1 << 23) throws {
    var settings = HandshakeTests.client
    settings.terms.cipherSuites = suite.name
    var pair = try Pair(settings)
    pair.run()
    let layer = try RecordLayer(recordsPerKey: recordsPerKey)
    client = try Carrier(layer, pair.client)
    server = try Carrier(layer, pair.server)
  }
}

extension Carrier {
  /// Seals whatever content as a record of whatever type.
  mutating func record(_ type: UInt8, _ content: [UInt8], padding: Int = 0) -> [UInt8] {
    let inner = content + [type] + [UInt8](repeating: 0, count: padding)
    let length = inner.count + 16
    var record: [UInt8] = [23, 3, 3, UInt8(length >> 8), UInt8(length & 255)]
    record += inner + [UInt8](repeating: 0, count: 16)
    let context = layer.sealer(state.suite)
    let isSealed = record.withUnsafeMutableBytes {
      context.seal(&state.writing, $0.baseAddress!, count: inner.count)
    }
    #expect(isSealed)
    state.writing.sequence += 1
    return record
  }
}

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

  // MARK: Handover

  /// Data that comes in one piece with the client's Finished, whole or not, is the record layer's.
  @Test(arguments: [0, 1, 4, 5, 30, 54])
  func `nothing that comes with Finished is lost`(cut: Int) throws {
    for tickets in [0, 2] {
      let pair = try Pair(
        HandshakeTests.client, ServerSettings(identity: Certificates.server, tickets: tickets))
      let layer = try RecordLayer()
      pair.server.receive(pair.client.takeAll())
      pair.client.receive(pair.server.takeAll())
      var client = try Carrier(layer, pair.client)
      let data = client.seal("first") + client.seal("second")
      pair.server.receive(pair.client.takeAll() + data.dropLast(cut))
      #expect(pair.server.surplus.count == data.count - cut)
      var server = try Carrier(layer, pair.server)
      server.open(data.suffix(cut))
      #expect(server.text == "firstsecond")
      client.open(pair.server.takeAll())
      client.open(server.seal("answer"))
      #expect(client.text == "answer" && client.tickets == tickets)
    }
  }

  @Test(arguments: [0, 1, 2, 5])
  func `a server writes on behind its tickets`(tickets: Int) throws {
    var settings = HandshakeTests.client
    settings.keepsSessions = true
    var pair = try Pair(settings, ServerSettings(identity: Certificates.server, tickets: tickets))
    pair.server.receive(pair.client.takeAll())
    pair.client.receive(pair.server.takeAll())
    pair.server.receive(pair.client.takeAll())
    let layer = try RecordLayer()
    var server = try Carrier(layer, pair.server)
    #expect(server.state.recordsWritten == UInt64(tickets))
    var client = try Carrier(layer, pair.client)
    client.open(pair.server.takeAll())
    client.open(server.seal("hello"))
    #expect(client.tickets == tickets && client.text == "hello" && client.end == nil)
    pair.run()
  }

  @Test(arguments: [1, 3, 1000])
  func `what a client receives too early is kept for the record layer`(piece: Int) throws {
    for keepsSessions in [false, true] {
      var settings = HandshakeTests.client
      settings.keepsSessions = keepsSessions
      var pair = try Pair(settings, ServerSettings(identity: Certificates.server, tickets: 2))
      pair.run(piece: piece)
      let client = try Carrier(RecordLayer(), pair.client)
      #expect(client.tickets == 2 && client.buffer.isEmpty)
      #expect((pair.client.takeSession() != nil) == keepsSessions)
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

  // MARK: Records that are wrong

  @Test(arguments: CipherSuite.allCases)
  func `each flipped bit is noticed`(suite: CipherSuite) throws {
    var ends = try Carriers(suite)
    let record = ends.client.seal("hello")
    let longer = [UInt8](repeating: 0, count: 66_000)
    for place in record.indices {
      for bit in [0, 3, 7] {
        var changed = record
        changed[place] ^= 1 << UInt8(bit)
        // A longer record would be waited for.
        if place == 3 || place == 4 { changed += longer }
        var server = ends.server
        server.open(changed)
        #expect(server.plaintext.isEmpty)
        guard case .failed(let failure)? = server.end else {
          Issue.record("\(place) \(bit) \(String(describing: server.end))")
          continue
        }
        switch place {
        case 0: #expect(failure == .unprotected(type: changed[0]))
        case 3, 4: #expect(failure.alert == .badRecordMAC || failure.alert == .recordOverflow)
        default: #expect(failure == .badMAC)
        }
        let alert = server.alert(failure.alert)
        var client = ends.client
        client.open(alert)
        #expect(client.end == .alert(failure.alert))
        server.open(record)
        #expect(server.plaintext.isEmpty)
      }
    }
    ends.server.open(record)
    #expect(ends.server.text == "hello")
  }

  @Test func `records come in order, once, and from this connection`() throws {
    var ends = try Carriers()
    let other = try Carriers()
    let (first, second) = (ends.client.seal("1"), ends.client.seal("2"))
    for bytes in [second, first + first, ends.server.seal("mine")] {
      var server = ends.server
      server.open(bytes)
      #expect(server.end == .failed(.badMAC))
      var stranger = other.server
      stranger.open(bytes)
      #expect(stranger.end == .failed(.badMAC))
    }
  }

  @Test func `lengths are kept`() throws {
    let ends = try Carriers()
    func end(_ bytes: [UInt8]) -> RecordLayer.Event? {
      var server = ends.server
      server.open(bytes)
      return server.end
    }
    func end(_ make: (inout Carrier) -> [UInt8]) -> RecordLayer.Event? {
      var client = ends.client
      return end(make(&client))
    }
    #expect(end([23, 3, 3, 0, 0]) == .failed(.badMAC))
    #expect(end([23, 3, 3, 0, 15] + [UInt8](repeating: 0, count: 15)) == .failed(.badMAC))
    #expect(end([23, 3, 3, 0x41, 1]) == .failed(.tooLong(16_641)))
    #expect(end([23, 3, 3, 0x41, 0]) == nil)
    #expect(
      end { $0.record(23, [UInt8](repeating: 1, count: 16_385)) } == .failed(.tooLong(16_385)))
    #expect(end { $0.record(23, [], padding: 16_385) } == .failed(.tooLong(16_385)))
    #expect(end { $0.record(23, [UInt8](repeating: 1, count: 16_384)) } == nil)
    #expect(end { $0.record(0, [0, 0]) } == .failed(.unexpectedContent(type: 0)))
    #expect(end { $0.record(23, []) + $0.record(23, [], padding: 9) } == nil)
    #expect(end { $0.record(22, []) } == .failed(.unexpectedContent(type: 22)))
    #expect(end { $0.record(21, []) }?.alert == .decodeError)
    #expect(end { $0.record(21, [2, 40, 0]) }?.alert == .decodeError)
    #expect(end { $0.record(24, [1]) } == .failed(.unexpectedContent(type: 24)))
    var (client, server) = (ends.client, ends.server)
    server.open(client.record(23, [104, 105], padding: 300))
    #expect(server.text == "hi")
  }

  @Test func `what is not encrypted is refused`() throws {
    let ends = try Carriers()
    for bytes in [[20, 3, 3, 0, 1, 1], [21, 3, 3, 0, 2, 2, 40], Array("HTTP".utf8), [20]]
      as [[UInt8]]
    {
      var server = ends.server
      server.open(bytes)
      #expect(server.end == .failed(.unprotected(type: bytes[0])))
    }
    var (client, server) = (ends.client, ends.server)
    server.open(client.record(20, [1]))
    #expect(server.end == .failed(.unexpectedContent(type: 20)))
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

  @Test func `messages that may not come here are refused`() throws {
    let ends = try Carriers()
    func end(_ records: [(UInt8, [UInt8])], atServer: Bool = false) -> RecordLayer.Event? {
      var (client, server) = (ends.client, ends.server)
      for (type, content) in records {
        if atServer {
          server.open(client.record(type, content))
        } else {
          client.open(server.record(type, content))
        }
      }
      return atServer ? server.end : client.end
    }
    #expect(
      end([(22, [4, 0, 0, 1, 1])], atServer: true) == .failed(.unexpectedMessage(type: 4)))
    for type in [0, 1, 2, 8, 11, 13, 20, 255] as [UInt8] {
      #expect(end([(22, [type, 0, 0, 1, 1])]) == .failed(.unexpectedMessage(type: type)))
    }
    #expect(end([(22, [24, 0, 0, 1, 2])])?.alert == .decodeError)
    #expect(end([(22, [24, 0, 0, 2, 1])])?.alert == .decodeError)
    #expect(end([(22, [24, 0, 0, 0])])?.alert == .decodeError)
    #expect(end([(22, [4, 0, 0, 0])])?.alert == .decodeError)
    #expect(end([(22, [4, 255, 255, 255])])?.alert == .decodeError)
    #expect(end([(22, [24, 0, 0, 1, 0, 24])]) == .failed(.unexpectedMessage(type: 24)))
    // Between two pieces of a message nothing else may come.
    for begun in [[24], [24, 0, 0, 1], [4, 0, 0, 9, 1]] as [[UInt8]] {
      #expect(end([(22, begun)]) == nil)
      #expect(end([(22, begun), (23, [1])]) == .failed(.unexpectedContent(type: 23)))
      #expect(end([(22, begun), (21, [1, 0])]) == .failed(.unexpectedContent(type: 21)))
    }
  }

  /// Whatever the peer seals or sends, nothing traps.
  @Test func `nothing that comes traps`() throws {
    var dice = Dice(seed: 11)
    let ends = try CipherSuite.allCases.map { try Carriers($0) }
    for round in 0..<300 {
      let pair = ends[round % ends.count]
      var (client, server) = (pair.client, pair.server)
      for _ in 0..<8 {
        let length = dice.next(20) == 0 ? dice.next(17_000) : dice.next(12)
        var content = (0..<length).map { _ in UInt8(dice.next(dice.next(2) == 0 ? 256 : 5)) }
        if dice.next(2) == 0, content.count > 4 {
          content.replaceSubrange(0..<4, with: [dice.next(2) == 0 ? 4 : 24, 0, 0, 1])
        }
        let types: [UInt8] = [20, 21, 22, 22, 22, 23, 24, 0]
        var record = server.record(
          types[dice.next(types.count)], content, padding: dice.next(3) * dice.next(200))
        if dice.next(10) == 0 { record[dice.next(record.count)] ^= UInt8(dice.next(256)) }
        client.open(record)
      }
      #expect(client.buffer.count < RecordLayer.longestRecord)
    }
    for _ in 0..<3000 {
      var client = ends[0].client
      client.open((0..<dice.next(60)).map { $0 == 0 ? 23 : UInt8(dice.next(256)) })
    }
  }
}

extension RecordLayer.Event {
  fileprivate var alert: Alert? {
    if case .failed(let failure) = self { failure.alert } else { nil }
  }
}

extension Carrier {
  init(_ layer: RecordLayer, _ state: RecordState) {
    self.layer = layer
    self.state = state
    buffer = []
  }
}
