import Addressing
import Linux
import Messages
import Protocols
import SystemPackage
import WorkerLog

/// What MQTT says besides messages (3.1.1 and 5.0), at either end.
///
/// What a server answers to packets behind the opening are notes: they go out with its other answers, in order, and
/// no faster than the peer takes them.
struct MQTTSession: Session, ~Copyable {
  static var call: FailedCall { .mqtt }
  static var bytesPerEnd: Int { MemoryLayout<MQTTReader>.stride + MemoryLayout<Conversing>.stride }
  static var introduces: Bool { true }
  static var fillsIn: Bool { true }
  static var silence: String { "no PINGRESP" }
  // A turn is half of the keep-alive: no more than all of it passes between two packets.
  static var turnsToAnswer: UInt8 { 2 }
  static var pingsTheQuiet: Bool { true }
  static var owesEach: Bool { true }
  // PINGREQ has two bytes, and so has its answer, which is a note of its own.
  static var growth: Int { 3 }
  // A topic that came earlier, the codes of a SUBSCRIBE, or why a message was refused.
  static var slack: Int { 2 * longestTopic }

  /// The longest topic that a server sends on, and the longest topic filter that it keeps.
  static var longestTopic: Int { 1024 }
  /// The most topic filters in one packet to a server.
  static var mostFilters: Int { 64 }
  /// Bytes that are kept of a reason string.
  static var longestReason: Int { 123 }

  /// How far a connection has come, besides its reader.
  struct Conversing: BitwiseCopyable {
    enum Place: UInt8, BitwiseCopyable {
      case between
      /// In a PUBLISH before its payload.
      case topic
      /// In a payload that goes back, or does not; at a client in a message that is passed over.
      case passing, payload
      case subscribe, unsubscribe
      /// Behind a server's DISCONNECT, which nothing may follow (5.0: 3.14.4).
      case ended
    }

    /// Of the last message of QoS 1 that was begun.
    var identifier: UInt16 = 0
    /// Messages without a PUBACK.
    var unacknowledged: UInt16 = 0
    /// The most messages that may be without one: as many as there are identifiers, or the server's Receive Maximum
    /// (5.0: 3.2.2.3.3).
    var most = UInt16.max
    /// The server's Maximum Packet Size, in bytes (5.0: 3.2.2.3.6).
    var largest = UInt32.max
    var place = Place.between
    /// Whether a piece of the message under way was handed out.
    var goesOn = false
    /// Whether the last message waits for its PUBACK.
    var awaitsAcknowledgement = false
    /// Whether CONNECT has brought a client identifier.
    var hasIdentifier = false
  }

  /// What has come of a packet that came cut.
  struct Cut {
    var text: [UInt8]
    var codes: [UInt8]
  }

  /// Why a message cannot be begun. In numbers, so that words are only made where they are told.
  private enum Obstacle: BitwiseCopyable {
    /// As many messages as the server takes have no PUBACK.
    case unacknowledged(UInt16)
    /// A packet of so many bytes, where the server takes so many.
    case tooLarge(UInt32)
  }

  let isServer: Bool
  let terms: MQTTTerms
  let connect: MQTTPacket?
  let subscribe: MQTTPacket?
  let readers: Column<MQTTReader>
  let conversing: Column<Conversing>
  /// Of no connections at a client.
  let filters: MQTTFilters
  /// Makes what a client says when it opens, as `texts` lists it, and then the topics of its patterns.
  let maker: MessageMaker
  /// How `maker` numbers the first topic.
  let firstTopic: Int
  /// The QoS of each pattern, and whether its messages are retained: the low bits of a PUBLISH.
  let headers: Scratch<UInt8>
  let mostHead: Int
  /// Openings of a client under way.
  var openings: [UInt32: MQTTOpening] = [:]
  var cuts: [UInt32: Cut] = [:]
  /// Reason strings whose packet has not come whole.
  var reasons: [UInt32: [UInt8]] = [:]
  var said: SaidBytes
  /// The text that is read: a server's topic or topic filter. `textCount` goes on counting beyond its end.
  let text: Scratch<UInt8>
  var textCount = 0
  var codes: [UInt8] = []
  /// What is put together before it is handed out.
  let note: Scratch<UInt8>
  /// Seconds; the shortest that a server has asked for instead of the plan's.
  var shortestKeepAlive: UInt16?
  /// Why the last message could not be begun.
  private var obstacle = Obstacle.unacknowledged(.max)
  /// Identifiers that a server has given.
  var given: UInt64 = 0
  /// The message that is begun next.
  var pattern = 0
  var facts = MessageTemplate.Facts(
    connection: 0, sequence: 0, source: .v4(0), port: 0, worker: 0, seed: 0)

  /// - Parameter descriptors: every descriptor is below this number.
  init(_ terms: MQTTTerms, isServer: Bool, descriptors: Int) throws(Errno) {
    let texts = Self.texts(terms)
    let topics = terms.publications.map(\.topic)
    let longest = texts.reduce(0) { $0 + $1.longest }
    let readers = try Column<MQTTReader>(count: descriptors)
    let conversing = try Column<Conversing>(count: descriptors)
    let filters = try MQTTFilters(connections: isServer ? descriptors : 0)
    let maker = try MessageMaker(texts + topics)
    let headers = try Scratch<UInt8>(
      copying: terms.publications.map {
        MQTTPacketKind.publish.rawValue << 4 | $0.qos.rawValue << 1 | ($0.isRetained ? 1 : 0)
      })
    // CONNECT and SUBSCRIBE with all that stands around texts, and answers.
    let said = try SaidBytes(room: longest + 8 * texts.count + 4096)
    let text = try Scratch<UInt8>(count: Self.longestTopic)
    let note = try Scratch<UInt8>(count: Self.slack)
    self.terms = terms
    self.isServer = isServer
    // The reader of plans has looked at each part of them.
    connect = isServer ? nil : try? terms.connect.packet()
    subscribe = isServer || terms.subscriptions.isEmpty ? nil : try? terms.subscribe.packet()
    self.readers = readers
    self.conversing = conversing
    self.filters = filters
    self.maker = maker
    self.headers = headers
    self.said = said
    self.text = text
    self.note = note
    firstTopic = texts.count
    // The fixed header at its longest, the lengths of topic and properties, and the identifier.
    mostHead = topics.reduce(0) { max($0, $1.longest) } + 5 + 2 + 1 + 2
    codes.reserveCapacity(Self.mostFilters)
  }

  /// What a client says when it opens.
  private static func texts(_ terms: MQTTTerms) -> [MessageTemplate] {
    let none = MessageTemplate(parts: [])
    return [terms.clientIdentifier, terms.userName ?? none, terms.password ?? none]
      + terms.subscriptions
  }

  var mayPing: Bool { !isServer && (terms.keepAlive > 0 || terms.version == .v5) }

  var whyFull: String {
    switch obstacle {
    case .unacknowledged(.max): "65,535 messages without a PUBACK"
    case .unacknowledged(let most):
      "\(most) messages without a PUBACK, and its Receive Maximum is no more"
    case .tooLarge(let most): "a message longer than its Maximum Packet Size of \(most) bytes"
    }
  }

  /// Half of the keep-alive; see `turnsToAnswer`.
  var pingInterval: UInt64? {
    guard !isServer else { return nil }
    let planned = terms.keepAlive == 0 ? nil : terms.keepAlive
    let seconds = shortestKeepAlive.map { min($0, planned ?? $0) } ?? planned
    return seconds.map { UInt64($0) * 500_000_000 }
  }

  mutating func ping(round: UInt32) { say(.pingreq, terms.version) }

  mutating func sayGoodbye() {
    // A client of 3.1.1 is told nothing: only the client ends a session in words (3.14).
    if !isServer { say(.disconnect(), terms.version) }
  }

  mutating func say(_ reply: MQTTReply, _ version: MQTTVersion) {
    unsafe said.append { room in unsafe reply.write(version, into: room) ?? 0 }
  }

  // MARK: Messages

  mutating func hear(
    _ row: UInt32, _ bytes: UnsafeMutableRawBufferPointer, into pieces: inout MessagePieceWriter
  ) -> SessionStep {
    let heard = UnsafeRawBufferPointer(bytes)
    return unsafe isServer
      ? hearClient(row, heard, into: &pieces) : hearServer(row, heard, into: &pieces)
  }

  mutating func choose(_ pattern: Int, _ facts: MessageTemplate.Facts) {
    (self.pattern, self.facts) = (pattern, facts)
  }

  /// A PUBLISH up to its payload (3.3).
  mutating func beginMessage(
    _ row: UInt32, _ piece: MessagePiece, into room: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let header = unsafe headers.buffer[pattern]
    let isCounted = header & 0b110 != 0
    let state = conversing[row]
    if isCounted, state.unacknowledged >= state.most {
      obstacle = .unacknowledged(state.most)
      return nil
    }
    let topic = unsafe maker.message(firstTopic + pattern, facts)
    let isV5 = terms.version == .v5
    let remaining = 2 + topic.count + (isCounted ? 2 : 0) + (isV5 ? 1 : 0) + piece.count
    // The header's byte, and one to four of the length.
    let whole =
      remaining + (remaining < 1 << 7 ? 2 : remaining < 1 << 14 ? 3 : remaining < 1 << 21 ? 4 : 5)
    if whole > Int(state.largest) {
      obstacle = .tooLarge(state.largest)
      return nil
    }
    var head = unsafe MessageWriter(buffer: room)
    head.append(header)
    head.append(length: remaining)
    head.append(UInt16(topic.count))
    unsafe head.append(topic)
    if isCounted { head.append(Self.identifier(after: state.identifier)) }
    // No properties.
    if isV5 { head.append(0 as UInt8) }
    return head.count
  }

  mutating func noteBegun(_ row: UInt32) {
    var state = conversing[row]
    state.awaitsAcknowledgement = unsafe headers.buffer[pattern] & 0b110 != 0
    if state.awaitsAcknowledgement {
      state.unacknowledged += 1
      state.identifier = Self.identifier(after: state.identifier)
    }
    conversing[row] = state
  }

  /// 0 is none (3.1.1: 2.3.1; 5.0: 2.2.1).
  private static func identifier(after last: UInt16) -> UInt16 { last == .max ? 1 : last + 1 }

  mutating func write(
    _ row: UInt32, _ bytes: UnsafeRawBufferPointer, at offset: Int,
    into room: UnsafeMutableRawBufferPointer
  ) {
    unsafe room.copyMemory(from: bytes)
  }

  /// A server's messages stand in notes already.
  mutating func writeHead(
    of piece: MessagePiece, into room: UnsafeMutableRawBufferPointer
  ) -> Int { 0 }

  // MARK: Reasons

  /// Not inlined, as the dictionary counts references.
  @inline(never)
  mutating func keepReason(_ row: UInt32, _ bytes: UnsafeRawBufferPointer) {
    let room = Self.longestReason - (reasons[row]?.count ?? 0)
    unsafe reasons[row, default: []].append(contentsOf: bytes.prefix(max(0, room)))
  }

  /// A reason as the limit names it, with the reason string that came before it.
  @inline(never)
  mutating func words(_ reason: MQTTReason, _ row: UInt32) -> String {
    let said = reasons.removeValue(forKey: row).map { ": \(QuotedText.of($0))" } ?? ""
    return "\(reason.shortWords) (\(reason.code))\(said)"
  }

  /// The failure of a connection on which a packet has come that refuses, by a reason of the standard.
  ///
  /// - Parameter place: which packet, as the words begin; empty for CONNACK.
  mutating func said(
    _ place: String, _ packet: MQTTPacketKind, _ reason: MQTTReason, _ row: UInt32
  ) -> LayerFailure {
    .said(
      place + words(reason, row),
      code: RefusalCode(.mqtt, UInt16(reason.code), packet: packet.rawValue))
  }

  mutating func dropReason(_ row: UInt32) {
    if !reasons.isEmpty { reasons[row] = nil }
  }
}

extension MQTTReason {
  /// The standard's name as the middle of a sentence, without what all of its table begin with.
  fileprivate var shortWords: String {
    let name = words ?? "no reason of the standard"
    let common = "Connection Refused, "
    let rest = name.hasPrefix(common) ? String(name.dropFirst(common.count)) : name
    // QoS stays as it is.
    return rest.split(separator: " ").map { word in
      word.dropFirst().allSatisfy { !$0.isUppercase } ? word.lowercased() : String(word)
    }.joined(separator: " ")
  }
}

extension MQTTTerms {
  var connect: MQTTConnect {
    var connect = MQTTConnect(
      version, clientIdentifier: clientIdentifier.parts.isEmpty ? .bytes([]) : .filled)
    connect.userName = userName.map { _ in .filled }
    connect.password = password.map { _ in .filled }
    connect.keepAlive = keepAlive
    connect.isClean = isClean
    // A session that is not clean is to be there for the next connection.
    if version == .v5, !isClean { connect.sessionExpiry = 3600 }
    return connect
  }

  /// At most QoS 1, so that no message takes more than one answer.
  var subscribe: MQTTSubscribe {
    MQTTSubscribe(
      version, subscriptions.map { _ in .init(.filled, MQTTSubscriptionOptions(qos: .atLeastOnce)) }
    )
  }
}

extension MessageWriter {
  mutating func append(_ value: UInt16) {
    append(UInt8(value >> 8))
    append(UInt8(truncatingIfNeeded: value))
  }

  /// A variable byte integer (1.5.5).
  mutating func append(length: Int) {
    var rest = length
    repeat {
      append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
      rest >>= 7
    } while rest > 0
  }
}
