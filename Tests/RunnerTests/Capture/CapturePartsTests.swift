import Addressing
import Linux
import Messages
import Plan
import SystemPackage
import Testing

@testable import Coordination
@testable import Runner

/// Where `capture` listens and leads to, on a host that is made up.
@Suite struct CaptureRouteTests {
  private static let lookup = AddressLookup(
    addresses: { name throws(NameLookup.Failure) in
      switch name {
      case "both.example": ["fd00::1", "10.0.0.1"].compactMap(IPAddress.init)
      case "six.example": ["fd00::1"].compactMap(IPAddress.init)
      case "public.example": ["203.0.113.7"].compactMap(IPAddress.init)
      default: throw NameLookup.Failure(name: name, reason: "Name or service not known")
      }
    },
    interfaces: { () throws(Errno) in
      [NetworkInterface(name: "eth0", addresses: [IPAddress("198.51.100.9")].compactMap(\.self))]
    })

  private func route(
    _ listen: String, _ forward: String, allowPublic: Bool = false
  ) throws -> CaptureRoute {
    try CaptureRoute(
      listen: try CommandLineValue.target(listen), forward: try CommandLineValue.target(forward),
      allowPublic: allowPublic, lookup: Self.lookup)
  }

  @Test(arguments: [
    ("127.0.0.2:1", "0.0.0.0:1"), ("127.0.0.1:1", "[::]:1"), ("[::1]:1", "0.0.0.0:1"),
  ])
  func `what leads to another address of loopback does not lead back`(
    listen: String, forward: String
  ) throws {
    _ = try route(listen, forward)
  }

  @Test(arguments: [
    ("both.example:1", "six.example:2", "10.0.0.1:1", "[fd00::1]:2"),
    ("127.0.0.1:1", "both.example:2", "127.0.0.1:1", "10.0.0.1:2"),
    // An address of this host's own, public or not.
    ("[::1]:1", "198.51.100.9:2", "[::1]:1", "198.51.100.9:2"),
  ])
  func `names become addresses, IPv4 where there is a choice`(
    listen: String, forward: String, from: String, to: String
  ) throws {
    let route = try route(listen, forward)
    #expect("\(route.listen)" == from)
    #expect("\(route.forward)" == to)
  }

  @Test(arguments: [
    ("127.0.0.1:1", "203.0.113.7:2", "target 203.0.113.7:2 is a public address"),
    ("127.0.0.1:1", "public.example:2", "public.example:2 is 203.0.113.7, a public address"),
    ("0.0.0.0:1", "127.0.0.1:2", "--listen 0.0.0.0:1 may be reached by strangers"),
    ("198.51.100.9:1", "127.0.0.1:2", "may be reached by strangers"),
  ])
  func `what is public takes a word more`(listen: String, forward: String, why: String) throws {
    let refusal = #expect(throws: CaptureRoute.Refusal.self) { try route(listen, forward) }
    #expect(refusal?.description.contains(why) == true, "\(String(describing: refusal))")
    #expect(refusal?.description.contains("--allow-public") == true)
    _ = try route(listen, forward, allowPublic: true)
  }

  @Test(arguments: [
    ("both.example:1", "10.0.0.1:1", "--listen and --forward are both 10.0.0.1:1"),
    ("0.0.0.0:1", "127.0.0.1:1", "--forward 127.0.0.1:1 leads back to --listen 0.0.0.0:1"),
    ("0.0.0.0:1", "127.9.9.9:1", "--forward 127.9.9.9:1 leads back"),
    ("0.0.0.0:1", "198.51.100.9:1", "--forward 198.51.100.9:1 leads back"),
    ("[::]:1", "127.0.0.1:1", "--forward 127.0.0.1:1 leads back to --listen [::]:1"),
    ("[::]:1", "[::1]:1", "--forward [::1]:1 leads back"),
    ("127.0.0.1:1", "0.0.0.0:1", "--forward 0.0.0.0:1 leads back"),
    ("127.0.0.1:1", "[::ffff:127.0.0.1]:1", "--forward [::ffff:127.0.0.1]:1 leads back"),
    ("127.0.0.1:1", "nowhere.example:2", "--forward nowhere.example:2: nowhere.example has no"),
    ("nowhere.example:1", "127.0.0.1:2", "--listen nowhere.example:1: nowhere.example has no"),
  ])
  func `what leads nowhere, or to itself, is refused`(
    listen: String, forward: String, why: String
  ) {
    for allowPublic in [false, true] {
      let refusal = #expect(throws: CaptureRoute.Refusal.self) {
        try route(listen, forward, allowPublic: allowPublic)
      }
      #expect(refusal?.description.hasPrefix(why) == true, "\(String(describing: refusal))")
    }
  }
}

/// What `capture` keeps of conversations.
@Suite struct CaptureLogTests {
  private func recorder(_ text: String, _ room: inout Int) -> ConversationRecorder {
    var recorder = ConversationRecorder(client: "c", started: 0)
    recorder.add(Array(text.utf8), fromClient: true, at: 0, room: &room)
    return recorder
  }

  @Test func `what is kept is in the file, in the order of its end`() {
    var log = CaptureLog(redactions: [], marksVolatileHeaders: true)
    for text in ["one", "two"] { log.add(recorder(text, &log.room)) }
    let file = log.file(forward: "there")
    #expect(file.forward == "there")
    #expect(
      file.connections.map {
        String(decoding: $0.conversation.bytes(ofClient: true), as: UTF8.self)
      }
        == ["one", "two"])
    #expect(file.connections.allSatisfy { !$0.isTruncated })
    #expect(log.summary(of: file, at: "f") == "2 conversations in f")
  }

  @Test func `the file is one that a plan reads, however its bytes are written`() throws {
    var log = CaptureLog(redactions: [], marksVolatileHeaders: true)
    // Zeros are written in base64, and take a third more.
    for _ in 0..<4 {
      var recorder = ConversationRecorder(client: "c", started: 0)
      recorder.add([UInt8](repeating: 0, count: 300_000), fromClient: true, at: 0, room: &log.room)
      recorder.add([UInt8](repeating: 0, count: 9), fromClient: false, at: 9, room: &log.room)
      log.add(recorder)
    }
    let file = log.file(forward: "there")
    #expect(file.yaml.count <= 1 << 20)
    #expect(file.connections.map(\.isTruncated) == [false, false, true])
    let plan = """
      target: 127.0.0.1:9
      messages: {all: {conversation: session.yaml}}
      phases: [{ramp: {to: 3}}, {hold: {for: 1s, messages: all}}]
      """
    _ = try Plan.read(
      text: plan, file: "a.plan", files: Plan.attached(["session.yaml": file.yaml]))
    #expect(log.summary(of: file, at: "f").contains("1 more came when the file was full"))
  }

  @Test func `when the memory is full, conversations are counted and not kept`() {
    var log = CaptureLog(redactions: [], marksVolatileHeaders: true)
    log.add(recorder("kept", &log.room))
    log.room = 2
    log.add(recorder("half", &log.room))
    for _ in 0..<3 { log.add(recorder("gone", &log.room)) }
    let file = log.file(forward: "there")
    #expect(file.connections.map(\.isTruncated) == [false, true])
    #expect(file.connections[1].conversation.bytes(ofClient: true) == Array("ha".utf8))
    #expect(
      log.summary(of: file, at: "f")
        == "2 conversations in f, 1 of them truncated; 3 more came when the file was full, "
        + "and are not in it: a plan reads no more than 1 MiB")
  }

  @Test func `who said nothing is counted, and is not in the file`() throws {
    var log = CaptureLog(redactions: [try Redaction("secret")], marksVolatileHeaders: true)
    log.add(ConversationRecorder(client: "silent", started: 0))
    log.add(recorder("said", &log.room))
    let file = log.file(forward: "there")
    #expect(file.connections.map(\.conversation.client) == ["c"])
    #expect(
      log.summary(of: file, at: "f")
        == "1 conversation in f; 1 more said nothing that is kept, and are not in it")
  }

  @Test func `what one side may go on to say is not kept where it may be a secret`() throws {
    var log = CaptureLog(redactions: [try Redaction("pin [0-9]+;")], marksVolatileHeaders: true)
    var open = recorder("a pin 12", &log.room)
    log.add(open)
    open.close(byClient: true, at: 1, room: &log.room)
    log.add(open)
    let kept = log.file(forward: "there").connections
    #expect(kept[0].isTruncated)
    #expect(kept[0].conversation.bytes(ofClient: true) == Array("a ".utf8))
    // It ended there, so it was none.
    #expect(!kept[1].isTruncated)
    #expect(kept[1].conversation.bytes(ofClient: true) == Array("a pin 12".utf8))
  }
}
