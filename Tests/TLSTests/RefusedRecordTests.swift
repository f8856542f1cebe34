import Testing

@testable import TLS

/// Records that no honest peer sends.
@Suite struct RefusedRecordTests {
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
