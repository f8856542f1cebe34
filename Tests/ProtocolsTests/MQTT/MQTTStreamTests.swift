import GoldenFiles
import Protocols
import Testing

@Suite struct MQTTStreamTests {
  private func drafts(_ seeds: Range<UInt64>, packets: Int) -> [MQTTDraft] {
    MQTTVersion.allCases.flatMap { version in
      [MQTTRole.client, .server].flatMap { role in
        seeds.map { MQTTDraft(version, to: role, seed: $0, packets: packets) }
      }
    }
  }

  @Test func `drawn packets are told as they were drawn, however they come`() {
    var bytes = 0
    for draft in drafts(0..<30, packets: 10) {
      let story = MQTTStory.of(draft.bytes, by: draft.reader)
      #expect(story.parts == draft.parts)
      #expect(story.isBetweenPackets)
      bytes += draft.bytes.count
    }
    #expect(bytes > 25_000)
  }

  @Test func `pieces of any size tell the same`() {
    for (seed, draft) in drafts(100..<110, packets: 50).enumerated() {
      var chance = Chance(UInt64(seed))
      for _ in 0..<5 {
        var cuts: [Int] = []
        var place = 0
        while true {
          place += chance.below(chance.happens(20) ? 60 : 4)
          if place > draft.bytes.count { break }
          cuts.append(place)
        }
        let story = MQTTStory(draft.bytes, cuts: cuts, by: draft.reader, MQTTLimits())
        #expect(story.parts == draft.parts)
      }
    }
  }

  @Test func `a damaged stream tells the same however it comes, and ends at one rule`() {
    var rules: Set<MQTTMalformation> = []
    var chance = Chance(8)
    for draft in drafts(200..<300, packets: 3) {
      var bytes = draft.bytes
      for _ in 0...chance.below(3) {
        let place = chance.below(bytes.count)
        switch chance.below(4) {
        case 0: bytes[place] = UInt8(chance.below(256))
        case 1: bytes[place] ^= 1 << UInt8(chance.below(8))
        case 2: bytes.insert(UInt8(chance.below(256)), at: place)
        default: if bytes.count > 1 { bytes.remove(at: place) }
        }
      }
      let limits = MQTTLimits(largestPacket: chance.happens(20) ? 60 : 10_000, topicAliases: 3)
      let story = MQTTStory.of(bytes, by: draft.reader, limits)
      let broken = story.parts.filter {
        if case .event(.malformed) = $0 { true } else { false }
      }
      #expect(broken.count <= 1)
      if let rule = story.malformation { rules.insert(rule) }
    }
    #expect(rules.count > 20, "\(rules)")
  }

  @Test func `no bytes are too much for it`() {
    var chance = Chance(9)
    for _ in 0..<2000 {
      // Small numbers are lengths that fit, and the first bytes that packets have.
      let headers: [UInt8] = [0x10, 0x20, 0x30, 0x32, 0x40, 0x82, 0x90, 0xA2, 0xB0, 0xE0, 0xF0]
      let bytes =
        [chance.pick(headers)]
        + (0..<chance.below(40)).map { _ in
          chance.happens(70) ? UInt8(chance.below(6)) : UInt8(chance.below(256))
        }
      let reader = chance.pick([
        MQTTReader.server, .init(client: .v311), .init(client: .v5), .connected(.v311),
        .connected(.v5), .serving(.v311), .serving(.v5),
      ])
      _ = MQTTStory.of(bytes, by: reader)
    }
  }

  @Test func `what is written is read`() throws {
    var chance = Chance(10)
    for _ in 0..<300 {
      let version = chance.pick(MQTTVersion.allCases)
      let name = (0..<1 + chance.below(200)).map { _ in UInt8(0x61 + chance.below(26)) }
      let secret = (0..<chance.below(200)).map { _ in UInt8(chance.below(256)) }
      var connect = MQTTConnect(version, clientIdentifier: .filled)
      connect.userName = .filled
      connect.password = .filled
      connect.keepAlive = UInt16(chance.below(65_536))
      if chance.happens(50) { connect.receiveMaximum = 7 }
      var publish = MQTTPublish(version, topic: .filled, payload: .filled)
      publish.qos = chance.pick(MQTTQoS.allCases)
      let subscribe = MQTTSubscribe(version, [.init(.filled, .init(qos: publish.qos))])
      var bytes: [UInt8] = []
      for packet in [try connect.packet(), try publish.packet(), try subscribe.packet()] {
        bytes += try #require(
          packet.bytes(identifier: 3) { field, _ in field.form == .binary ? secret : name })
      }
      bytes += try #require(MQTTReply.disconnect().bytes(version))
      let story = MQTTStory.of(bytes, by: .server)
      #expect(story.malformation == nil)
      #expect(story.isBetweenPackets)
      let texts = story.parts.compactMap { part in
        if case .text(_, let bytes) = part { bytes } else { nil }
      }
      let expected = [name, name, secret, name, secret, name].filter { !$0.isEmpty }
      #expect(texts == expected)
      #expect(
        story.parts.last == .event(.disconnect(.init(.disconnectFromClient, 0))))
    }
  }

  /// However a reader is cut off, copying it is all that a row has to keep.
  @Test func `a reader goes on as a copy`() {
    let draft = MQTTDraft(.v5, to: .server, seed: 1, packets: 5)
    var readers = [MQTTReader](repeating: draft.reader, count: 3)
    for byte in draft.bytes {
      for index in readers.indices {
        var copy = readers[index]
        unsafe [byte].withUnsafeBytes { bytes in
          var place = 0
          while true {
            let step = unsafe copy.next(UnsafeRawBufferPointer(rebasing: bytes[place...]))
            place += step.used
            if step.event == .needsMore { break }
          }
        }
        readers[index] = copy
      }
    }
    #expect(readers.allSatisfy { $0.isBetweenPackets && $0.malformation == nil })
  }
}
