import Addressing
import Foundation
import Testing

@testable import TLS

/// Seconds since 1970.
func now() -> Int64 { Int64(Date().timeIntervalSince1970) }

/// Certificates of the tests, made once.
enum Certificates {
  static let authority = try! RunAuthority(now: now())
  static let names: [ServerName] = [
    .dns("server.test"), ServerName("127.0.0.1"), ServerName("::1"),
  ]
  static let server = try! authority.issue(to: names, now: now())
  static let trusted = TrustedCertificates.these(.memory(authority.certificate))
}

extension Handshake {
  func takeAll(at most: Int = 65_536) -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: most)
    while true {
      let count = buffer.withUnsafeMutableBytes { takeOutput(into: $0) }
      if count == 0 { return all }
      all += buffer[..<count]
    }
  }

  @discardableResult
  func receive(_ bytes: [UInt8]) -> State {
    bytes.withUnsafeBytes { receive($0) }
  }

  func write(_ text: String) -> Bool {
    Array(text.utf8).withUnsafeBytes { write($0) }
  }

  /// All plaintext that is there.
  func readAll() -> (text: String, last: Reading) {
    var (all, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 20_000))
    while true {
      let reading = buffer.withUnsafeMutableBytes { read(into: $0) }
      guard case .data(let count) = reading else {
        return (String(decoding: all, as: UTF8.self), reading)
      }
      all += buffer[..<count]
    }
  }

  var records: RecordState? { if case .done(let records) = state { records } else { nil } }
  var failure: TLSFailure? { if case .failed(let failure) = state { failure } else { nil } }
  var isDone: Bool { if case .done = state { true } else { false } }
  var wants: Bool { if case .wants = state { true } else { false } }
}

/// Both ends of a handshake in memory.
struct Pair {
  let client: Handshake
  let server: Handshake
  /// What each end has sent altogether.
  var sent = (client: [UInt8](), server: [UInt8]())

  init(
    _ client: ClientSettings = ClientSettings(
      trusted: Certificates.trusted, serverName: .dns("server.test")),
    _ server: ServerSettings = ServerSettings(identity: Certificates.server)
  ) throws {
    try self.init(TLSContext(client: client), TLSContext(server: server))
  }

  init(_ client: TLSContext, _ server: TLSContext, resuming session: TLSSession? = nil) throws {
    self.client = try Handshake(client, resuming: session)
    self.server = try Handshake(server)
  }

  /// Carries bytes to and fro until neither end has any; `piece` bytes at a time.
  mutating func run(piece: Int = .max) {
    while true {
      let (out, back) = (client.takeAll(), server.takeAll())
      if out.isEmpty && back.isEmpty { return }
      sent.client += out
      sent.server += back
      Self.feed(server, out, piece)
      Self.feed(client, back, piece)
    }
  }

  private static func feed(_ end: Handshake, _ bytes: [UInt8], _ piece: Int) {
    var rest = bytes[...]
    while !rest.isEmpty {
      end.receive(Array(rest.prefix(piece)))
      rest = rest.dropFirst(piece)
    }
  }
}

/// One end of a connection after its handshake, with its buffer.
struct Carrier {
  let layer: RecordLayer
  var state: RecordState
  /// What has come and is not opened.
  var buffer: [UInt8]
  var plaintext: [UInt8] = []
  var tickets = 0
  var keyUpdates = 0
  /// The first event that ends reading.
  var end: RecordLayer.Event?

  init(_ layer: RecordLayer, _ handshake: Handshake) throws {
    self.layer = layer
    state = try #require(handshake.records)
    buffer = []
    open(handshake.surplus)
  }

  var text: String { String(decoding: plaintext, as: UTF8.self) }

  mutating func open(_ bytes: [UInt8]) {
    buffer += bytes
    while !buffer.isEmpty {
      let opened = buffer.withUnsafeMutableBytes { layer.open(&state, $0) }
      switch opened.event {
      case .incomplete: return
      case .data(let range): plaintext += buffer[range]
      case .nothing: break
      case .messages(let more, let isKeyUpdated):
        tickets += more
        keyUpdates += isKeyUpdated ? 1 : 0
      case .closed, .alert, .failed: end = end ?? opened.event
      }
      buffer.removeFirst(opened.consumed)
    }
  }

  mutating func seal(_ bytes: [UInt8]) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: RecordLayer.room(for: bytes.count))
    let sealed = output.withUnsafeMutableBytes { output in
      bytes.withUnsafeBytes { layer.seal(&state, $0, into: output) }
    }
    #expect(sealed.taken == bytes.count || state.isWriteOver)
    return Array(output[..<sealed.written])
  }

  mutating func seal(_ text: String) -> [UInt8] { seal(Array(text.utf8)) }

  /// Bytes that a call has put into a buffer.
  mutating func output(
    _ call: (RecordLayer, inout RecordState, UnsafeMutableRawBufferPointer) -> Int
  ) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: 128)
    let count = output.withUnsafeMutableBytes { call(layer, &state, $0) }
    return Array(output[..<count])
  }

  mutating func sealOwed() -> [UInt8] { output { $0.sealOwed(&$1, into: $2) } }
  mutating func close() -> [UInt8] { output { $0.sealClose(&$1, into: $2) } }
  mutating func updateKey(asking: Bool) -> [UInt8] {
    output { $0.sealKeyUpdate(&$1, asking: asking, into: $2) }
  }
  mutating func alert(_ alert: Alert) -> [UInt8] {
    output { $0.sealAlert(&$1, alert, into: $2) }
  }
}

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

extension RecordLayer.Event {
  var alert: Alert? {
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
