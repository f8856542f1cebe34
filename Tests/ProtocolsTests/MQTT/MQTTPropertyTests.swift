import Testing

@testable import Protocols

/// The table of properties as 5.0 has it in 2.2.2.2: identifier, form, and who may have it.
enum MQTTStandardProperties {
  enum Form {
    case byte, two, four, variable, string, topic, binary, pair
  }

  /// What may have a property: the will, or a packet of this type.
  enum Owner: Hashable {
    case will
    case packet(MQTTPacketKind)
  }

  static let table: [(identifier: UInt8, form: Form, owners: [Owner])] = [
    (1, .byte, [.packet(.publish), .will]), (2, .four, [.packet(.publish), .will]),
    (3, .string, [.packet(.publish), .will]), (8, .topic, [.packet(.publish), .will]),
    (9, .binary, [.packet(.publish), .will]),
    (11, .variable, [.packet(.publish), .packet(.subscribe)]),
    (17, .four, [.packet(.connect), .packet(.connack), .packet(.disconnect)]),
    (18, .string, [.packet(.connack)]), (19, .two, [.packet(.connack)]),
    (21, .string, [.packet(.connect), .packet(.connack), .packet(.auth)]),
    (22, .binary, [.packet(.connect), .packet(.connack), .packet(.auth)]),
    (23, .byte, [.packet(.connect)]), (24, .four, [.will]), (25, .byte, [.packet(.connect)]),
    (26, .string, [.packet(.connack)]),
    (28, .string, [.packet(.connack), .packet(.disconnect)]),
    (
      31, .string,
      [.connack, .puback, .pubrec, .pubrel, .pubcomp, .suback, .unsuback, .disconnect, .auth]
        .map { .packet($0) }
    ),
    (33, .two, [.packet(.connect), .packet(.connack)]),
    (34, .two, [.packet(.connect), .packet(.connack)]), (35, .two, [.packet(.publish)]),
    (36, .byte, [.packet(.connack)]), (37, .byte, [.packet(.connack)]),
    (
      38, .pair,
      [.will]
        + MQTTPacketKind.allCases.filter { $0 != .pingreq && $0 != .pingresp }
        .map { .packet($0) }
    ),
    (39, .four, [.packet(.connect), .packet(.connack)]), (40, .byte, [.packet(.connack)]),
    (41, .byte, [.packet(.connack)]), (42, .byte, [.packet(.connack)]),
  ]

  /// The smallest value that is allowed, in bytes.
  static func value(_ form: Form) -> [UInt8] {
    switch form {
    case .byte: [1]
    case .two: [0, 1]
    case .four: [0, 0, 0, 1]
    case .variable: [1]
    case .string: mqttText("s")
    case .topic: mqttText("t")
    case .binary: mqttText([0xFF])
    case .pair: mqttText("n") + mqttText("v")
    }
  }
}

/// 5.0, section by section.
@Suite struct MQTTPropertyTests {
  private typealias Owner = MQTTStandardProperties.Owner

  /// Readers that may be sent something, and the packet with these properties.
  private func packets(_ owner: Owner, _ properties: [UInt8]) -> [(MQTTReader, [UInt8])] {
    let all = mqttInteger(properties.count) + properties
    let connect = mqtt("00 04 'MQTT' 05")
    let connected = MQTTReader.connected(.v5)
    let serving = MQTTReader.serving(.v5)
    func both(_ bytes: [UInt8]) -> [(MQTTReader, [UInt8])] {
      [(connected, bytes), (serving, bytes)]
    }
    switch owner {
    case .will:
      return [
        (
          .server,
          mqttPacket(
            0x10, connect + [6, 0, 0, 0] + mqttText("c") + all + mqttText("w") + mqttText("p"))
        )
      ]
    case .packet(let kind):
      switch kind {
      case .connect:
        return [(.server, mqttPacket(0x10, connect + [2, 0, 0] + all + mqttText("c")))]
      case .connack: return [(.init(client: .v5), mqttPacket(0x20, [0, 0] + all))]
      case .publish: return both(mqttPacket(0x30, mqttText("t") + all + [1]))
      case .puback, .pubrec, .pubrel, .pubcomp:
        return both(mqttPacket(kind.header, [0, 1, 0] + all))
      case .subscribe: return [(serving, mqttPacket(0x82, [0, 1] + all + mqttText("f") + [0]))]
      case .suback: return [(connected, mqttPacket(0x90, [0, 1] + all + [0]))]
      case .unsubscribe: return [(serving, mqttPacket(0xA2, [0, 1] + all + mqttText("f")))]
      case .unsuback: return [(connected, mqttPacket(0xB0, [0, 1] + all + [0]))]
      case .disconnect: return both(mqttPacket(0xE0, [0x81] + all))
      case .auth: return both(mqttPacket(0xF0, [0x18] + all))
      case .pingreq, .pingresp: return []
      }
    }
  }

  private var owners: [Owner] { [.will] + MQTTPacketKind.allCases.map { .packet($0) } }

  @Test func `each packet has its properties once, and no others`() throws {
    for owner in owners {
      for identifier in UInt8.min...UInt8.max {
        let row = MQTTStandardProperties.table.first { $0.identifier == identifier }
        let property = [identifier] + MQTTStandardProperties.value(row?.form ?? .byte)
        for (reader, bytes) in packets(owner, property) {
          let limits = MQTTLimits(topicAliases: 1)
          let malformation = MQTTStory.of(bytes, by: reader, limits).malformation
          guard let row else {
            #expect(malformation == .unknownProperty)
            continue
          }
          let isClient = reader.role == .client
          let isOneWay =
            switch (owner, identifier) {
            case (.packet(.publish), 11), (.packet(.disconnect), 28): isClient
            case (.packet(.disconnect), 17): !isClient
            default: true
            }
          guard row.owners.contains(owner), isOneWay else {
            #expect(malformation == .propertyNotAllowed, "\(identifier) in \(owner)")
            continue
          }
          switch (owner, identifier) {
          case (.packet(.connect), 22), (.packet(.auth), 22), (.packet(.auth), 31),
            (.packet(.auth), 38):
            #expect(malformation == .authenticationMethod)
          default: #expect(malformation == nil, "\(identifier) in \(owner)")
          }
          let twice = try #require(
            packets(owner, property + property).first { $0.0.role == reader.role })
          let again = MQTTStory.of(twice.1, by: reader, limits).malformation
          let isMany = identifier == 38 || identifier == 11 && owner == .packet(.publish)
          #expect(isMany == (again != .repeatedProperty), "\(identifier) twice in \(owner)")
        }
      }
    }
  }

  @Test func `no two properties of one packet share a bit`() {
    for owner in owners {
      let rows = MQTTStandardProperties.table.filter { $0.owners.contains(owner) }
      let bits = rows.compactMap { MQTTProperty(rawValue: $0.identifier)?.bit }.filter { $0 != 0 }
      #expect(Set(bits).count == bits.count)
    }
    #expect(MQTTProperty.allCases.count == MQTTStandardProperties.table.count)
  }

  @Test func `numbers are given, and so are the texts that somebody may show`() {
    let bytes = mqttPacket(
      0x20,
      [0, 0]
        + mqttText(
          mqtt("11 00 00 00 05 21 00 14 24 01 25 00 27 00 01 00 00 12 00 02 'id' 22 00 0A")
            + mqtt("1F 00 02 'ok' 26 00 01 'a' 00 01 'b' 28 00 29 00 2A 00 13 00 1E")
            + mqtt("1A 00 01 'r' 1C 00 01 's' 15 00 01 'm' 16 00 01 FF")
        ).dropFirst())
    let story = MQTTStory.of(bytes, by: .init(client: .v5))
    #expect(
      story.parts == [
        .event(.value(.sessionExpiryInterval, 5)), .event(.value(.receiveMaximum, 20)),
        .event(.value(.maximumQoS, 1)), .event(.value(.retainAvailable, 0)),
        .event(.value(.maximumPacketSize, 65536)), .event(.value(.topicAliasMaximum, 10)),
        .text(.reasonString, "ok"), .event(.value(.wildcardSubscriptionAvailable, 0)),
        .event(.value(.subscriptionIdentifierAvailable, 0)),
        .event(.value(.sharedSubscriptionAvailable, 0)), .event(.value(.serverKeepAlive, 30)),
        .text(.serverReference, "s"), .text(.authenticationMethod, "m"),
        .event(.connack(isSessionPresent: false, .init(.connack, 0))),
      ])
  }

  @Test(arguments: [
    (MQTTPacketKind.connack, "24 02", MQTTMalformation.propertyValue),
    (.connack, "25 02", .propertyValue), (.connack, "28 02", .propertyValue),
    (.connack, "29 02", .propertyValue), (.connack, "2A 02", .propertyValue),
    (.connack, "21 00 00", .propertyValue), (.connack, "27 00 00 00 00", .propertyValue),
    (.connect, "17 02", .propertyValue), (.connect, "19 02", .propertyValue),
    (.publish, "01 02", .propertyValue), (.publish, "23 00 00", .propertyValue),
    (.subscribe, "0B 00", .propertyValue), (.publish, "23 00 02", .topicAlias),
    (.subscribe, "0B 80 00", .overlongInteger),
    (.subscribe, "0B 80 80 80 80 01", .variableByteInteger),
    (.publish, "08 00 00", .emptyTopic), (.publish, "08 00 01 '#'", .wildcardInTopic),
    (.publish, "03 00 01 FF", .utf8), (.puback, "1F 00 01 00", .nullCharacter),
    (.puback, "26 00 01 'n' 00 01 FF", .utf8), (.puback, "26 00 01 FF 00 01 'v'", .utf8),
    (.puback, "1F 00 02 'a'", .textLength), (.puback, "1F 00", .propertyLength),
    (.puback, "1F", .propertyLength), (.puback, "26 00 01 'n'", .propertyLength),
    (.puback, "26 00 01 'n' 00", .propertyLength), (.connack, "21 00", .propertyLength),
    (.subscribe, "0B", .propertyLength), (.subscribe, "0B 80", .propertyLength),
    (.connack, "11 00 00 00", .propertyLength), (.puback, "9F 00 00 00", .unknownProperty),
  ])
  func `a property that is wrong`(
    kind: MQTTPacketKind, properties: String, rule: MQTTMalformation
  ) {
    for (reader, bytes) in packets(.packet(kind), mqtt(properties)) {
      let limits = MQTTLimits(topicAliases: 1)
      #expect(MQTTStory.of(bytes, by: reader, limits).malformation == rule)
    }
  }

  @Test func `the length of properties fits into the packet`() {
    let reader = MQTTReader(client: .v5)
    #expect(MQTTStory.of(mqtt("20 03 00 00 01"), by: reader).malformation == .propertyLength)
    #expect(MQTTStory.of(mqtt("20 04 00 00 80 00"), by: reader).malformation == .overlongInteger)
    #expect(MQTTStory.of(mqtt("20 04 00 00 80 80"), by: reader).malformation == .tooShort)
    #expect(
      MQTTStory.of(mqtt("20 07 00 00 80 80 80 80 00"), by: reader).malformation
        == .variableByteInteger)
    #expect(MQTTStory.of(mqtt("20 04 00 00 00 00"), by: reader).malformation == .trailingBytes)
  }

  // MARK: 3.1, 3.2

  @Test func `the standard's CONNECT, with a will`() {
    let bytes = mqttPacket(
      0x10,
      mqtt("00 04 'MQTT' 05 CE 00 0A 05 11 00 00 00 0A 00 01 'c' 05 18 00 00 00 07")
        + mqtt("00 01 'w' 00 01 'p' 00 01 'u' 00 01 'x'"))
    #expect(
      MQTTStory.of(bytes, by: .server).parts == [
        .event(.connectBegins(.init(version: .v5, flags: 0xCE, keepAlive: 10))),
        .event(.value(.sessionExpiryInterval, 10)), .text(.clientIdentifier, "c"),
        .event(.value(.willDelayInterval, 7)), .text(.willTopic, "w"), .text(.willPayload, "p"),
        .text(.userName, "u"), .text(.password, "x"), .event(.connectEnds),
      ])
  }

  @Test func `5.0 takes a password alone, and an empty identifier`() {
    let bytes = mqttPacket(0x10, mqtt("00 04 'MQTT' 05 40 00 00 00 00 00 00 01 'x'"))
    #expect(MQTTStory.of(bytes, by: .server).parts.last == .event(.connectEnds))
  }

  @Test func `a server of 3.1.1 refuses in its own words`() {
    let reader = MQTTReader(client: .v5)
    for code: UInt8 in 1...5 {
      #expect(
        MQTTStory.of([0x20, 2, 0, code], by: reader).parts
          == [.event(.connack(isSessionPresent: false, .init(.connackOf311, code)))])
    }
    #expect(MQTTStory.of([0x20, 2, 0, 0], by: reader).malformation == .tooShort)
    #expect(MQTTStory.of([0x20, 3, 0, 1, 0], by: reader).malformation == .reasonCode)
    #expect(
      MQTTStory.of([0x20, 3, 1, 0x87, 0], by: reader).malformation == .sessionPresent)
  }

  @Test func `a reason is known while its words come`() {
    var reader = MQTTReader(client: .v5)
    let bytes = mqttPacket(0x20, mqtt("00 9C 05 1F 00 02 'no'"))
    let step = unsafe bytes.withUnsafeBytes { unsafe reader.next($0) }
    #expect(step.event == .piece(.reasonString, count: 2))
    #expect(reader.reason == MQTTReason(.connack, 0x9C))
  }

  // MARK: 3.3

  @Test func `PUBLISH with properties and an alias`() {
    let facts = MQTTPublishFacts(qos: .exactlyOnce, isDuplicate: true, isRetained: true)
    let bytes = mqttPacket(0x3D, mqtt("00 00 00 07 05 23 00 01 0B 7F 'p'"))
    #expect(
      MQTTStory.of(bytes, by: .connected(.v5), .init(topicAliases: 1)).parts == [
        .event(.publishBegins(facts)), .event(.value(.topicAlias, 1)),
        .event(.value(.subscriptionIdentifier, 127)), .text(.payload, "p"),
        .event(.publishEnds(facts, identifier: 7)),
      ])
    #expect(MQTTStory.of(bytes, by: .connected(.v5)).malformation == .topicAlias)
    // The next one has a topic, and needs no alias.
    let next = bytes + mqtt("30 04 00 01 't' 00")
    let after = MQTTStory.of(next, by: .connected(.v5), .init(topicAliases: 1))
    #expect(after.malformation == nil)
    #expect(after.parts.count == 8)
    #expect(MQTTStory.of(mqtt("30 03 00 00 00"), by: .serving(.v5)).malformation == .emptyTopic)
    #expect(MQTTStory.of(mqtt("30 03 00 01 't'"), by: .serving(.v5)).malformation == .tooShort)
  }

  // MARK: 3.4 to 3.7, 3.9, 3.11

  @Test func `an answer has its code, and words`() {
    let success = MQTTReason(.puback, 0)
    let reader = MQTTReader.connected(.v5)
    #expect(
      MQTTStory.of(mqtt("40 03 00 01 10"), by: reader).parts
        == [.event(.puback(1, .init(.puback, 0x10)))])
    #expect(
      MQTTStory.of(mqtt("40 04 00 01 00 00"), by: reader).parts == [.event(.puback(1, success))])
    #expect(
      MQTTStory.of(mqtt("50 09 00 01 97 05 1F 00 02 'no'"), by: reader).parts == [
        .text(.reasonString, "no"), .event(.pubrec(1, .init(.pubrec, 0x97))),
      ])
    #expect(
      MQTTStory.of(mqtt("62 03 00 01 92"), by: reader).parts
        == [.event(.pubrel(1, .init(.pubrel, 0x92)))])
    #expect(
      MQTTStory.of(mqtt("70 03 00 01 92"), by: reader).parts
        == [.event(.pubcomp(1, .init(.pubcomp, 0x92)))])
    #expect(MQTTStory.of(mqtt("62 03 00 01 80"), by: reader).malformation == .reasonCode)
    #expect(MQTTStory.of(mqtt("40 03 00 01 92"), by: reader).malformation == .reasonCode)
    #expect(
      MQTTStory.of(mqtt("40 05 00 01 00 00 00"), by: reader).malformation == .trailingBytes)
  }

  @Test func `SUBACK and UNSUBACK have a code for each filter`() {
    func parts(_ bytes: String) -> [MQTTStory.Part] {
      MQTTStory.of(mqtt(bytes), by: .connected(.v5)).parts
    }
    #expect(
      parts("90 05 00 02 00 02 9E") == [
        .event(.subackCode(2, .init(.suback, 2))), .event(.subackCode(2, .init(.suback, 0x9E))),
        .event(.suback(2, worst: .init(.suback, 0x9E))),
      ])
    #expect(
      parts("B0 05 00 02 00 11 87") == [
        .event(.unsubackCode(2, .init(.unsuback, 0x11))),
        .event(.unsubackCode(2, .init(.unsuback, 0x87))),
        .event(.unsuback(2, worst: .init(.unsuback, 0x87))),
      ])
    #expect(
      parts("B0 05 00 02 00 11 00").last == .event(.unsuback(2, worst: .init(.unsuback, 0x11))))
    #expect(parts("B0 03 00 02 00") == [.event(.malformed(.noReasonCode))])
    #expect(parts("B0 02 00 02") == [.event(.malformed(.tooShort))])
    #expect(parts("B0 04 00 02 00 01") == [.event(.malformed(.reasonCode))])
  }

  // MARK: 3.8

  @Test func `subscription options`() {
    func parts(_ filter: String, _ options: UInt8) -> [MQTTStory.Part] {
      let bytes = mqttPacket(0x82, [0, 1, 0] + mqttText(filter) + [options])
      return MQTTStory.of(bytes, by: .serving(.v5)).parts
    }
    var options = MQTTSubscriptionOptions(qos: .exactlyOnce)
    options.isNoLocal = true
    options.isRetainAsPublished = true
    options.retainHandling = 2
    #expect(parts("a", 0x2E).contains(.event(.topicFilter(options))))
    #expect(parts("a", 0x30).last == .event(.malformed(.subscriptionOptions)))
    #expect(parts("a", 0x40).last == .event(.malformed(.subscriptionOptions)))
    #expect(parts("a", 0x80).last == .event(.malformed(.subscriptionOptions)))
    #expect(parts("a", 0x03).last == .event(.malformed(.qualityOfService)))
    #expect(parts("$share/g/a", 0x04).last == .event(.malformed(.noLocalOnShare)))
    #expect(parts("$share/g/a", 0x02).last == .event(.subscribeEnds(1)))
    #expect(parts("$share/g", 0x02).last == .event(.malformed(.shareName)))
    // Only the first of two is shared.
    let two = mqttPacket(
      0x82, [0, 1, 0] + mqttText("$share/g/a") + [0] + mqttText("a") + [4])
    #expect(MQTTStory.of(two, by: .serving(.v5)).parts.last == .event(.subscribeEnds(1)))
  }

  // MARK: 3.14, 3.15

  @Test func `DISCONNECT and AUTH`() {
    let client = MQTTReader.connected(.v5)
    func disconnect(_ code: UInt8) -> MQTTStory.Part {
      .event(.disconnect(.init(.disconnectFromServer, code)))
    }
    #expect(MQTTStory.of(mqtt("E0 00"), by: client).parts == [disconnect(0)])
    #expect(MQTTStory.of(mqtt("E0 01 8E"), by: client).parts == [disconnect(0x8E)])
    #expect(MQTTStory.of(mqtt("E0 02 8E 00"), by: client).parts == [disconnect(0x8E)])
    #expect(
      MQTTStory.of(mqtt("E0 06 9C 04 1C 00 01 's'"), by: client).parts
        == [.text(.serverReference, "s"), disconnect(0x9C)])
    #expect(MQTTStory.of(mqtt("E0 01 04"), by: client).malformation == .reasonCode)
    #expect(MQTTStory.of(mqtt("E0 01 8E"), by: .serving(.v5)).malformation == .reasonCode)
    #expect(
      MQTTStory.of(mqtt("E0 01 04"), by: .serving(.v5)).parts
        == [.event(.disconnect(.init(.disconnectFromClient, 4)))])
    #expect(MQTTStory.of(mqtt("E0 00 D0 00"), by: client).malformation == .packetAfterEnd)

    let auth = MQTTReader(client: .v5)
    let more = MQTTStory.of(mqtt("F0 06 18 04 15 00 01 'm' 20 03 00 00 00"), by: auth)
    #expect(
      more.parts == [
        .text(.authenticationMethod, "m"), .event(.auth(.init(.authFromServer, 0x18))),
        .event(.connack(isSessionPresent: false, .init(.connack, 0))),
      ])
    #expect(
      MQTTStory.of(mqtt("F0 00"), by: auth).parts == [.event(.auth(.init(.authFromServer, 0)))])
    #expect(MQTTStory.of(mqtt("F0 01 18"), by: auth).malformation == .tooShort)
    #expect(MQTTStory.of(mqtt("F0 02 18 00"), by: auth).malformation == .authenticationMethod)
    #expect(MQTTStory.of(mqtt("F0 01 19"), by: auth).malformation == .reasonCode)
    #expect(
      MQTTStory.of(mqtt("F0 06 19 04 15 00 01 'm'"), by: .serving(.v5)).parts.last
        == .event(.auth(.init(.authFromClient, 0x19))))
  }
}
