import Protocols
import Testing

/// What both versions have in common, and 3.1.1; each test names its section of 3.1.1.
@Suite struct MQTTReaderTests {
  private typealias Part = MQTTStory.Part

  @Test func `a reader is small`() {
    #expect(MemoryLayout<MQTTReader>.size == 24)
    #expect(MemoryLayout<MQTTReader>.stride == 24)
  }

  // MARK: 2.2.3

  @Test(arguments: [
    ("00", 0), ("7F", 127), ("80 01", 128), ("FF 7F", 16_383), ("80 80 01", 16_384),
    ("FF FF 7F", 2_097_151), ("80 80 80 01", 2_097_152), ("FF FF FF 7F", 268_435_455),
  ])
  func `a remaining length is what the standard's table says`(bytes: String, length: Int) {
    #expect(mqttInteger(length) == mqtt(bytes))
    #expect(MQTTLength.count(of: length) == mqtt(bytes).count)
    // As a PUBLISH with an empty topic, the first place at which it shows.
    let story = MQTTStory.of(mqtt("30") + mqtt(bytes), by: .connected(.v311))
    #expect(story.parts.first == .event(.publishBegins(MQTTPublishFacts(qos: .atMostOnce))))
    #expect((story.malformation == .tooShort) == (length == 0))
  }

  @Test func `lengths that no four bytes can tell have none`() {
    #expect(MQTTLength.count(of: 268_435_456) == nil)
    #expect(MQTTLength.count(of: -1) == nil)
    #expect(MQTTLength.packet(remaining: 268_435_455) == 268_435_460)
  }

  @Test func `3.1.1 takes a remaining length with needless bytes, and 5.0 does not`() {
    let connect = "00 04 'MQTT' 04 02 00 00 00 00"
    #expect(
      MQTTStory.of(mqtt("10 8C 80 00 \(connect)"), by: .server).parts.last == .event(.connectEnds))
    #expect(
      MQTTStory.of(mqtt("10 8D 00 00 04 'MQTT' 05 02 00 00 00 00 00"), by: .server).malformation
        == .overlongInteger)
    #expect(
      MQTTStory.of(mqtt("D0 80 00"), by: .connected(.v311)).parts == [.event(.pingresp)])
    #expect(
      MQTTStory.of(mqtt("D0 80 00"), by: .connected(.v5)).malformation == .overlongInteger)
    #expect(
      MQTTStory.of(mqtt("30 FF 80 80 00"), by: .connected(.v5)).malformation == .overlongInteger)
  }

  // MARK: 3.1

  @Test func `the standard's CONNECT`() {
    let bytes = mqttPacket(
      0x10,
      mqtt("00 04 'MQTT' 04 CE 00 0A 00 03 'abc' 00 03 'w/t' 00 02 00 FF 00 01 'u' 00 02 'pw'"))
    let facts = MQTTConnectFacts(version: .v311, flags: 0xCE, keepAlive: 10)
    #expect(
      MQTTStory.of(bytes, by: .server).parts == [
        .event(.connectBegins(facts)), .text(.clientIdentifier, "abc"), .text(.willTopic, "w/t"),
        .text(.willPayload, [0, 255]), .text(.userName, "u"), .text(.password, "pw"),
        .event(.connectEnds),
      ])
    #expect(facts.isClean && facts.hasWill && facts.hasUserName && facts.hasPassword)
    #expect(facts.willQoS == .atLeastOnce)
    #expect(!facts.isWillRetained)
  }

  @Test func `empty texts have no pieces`() {
    let bytes = mqttPacket(0x10, mqtt("00 04 'MQTT' 04 C2 00 00 00 00 00 00 00 00"))
    #expect(
      MQTTStory.of(bytes, by: .server).parts == [
        .event(.connectBegins(.init(version: .v311, flags: 0xC2, keepAlive: 0))),
        .event(.connectEnds),
      ])
  }

  @Test(arguments: [
    ("00 06 'MQIsdp' 03 02 00 00 00 00", MQTTMalformation.protocolName),
    ("00 04 'MQTt' 04 02 00 00 00 00", .protocolName),
    ("00 04 'XQTT' 04 02 00 00 00 00", .protocolName),
    ("00 00 04 02 00 00 00 00", .protocolName),
    ("00 04 'MQTT' 03 02 00 00 00 00", .protocolLevel),
    ("00 04 'MQTT' 06 02 00 00 00 00", .protocolLevel),
    ("00 04 'MQTT' 84 02 00 00 00 00", .protocolLevel),
    ("00 04 'MQTT' 04 03 00 00 00 00", .connectFlags),
    ("00 04 'MQTT' 04 0A 00 00 00 00", .willFlags),
    ("00 04 'MQTT' 04 12 00 00 00 00", .willFlags),
    ("00 04 'MQTT' 04 22 00 00 00 00", .willFlags),
    ("00 04 'MQTT' 04 1E 00 00 00 00 00 01 'w' 00 00", .willFlags),
    ("00 04 'MQTT' 04 42 00 00 00 00 00 00", .passwordWithoutUserName),
    ("00 04 'MQTT' 04 00 00 00 00 00", .clientIdentifier),
    ("00 04 'MQTT' 04 02 00 00 00 00 00", .trailingBytes),
    ("00 04 'MQTT' 04 02 00 00 00 01", .textLength),
    ("00 04 'MQTT' 04 02 00 00 00", .tooShort),
    ("00 04 'MQTT' 04 02 00 00", .tooShort),
    ("00 04 'MQTT' 04 02 00", .tooShort),
    ("00 04 'MQTT' 04", .tooShort),
    ("00 04 'MQTT'", .tooShort),
    ("00 04 'MQT'", .textLength),
    ("00", .tooShort),
    ("", .tooShort),
    ("00 04 'MQTT' 04 02 00 00 00 02 C3 28", .utf8),
    ("00 04 'MQTT' 04 02 00 00 00 01 C3", .utf8),
    ("00 04 'MQTT' 04 02 00 00 00 03 'a' 00 'b'", .nullCharacter),
    ("00 04 'MQTT' 04 06 00 00 00 01 'a' 00 00 00 00", .emptyTopic),
    ("00 04 'MQTT' 04 06 00 00 00 01 'a' 00 03 'a/#' 00 00", .wildcardInTopic),
    ("00 04 'MQTT' 04 86 00 00 00 01 'a' 00 03 'a/b' 00 00", .tooShort),
    ("00 04 'MQTT' 04 82 00 00 00 01 'a' 00 01 FF", .utf8),
    ("00 04 'MQTT' 04 C2 00 00 00 01 'a' 00 01 'u'", .tooShort),
  ])
  func `a CONNECT that is wrong`(body: String, rule: MQTTMalformation) {
    #expect(MQTTStory.of(mqttPacket(0x10, mqtt(body)), by: .server).malformation == rule)
  }

  @Test func `the first packet is CONNECT, and no other is`() {
    for header: UInt8 in [0x30, 0x40, 0x62, 0x82, 0xA2, 0xC0, 0xE0, 0xF0] {
      #expect(MQTTStory.of([header, 0], by: .server).malformation == .firstPacket)
    }
    #expect(MQTTStory.of([0x10, 0], by: .serving(.v311)).malformation == .repeatedConnect)
    #expect(MQTTStory.of([0x10, 0], by: .serving(.v5)).malformation == .repeatedConnect)
  }

  // MARK: 3.2

  @Test func `CONNACK`() {
    let reader = MQTTReader(client: .v311)
    func connack(_ isSessionPresent: Bool, _ code: UInt8) -> [Part] {
      [.event(.connack(isSessionPresent: isSessionPresent, .init(.connackOf311, code)))]
    }
    #expect(MQTTStory.of(mqtt("20 02 00 00"), by: reader).parts == connack(false, 0))
    #expect(MQTTStory.of(mqtt("20 02 01 00"), by: reader).parts == connack(true, 0))
    for code: UInt8 in 1...5 {
      #expect(MQTTStory.of([0x20, 2, 0, code], by: reader).parts == connack(false, code))
    }
    for code: UInt8 in 6...255 {
      #expect(MQTTStory.of([0x20, 2, 0, code], by: reader).malformation == .reasonCode)
    }
    for flags: UInt8 in 2...255 {
      #expect(MQTTStory.of([0x20, 2, flags, 0], by: reader).malformation == .connackFlags)
    }
    #expect(MQTTStory.of(mqtt("20 02 01 05"), by: reader).malformation == .sessionPresent)
    #expect(MQTTStory.of(mqtt("20 01 00"), by: reader).malformation == .tooShort)
    #expect(MQTTStory.of(mqtt("20 03 00 00 00"), by: reader).malformation == .trailingBytes)
  }

  @Test func `the first packet to a client is CONNACK, and no other is`() {
    for version in MQTTVersion.allCases {
      let reader = MQTTReader(client: version)
      for header: UInt8 in [0x30, 0x40, 0x50, 0x62, 0x70, 0x90, 0xB0, 0xD0] {
        #expect(MQTTStory.of([header, 0], by: reader).malformation == .firstPacket)
      }
    }
    #expect(MQTTStory.of([0x20, 2], by: .connected(.v311)).malformation == .repeatedConnect)
    #expect(
      MQTTStory.of(mqtt("20 02 00 05 D0 00"), by: .init(client: .v311)).malformation
        == .packetAfterEnd)
  }

  // MARK: 2.2.1, 2.2.2

  @Test func `types that are reserved, or another end's`() {
    for version in MQTTVersion.allCases {
      #expect(MQTTStory.of([0, 0], by: .connected(version)).malformation == .packetType)
      #expect(MQTTStory.of([0, 0], by: .serving(version)).malformation == .packetType)
      for header: UInt8 in [0x10, 0x82, 0xA2, 0xC0] {
        #expect(
          MQTTStory.of([header, 0], by: .connected(version)).malformation == .wrongDirection)
      }
      for header: UInt8 in [0x20, 0x90, 0xB0, 0xD0] {
        #expect(MQTTStory.of([header, 0], by: .serving(version)).malformation == .wrongDirection)
      }
    }
    #expect(MQTTStory.of([0xF0, 0], by: .connected(.v311)).malformation == .packetType)
    #expect(MQTTStory.of([0xF0, 0], by: .serving(.v311)).malformation == .packetType)
    #expect(MQTTStory.of([0xE0, 0], by: .connected(.v311)).malformation == .wrongDirection)
  }

  @Test func `flags are as prescribed`() {
    for version in MQTTVersion.allCases {
      for kind in MQTTPacketKind.allCases where kind != .publish {
        if kind == .auth, version == .v311 { continue }
        let isFirst = kind == .connect || kind == .connack
        let readers: [MQTTReader] =
          isFirst
          ? [.server, .init(client: version)] : [.serving(version), .connected(version)]
        for reader in readers {
          if case .wrongDirection = MQTTStory.of([kind.header], by: reader).malformation {
            continue
          }
          #expect(MQTTStory.of([kind.header], by: reader).malformation == nil)
          for flags: UInt8 in 0...15 where flags != kind.flags {
            let story = MQTTStory.of([kind.rawValue << 4 | flags], by: reader)
            #expect(story.malformation == .headerFlags)
            #expect(story.end == 1)
          }
        }
      }
    }
  }

  // MARK: 3.3

  @Test func `the standard's PUBLISH`() {
    let bytes = mqtt("32 0B 00 03 'a/b' 00 0A 'text'")
    let facts = MQTTPublishFacts(qos: .atLeastOnce)
    let parts: [Part] = [
      .event(.publishBegins(facts)), .text(.topic, "a/b"), .text(.payload, "text"),
      .event(.publishEnds(facts, identifier: 10)),
    ]
    for reader in [MQTTReader.connected(.v311), .serving(.v311)] {
      #expect(MQTTStory.of(bytes, by: reader).parts == parts)
    }
  }

  @Test(arguments: [0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x3A, 0x3B, 0x3C, 0x3D] as [UInt8])
  func `PUBLISH with an empty payload, whatever its flags`(header: UInt8) {
    let facts = MQTTPublishFacts(
      qos: MQTTQoS(rawValue: header >> 1 & 3)!, isDuplicate: header & 8 != 0,
      isRetained: header & 1 != 0)
    let identifier: UInt16 = facts.qos == .atMostOnce ? 0 : 0x0102
    let bytes = mqttPacket(header, mqttText("t") + (identifier == 0 ? [] : [1, 2]))
    #expect(
      MQTTStory.of(bytes, by: .connected(.v311)).parts == [
        .event(.publishBegins(facts)), .text(.topic, "t"),
        .event(.publishEnds(facts, identifier: identifier)),
      ])
  }

  @Test(arguments: [
    ("36 05 00 01 't' 00 01", MQTTMalformation.qualityOfService),
    ("37 05 00 01 't' 00 01", .qualityOfService),
    ("38 03 00 01 't'", .duplicateWithoutQoS),
    ("39 03 00 01 't'", .duplicateWithoutQoS),
    ("32 05 00 01 't' 00 00", .packetIdentifier),
    ("34 05 00 01 't' 00 00", .packetIdentifier),
    ("32 03 00 01 't'", .tooShort),
    ("32 04 00 01 't' 00", .tooShort),
    ("30 00", .tooShort),
    ("30 01 00", .tooShort),
    ("30 02 00 01", .textLength),
    ("30 02 00 00", .emptyTopic),
    ("30 05 00 03 'a/+'", .wildcardInTopic),
    ("30 05 00 03 'a#b'", .wildcardInTopic),
    ("30 05 00 03 'a' 00 'b'", .nullCharacter),
    ("30 05 00 03 ED A0 80", .utf8),
    ("30 80 80 80 80 01", .remainingLength),
    ("30 FF FF FF FF 7F", .remainingLength),
    ("30 FF FF FF 80", .remainingLength),
  ])
  func `a PUBLISH that is wrong`(bytes: String, rule: MQTTMalformation) {
    for reader in [MQTTReader.connected(.v311), .serving(.v311), .serving(.v5)] {
      guard reader.version == .v311 || rule != .emptyTopic && rule != .tooShort else { continue }
      #expect(MQTTStory.of(mqtt(bytes), by: reader).malformation == rule)
    }
  }

  @Test func `a packet larger than this end takes`() {
    let limits = MQTTLimits(largestPacket: 10)
    let bytes = mqttPacket(0x30, mqttText("t") + [1, 2, 3, 4, 5])
    #expect(bytes.count == 10)
    #expect(MQTTStory.of(bytes, by: .serving(.v311), limits).malformation == nil)
    let story = MQTTStory.of(
      mqttPacket(0x30, mqttText("t") + [1, 2, 3, 4, 5, 6]), by: .serving(.v311), limits)
    #expect(story.malformation == .packetTooLarge)
    #expect(story.end == 2)
  }

  @Test func `a long payload comes in pieces`() {
    let payload = (0..<70_000).map { UInt8(truncatingIfNeeded: $0) }
    let bytes = mqttPacket(0x30, mqttText("t") + payload) + mqtt("D0 00")
    let story = MQTTStory(
      bytes, cuts: Array(stride(from: 0, to: bytes.count, by: 1460)), by: .connected(.v311),
      MQTTLimits())
    #expect(story.parts.contains(.text(.payload, payload)))
    #expect(story.parts.last == .event(.pingresp))
  }

  // MARK: 3.4 to 3.7, 3.12 to 3.14

  @Test func `packets without texts`() {
    let cases: [(String, MQTTEvent)] = [
      ("40 02 00 01", .puback(1, .init(.puback, 0))),
      ("50 02 12 34", .pubrec(0x1234, .init(.pubrec, 0))),
      ("62 02 FF FF", .pubrel(0xFFFF, .init(.pubrel, 0))),
      ("70 02 00 05", .pubcomp(5, .init(.pubcomp, 0))),
    ]
    for version in MQTTVersion.allCases {
      for (bytes, event) in cases {
        for reader in [MQTTReader.connected(version), .serving(version)] {
          #expect(MQTTStory.of(mqtt(bytes), by: reader).parts == [.event(event)])
        }
      }
      #expect(MQTTStory.of([0xC0, 0], by: .serving(version)).parts == [.event(.pingreq)])
      #expect(MQTTStory.of([0xD0, 0], by: .connected(version)).parts == [.event(.pingresp)])
      #expect(
        MQTTStory.of([0xE0, 0], by: .serving(version)).parts
          == [.event(.disconnect(.init(.disconnectFromClient, 0)))])
      #expect(
        MQTTStory.of([0xE0, 0, 0xC0, 0], by: .serving(version)).malformation == .packetAfterEnd)
      #expect(
        MQTTStory.of([0xC0, 1, 0], by: .serving(version)).malformation == .trailingBytes)
      #expect(
        MQTTStory.of([0xD0, 1, 0], by: .connected(version)).malformation == .trailingBytes)
      for header: UInt8 in [0x40, 0x50, 0x62, 0x70] {
        let reader = MQTTReader.serving(version)
        #expect(MQTTStory.of([header, 2, 0, 0], by: reader).malformation == .packetIdentifier)
        #expect(MQTTStory.of([header, 1, 0], by: reader).malformation == .tooShort)
        #expect(MQTTStory.of([header, 0], by: reader).malformation == .tooShort)
      }
    }
    #expect(
      MQTTStory.of(mqtt("40 03 00 01 00"), by: .serving(.v311)).malformation == .trailingBytes)
    #expect(MQTTStory.of([0xE0, 1, 0], by: .serving(.v311)).malformation == .trailingBytes)
  }

  @Test func `many packets at once are told one after the other`() {
    let bytes = mqtt("D0 00 40 02 00 01 30 04 00 01 't' 'x' D0 00 40 02 00")
    let story = MQTTStory.of(bytes, by: .connected(.v311))
    #expect(story.parts.count == 7)
    #expect(!story.isBetweenPackets)
    #expect(MQTTStory.of(bytes + [2], by: .connected(.v311)).isBetweenPackets)
  }

  // MARK: 3.8 to 3.11

  @Test func `the standard's SUBSCRIBE and UNSUBSCRIBE`() {
    let body = "00 0A 00 03 'a/b' 01 00 03 'c/d' 02"
    #expect(
      MQTTStory.of(mqttPacket(0x82, mqtt(body)), by: .serving(.v311)).parts == [
        .event(.subscribeBegins(10)),
        .text(.topicFilter, "a/b"), .event(.topicFilter(.init(qos: .atLeastOnce))),
        .text(.topicFilter, "c/d"), .event(.topicFilter(.init(qos: .exactlyOnce))),
        .event(.subscribeEnds(10)),
      ])
    #expect(
      MQTTStory.of(
        mqttPacket(0xA2, mqtt("00 0A 00 03 'a/b' 00 03 'c/d'")), by: .serving(.v311)
      ).parts == [
        .event(.unsubscribeBegins(10)),
        .text(.topicFilter, "a/b"), .event(.unsubscribedFilter),
        .text(.topicFilter, "c/d"), .event(.unsubscribedFilter),
        .event(.unsubscribeEnds(10)),
      ])
  }

  @Test(arguments: [
    ("82 02 00 0A", MQTTMalformation.noTopicFilter),
    ("A2 02 00 0A", .noTopicFilter),
    ("82 02 00 00", .packetIdentifier),
    ("A2 02 00 00", .packetIdentifier),
    ("82 01 00", .tooShort),
    ("82 03 00 0A 00", .tooShort),
    ("82 05 00 0A 00 01 'a'", .tooShort),
    ("82 05 00 0A 00 00 00", .emptyTopic),
    ("A2 04 00 0A 00 00", .emptyTopic),
    ("82 06 00 0A 00 01 'a' 03", .qualityOfService),
    ("82 06 00 0A 00 01 'a' 04", .subscriptionOptions),
    ("82 06 00 0A 00 01 'a' 80", .subscriptionOptions),
    ("82 07 00 0A 00 02 'a#' 00", .multiLevelWildcard),
    ("82 07 00 0A 00 02 'a+' 00", .singleLevelWildcard),
    ("A2 07 00 0A 00 03 '#/a'", .multiLevelWildcard),
    ("82 07 00 0A 00 01 'a' 00 00", .tooShort),
    ("82 08 00 0A 00 01 'a' 00 00 05", .textLength),
  ])
  func `a SUBSCRIBE or UNSUBSCRIBE that is wrong`(bytes: String, rule: MQTTMalformation) {
    #expect(MQTTStory.of(mqtt(bytes), by: .serving(.v311)).malformation == rule)
  }

  @Test func `the standard's SUBACK`() {
    func reason(_ code: UInt8) -> MQTTReason { MQTTReason(.subackOf311, code) }
    #expect(
      MQTTStory.of(mqtt("90 05 00 0A 00 02 80"), by: .connected(.v311)).parts == [
        .event(.subackCode(10, reason(0))), .event(.subackCode(10, reason(2))),
        .event(.subackCode(10, reason(0x80))), .event(.suback(10, worst: reason(0x80))),
      ])
    #expect(
      MQTTStory.of(mqtt("90 05 00 0A 02 01 02"), by: .connected(.v311)).parts.last
        == .event(.suback(10, worst: reason(1))))
    #expect(
      MQTTStory.of(mqtt("90 02 00 0A"), by: .connected(.v311)).malformation == .noReasonCode)
    #expect(
      MQTTStory.of(mqtt("90 03 00 0A 03"), by: .connected(.v311)).malformation == .reasonCode)
    #expect(
      MQTTStory.of(mqtt("B0 02 00 0A"), by: .connected(.v311)).parts
        == [.event(.unsuback(10, worst: .init(.unsuback, 0)))])
    #expect(
      MQTTStory.of(mqtt("B0 03 00 0A 00"), by: .connected(.v311)).malformation
        == .trailingBytes)
  }

  @Test func `behind a malformed packet everything is used up, and nothing told`() {
    let story = MQTTStory.of(mqtt("00 00 D0 00 D0 00"), by: .connected(.v311))
    #expect(story.parts == [.event(.malformed(.packetType))])
    #expect(story.end == 1)
  }
}
