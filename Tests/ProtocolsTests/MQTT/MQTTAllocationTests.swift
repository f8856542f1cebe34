import CAllocations
import Protocols
import Testing

/// What the workers' loops call asks for no memory, in an unoptimised build either.
@Suite(.enabled(if: allocations_are_counted(), "a sanitizer counts no allocations"))
struct MQTTAllocationTests {
  private func allocations(_ body: () -> Void) -> UInt64 {
    let before = allocations_of_this_thread()
    body()
    return allocations_of_this_thread() - before
  }

  /// Reads all of the bytes, and returns how many events they made.
  private func read(_ bytes: UnsafeRawBufferPointer, _ reader: inout MQTTReader) -> Int {
    var events = 0
    var place = 0
    while true {
      let step = unsafe reader.next(UnsafeRawBufferPointer(rebasing: bytes[place...]))
      place += step.used
      if case .needsMore = step.event { return events }
      events += 1
    }
  }

  @Test func `reading allocates nothing`() throws {
    var grants = MQTTReply.Grants()
    grants.keepAlive = 9
    grants.maximumPacketSize = 999
    var toClient = try #require(MQTTReply.connack(0, grants).bytes(.v5))
    toClient += mqtt("33 0F 00 04 'a/ä' 00 07 05 26 00 00 00 00 'x'")
    toClient += mqtt("90 06 00 01 00 80 00 02 50 09 00 01 97 05 1F 00 02 'no' D0 00 E0 01 8E")
    let content = MQTTContent.bytes(Array("a".utf8))
    var connect = MQTTConnect(.v5, clientIdentifier: content)
    connect.userName = content
    connect.password = content
    connect.will = .init(topic: [0x61], payload: [0])
    connect.sessionExpiry = 4
    let subscribe = MQTTSubscribe(.v5, [.init(content, .init(qos: .atMostOnce))])
    var toServer = try #require(connect.packet().bytes())
    toServer += try #require(subscribe.packet().bytes(identifier: 1))
    toServer += mqtt("C0 00 00")
    for (bytes, reader, least) in [
      (toClient, MQTTReader(client: .v5), 15), (toServer, .server, 12),
    ] {
      var first = reader
      var second = reader
      var events = 0
      // The first time around, the runtime makes what it knows of generic types.
      let made = unsafe bytes.withUnsafeBytes { bytes in
        unsafe _ = read(bytes, &first)
        return allocations { events = unsafe read(bytes, &second) }
      }
      #expect(made == 0)
      #expect(events >= least)
    }
  }

  @Test func `writing into a buffer allocates nothing`() throws {
    var publish = MQTTPublish(.v5, topic: .filled, payload: .filled)
    publish.qos = .atLeastOnce
    let packet = try publish.packet()
    var buffer = [UInt8](repeating: 0, count: 100)
    var place: Range<Int>?
    var count: Int?
    // Twice, because the first time around the runtime makes what it knows of generic types.
    var made: UInt64 = 0
    for _ in 0..<2 {
      made = unsafe buffer.withUnsafeMutableBytes { buffer in
        unsafe packet.steps.withUnsafeBufferPointer { steps in
          unsafe packet.texts.withUnsafeBytes { texts in
            allocations {
              place = unsafe MQTTPacket.render(
                header: packet.header, steps, texts: texts, identifier: 1, into: buffer
              ) { _, _, room -> Int? in
                unsafe room[0] = 0x61
                return 1
              }
              count = unsafe MQTTReply.suback(1, 0, times: 9).write(.v5, into: buffer)
            }
          }
        }
      }
    }
    #expect(made == 0)
    #expect(place?.count == 9)
    #expect(count == 14)
  }
}
