import Protocols
import Testing

/// Packets that are written, against bytes by hand and against the reader.
@Suite struct MQTTPacketTests {
  private func content(_ text: String) -> MQTTContent { .bytes(Array(text.utf8)) }

  // MARK: CONNECT

  @Test func `CONNECT of 3.1.1`() throws {
    var connect = MQTTConnect(.v311, clientIdentifier: content("abc"))
    connect.keepAlive = 60
    #expect(try connect.packet().bytes() == mqtt("10 0F 00 04 'MQTT' 04 02 00 3C 00 03 'abc'"))
    connect.userName = content("u")
    connect.password = .bytes([0, 255])
    connect.isClean = false
    #expect(
      try connect.packet().bytes()
        == mqtt("10 16 00 04 'MQTT' 04 C0 00 3C 00 03 'abc' 00 01 'u' 00 02 00 FF"))
    connect.will = .init(topic: Array("w".utf8), payload: [7])
    connect.will?.qos = .exactlyOnce
    connect.will?.isRetained = true
    #expect(
      try connect.packet().bytes()
        == mqtt("10 1C 00 04 'MQTT' 04 F4 00 3C 00 03 'abc' 00 01 'w' 00 01 07")
        + mqtt("00 01 'u' 00 02 00 FF"))
  }

  @Test func `CONNECT of 5.0`() throws {
    var connect = MQTTConnect(.v5, clientIdentifier: content("abc"))
    #expect(try connect.packet().bytes() == mqtt("10 10 00 04 'MQTT' 05 02 00 00 00 00 03 'abc'"))
    connect.sessionExpiry = 10
    connect.receiveMaximum = 20
    connect.maximumPacketSize = 1 << 16
    connect.topicAliasMaximum = 3
    connect.will = .init(topic: Array("w".utf8), payload: [])
    #expect(
      try connect.packet().bytes()
        == mqtt("10 26 00 04 'MQTT' 05 06 00 00 10 11 00 00 00 0A 21 00 14 27 00 01 00 00")
        + mqtt("22 00 03 00 03 'abc' 00 00 01 'w' 00 00"))
  }

  @Test func `a CONNECT that no server may take is not written`() {
    func rule(_ version: MQTTVersion, _ change: (inout MQTTConnect) -> Void) -> MQTTMalformation? {
      var connect = MQTTConnect(version, clientIdentifier: content("c"))
      change(&connect)
      do { _ = try connect.packet() } catch { return error }
      return nil
    }
    #expect(rule(.v311) { $0.password = .filled } == .passwordWithoutUserName)
    #expect(rule(.v5) { $0.password = .filled } == nil)
    let empty: (inout MQTTConnect) -> Void = {
      $0.clientIdentifier = .bytes([])
      $0.isClean = false
    }
    #expect(rule(.v311, empty) == .clientIdentifier)
    #expect(rule(.v5, empty) == nil)
    #expect(rule(.v5) { $0.receiveMaximum = 0 } == .propertyValue)
    #expect(rule(.v5) { $0.maximumPacketSize = 0 } == .propertyValue)
    #expect(rule(.v5) { $0.userName = .bytes([0xFF]) } == .utf8)
    #expect(rule(.v5) { $0.will = .init(topic: [], payload: []) } == .emptyTopic)
    #expect(
      rule(.v5) { $0.will = .init(topic: [0x61], payload: .init(repeating: 0, count: 65_536)) }
        == .textLength)
    #expect(
      rule(.v5) { $0.clientIdentifier = .bytes(.init(repeating: 0x61, count: 65_536)) }
        == .textLength)
  }

  @Test func `lengths are those of what each connection fills in`() throws {
    var connect = MQTTConnect(.v311, clientIdentifier: .filled)
    connect.userName = .filled
    connect.password = content("pw")
    let packet = try connect.packet()
    for count in [0, 1, 94, 95, 96, 127, 128, 16_000, 65_535] {
      let identifier = [UInt8](repeating: 0x63, count: count)
      let bytes = try #require(
        packet.bytes { field, _ in field == .clientIdentifier ? identifier : [0x75] })
      #expect(
        bytes
          == mqttPacket(
            0x10,
            mqtt("00 04 'MQTT' 04 C2 00 00") + mqttText(identifier) + mqttText("u")
              + mqttText("pw")))
      #expect(packet.count(filled: count + 1) == bytes.count)
      #expect(packet.room(filled: count + 1) >= bytes.count)
    }
    #expect(packet.bytes { _, _ in [UInt8](repeating: 0x63, count: 65_536) } == nil)
  }

  // MARK: PUBLISH

  @Test func `PUBLISH`() throws {
    var publish = MQTTPublish(.v311, topic: content("a/b"), payload: content("x"))
    #expect(try publish.packet().bytes(identifier: 10) == mqtt("30 06 00 03 'a/b' 'x'"))
    #expect(try publish.packet().duplicate == publish.packet())
    publish.qos = .atLeastOnce
    publish.isRetained = true
    #expect(try publish.packet().bytes(identifier: 10) == mqtt("33 08 00 03 'a/b' 00 0A 'x'"))
    #expect(
      try publish.packet().duplicate.bytes(identifier: 10) == mqtt("3B 08 00 03 'a/b' 00 0A 'x'"))
    publish.version = .v5
    #expect(try publish.packet().bytes(identifier: 258) == mqtt("33 09 00 03 'a/b' 01 02 00 'x'"))
    publish.topic = content("a/+")
    #expect(throws: MQTTMalformation.wildcardInTopic) { try publish.packet() }
    publish.topic = content("")
    #expect(throws: MQTTMalformation.emptyTopic) { try publish.packet() }
  }

  @Test func `a payload that is filled in has no length of its own`() throws {
    let packet = try MQTTPublish(.v311, topic: .filled, payload: .filled).packet()
    for count in [0, 1, 122, 123, 124, 20_000] {
      let payload = [UInt8](repeating: 9, count: count)
      let bytes = packet.bytes { field, _ in field == .topic ? [0x74, 0x2F, 0x31] : payload }
      #expect(bytes == mqttPacket(0x30, mqttText("t/1") + payload))
      #expect(packet.count(filled: 3 + count) == bytes?.count)
    }
    #expect(packet.count(filled: MQTTLength.largest - 2) == Int(MQTTLength.largestPacket))
    #expect(packet.count(filled: MQTTLength.largest - 1) == nil)
  }

  // MARK: SUBSCRIBE, UNSUBSCRIBE

  @Test func `SUBSCRIBE and UNSUBSCRIBE`() throws {
    var options = MQTTSubscriptionOptions(qos: .atLeastOnce)
    options.isNoLocal = true
    options.retainHandling = 2
    var subscribe = MQTTSubscribe(
      .v311, [.init(content("a/b"), options), .init(.filled, .init(qos: .exactlyOnce))])
    #expect(
      try subscribe.packet().bytes(identifier: 10) { field, number in
        field == .topicFilter && number == 1 ? Array("c".utf8) : []
      } == mqtt("82 0C 00 0A 00 03 'a/b' 01 00 01 'c' 02"))
    subscribe.version = .v5
    #expect(
      try subscribe.packet().bytes(identifier: 10) { _, _ in Array("c".utf8) }
        == mqtt("82 0D 00 0A 00 00 03 'a/b' 25 00 01 'c' 02"))
    subscribe.subscriptions[0].topicFilter = content("$share/g/a")
    #expect(throws: MQTTMalformation.noLocalOnShare) { try subscribe.packet() }
    subscribe.subscriptions[0].topicFilter = content("a#")
    #expect(throws: MQTTMalformation.multiLevelWildcard) { try subscribe.packet() }
    subscribe.subscriptions[0].options.retainHandling = 3
    #expect(throws: MQTTMalformation.subscriptionOptions) { try subscribe.packet() }
    subscribe.subscriptions = []
    #expect(throws: MQTTMalformation.noTopicFilter) { try subscribe.packet() }

    var unsubscribe = MQTTUnsubscribe(.v311, [content("a/b"), content("c")])
    #expect(
      try unsubscribe.packet().bytes(identifier: 1) == mqtt("A2 0A 00 01 00 03 'a/b' 00 01 'c'"))
    unsubscribe.version = .v5
    #expect(
      try unsubscribe.packet().bytes(identifier: 1)
        == mqtt("A2 0B 00 01 00 00 03 'a/b' 00 01 'c'"))
    unsubscribe.topicFilters = []
    #expect(throws: MQTTMalformation.noTopicFilter) { try unsubscribe.packet() }
  }

  // MARK: Without texts

  @Test(arguments: [
    (MQTTReply.connack(), "20 02 00 00", "20 03 00 00 00"),
    (.connack(isSessionPresent: true), "20 02 01 00", "20 03 01 00 00"),
    (.connack(5), "20 02 00 05", "20 03 00 05 00"),
    (.puback(0x1234), "40 02 12 34", "40 02 12 34"),
    (.puback(1, 0x97), "40 02 00 01", "40 03 00 01 97"),
    (.pubrec(1), "50 02 00 01", "50 02 00 01"), (.pubrel(1), "62 02 00 01", "62 02 00 01"),
    (.pubcomp(1, 0x92), "70 02 00 01", "70 03 00 01 92"),
    (.suback(1, 2, times: 1), "90 03 00 01 02", "90 04 00 01 00 02"),
    (.suback(1, 0x80, times: 3), "90 05 00 01 80 80 80", "90 06 00 01 00 80 80 80"),
    (.unsuback(1, 0, times: 2), "B0 02 00 01", "B0 05 00 01 00 00 00"),
    (.pingreq, "C0 00", "C0 00"), (.pingresp, "D0 00", "D0 00"),
    (.disconnect(), "E0 00", "E0 00"), (.disconnect(0x8E), "E0 00", "E0 01 8E"),
  ])
  func `a reply in both versions`(reply: MQTTReply, old: String, new: String) {
    #expect(reply.bytes(.v311) == mqtt(old))
    #expect(reply.bytes(.v5) == mqtt(new))
    for version in MQTTVersion.allCases {
      let count = reply.count(version) ?? 0
      #expect(count == reply.bytes(version)?.count)
      var short = [UInt8](repeating: 0, count: count - 1)
      #expect(unsafe short.withUnsafeMutableBytes { unsafe reply.write(version, into: $0) } == nil)
    }
  }

  @Test func `CONNACK says what it grants`() {
    var grants = MQTTReply.Grants()
    grants.keepAlive = 30
    grants.receiveMaximum = 10
    grants.maximumPacketSize = 1000
    grants.topicAliasMaximum = 2
    grants.maximumQoS = 1
    let reply = MQTTReply.connack(0, grants)
    #expect(
      reply.bytes(.v5)
        == mqtt("20 13 00 00 10 13 00 1E 21 00 0A 27 00 00 03 E8 22 00 02 24 01"))
    #expect(reply.bytes(.v311) == mqtt("20 02 00 00"))
  }

  @Test func `many codes take a longer length, and too many none`() {
    let many = MQTTReply.suback(1, 0, times: 300)
    #expect(many.bytes(.v311)?.prefix(5) == [0x90, 0xAE, 2, 0, 1])
    #expect(many.count(.v311) == 305)
    for times in [0, -1, Int.min, Int.max, MQTTLength.largest] {
      #expect(MQTTReply.suback(1, 0, times: times).bytes(.v5) == nil)
      #expect(MQTTReply.unsuback(1, 0, times: times).bytes(.v5) == nil)
    }
  }

  // MARK: A caller's buffer

  @Test func `a packet that finds no room is none, however little is missing`() throws {
    var connect = MQTTConnect(.v5, clientIdentifier: .filled)
    connect.userName = content("user")
    var publish = MQTTPublish(.v5, topic: .filled, payload: .filled)
    publish.qos = .exactlyOnce
    for packet in [try connect.packet(), try publish.packet()] {
      let whole = try #require(packet.bytes(identifier: 9) { _, _ in [0x61, 0x62] })
      for count in 0...whole.count + 3 {
        var buffer = [UInt8](repeating: 0xEE, count: count)
        let place = unsafe buffer.withUnsafeMutableBytes { buffer in
          unsafe packet.steps.withUnsafeBufferPointer { steps in
            unsafe packet.texts.withUnsafeBytes { texts in
              unsafe MQTTPacket.render(
                header: packet.header, steps, texts: texts, identifier: 9, into: buffer
              ) { _, _, room -> Int? in
                guard room.count >= 2 else { return nil }
                unsafe room.copyBytes(from: [0x61, 0x62])
                return 2
              }
            }
          }
        }
        // A remaining length of one byte leaves three of the five free.
        #expect(place == (count < whole.count + 3 ? nil : 3..<whole.count + 3))
        if let place { #expect(Array(buffer[place]) == whole) }
      }
    }
  }

  @Test func `a length that is not so is refused`() throws {
    let packet = try MQTTPublish(.v311, topic: .filled, payload: .filled).packet()
    var buffer = [UInt8](repeating: 0, count: 100)
    for (topic, payload) in [(-1, 0), (94, 0), (1, 93), (1, -1), (.max, 0), (1, .min)] {
      let place = unsafe buffer.withUnsafeMutableBytes { buffer in
        unsafe packet.steps.withUnsafeBufferPointer { steps in
          unsafe packet.texts.withUnsafeBytes { texts in
            unsafe MQTTPacket.render(
              header: packet.header, steps, texts: texts, identifier: 0, into: buffer
            ) { field, _, _ in field == .topic ? topic : payload }
          }
        }
      }
      #expect(place == nil)
    }
  }
}
