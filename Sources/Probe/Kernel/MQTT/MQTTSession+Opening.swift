import Linux
import Messages
import Protocols
import SystemPackage

/// An opening of a client under way.
struct MQTTOpening {
  var facts: MessageTemplate.Facts
  /// Whether CONNACK has come, so that SUBACK is what is missing.
  var isConnected = false
  /// Which of the topic filters has an answer next.
  var answered = 0
  /// The first one that was refused, and with which code.
  var refused: (filter: Int, reason: MQTTReason)?
  /// Why the server does not take the plan's messages, as CONNACK says; nil where it does.
  var conflict: String?

  /// The packet identifier of SUBSCRIBE. Nothing else waits for an answer yet, so any will do.
  static var identifier: UInt16 { 1 }
}

extension MQTTSession {
  mutating func introduce(_ row: UInt32, _ facts: MessageTemplate.Facts) {
    openings[row] = MQTTOpening(facts: facts)
  }

  mutating func begin(_ row: UInt32) {
    readers[row] = isServer ? .server : MQTTReader(client: terms.version)
    conversing[row] = Conversing()
    if isServer {
      filters.clear(row)
    } else {
      sayFilled(connect, row)
    }
  }

  func missing(_ row: UInt32) -> String {
    if isServer { return "no CONNECT" }
    return openings[row]?.isConnected == true ? "no SUBACK" : "no CONNACK"
  }

  mutating func forget(_ row: UInt32) {
    openings[row] = nil
    cuts[row] = nil
    reasons[row] = nil
  }

  mutating func hearOpening(
    _ row: UInt32, _ bytes: UnsafeMutableRawBufferPointer
  ) -> OpeningStep {
    let heard = UnsafeRawBufferPointer(bytes)
    return unsafe isServer ? hearConnect(row, heard) : hearConnack(row, heard)
  }

  /// Says a packet with what the connection fills in.
  private mutating func sayFilled(_ packet: MQTTPacket?, _ row: UInt32) {
    guard let packet, let facts = openings[row]?.facts else { return }
    var texts: [[UInt8]] = []
    for number in 0..<firstTopic {
      texts.append(unsafe Array(maker.message(number, facts)))
    }
    let bytes = packet.bytes(identifier: MQTTOpening.identifier) { field, number in
      switch field {
      case .userName: texts[1]
      case .password: texts[2]
      case .topicFilter: texts[3 + number]
      default: texts[0]
      }
    }
    said.append(bytes ?? [])
  }

  // MARK: The client's

  private mutating func hearConnack(
    _ row: UInt32, _ heard: UnsafeRawBufferPointer
  ) -> OpeningStep {
    var reader = readers[row]
    defer { readers[row] = reader }
    var used = 0
    while true {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: heard[used...])
      let step = unsafe reader.next(rest)
      used += step.used
      switch step.event {
      case .needsMore: return .goesOn
      case .value(.serverKeepAlive, let seconds):
        // Instead of the one that the client has asked for (5.0: 3.2.2.3.14).
        if seconds > 0 {
          shortestKeepAlive = min(shortestKeepAlive ?? .max, UInt16(clamping: seconds))
        }
      case .value(let property, let value): take(property, value, of: row)
      case .piece(.reasonString, let count):
        unsafe keepReason(
          row, UnsafeRawBufferPointer(rebasing: rest[step.used - count..<step.used]))
      case .connack(let isSessionPresent, let reason):
        guard !reason.isFailure else { return .refused(said("", .connack, reason, row)) }
        dropReason(row)
        if isSessionPresent, terms.isClean {
          let section = terms.version == .v5 ? "MQTT 5.0, 3.2.2.1.1" : "MQTT 3.1.1, 3.2.2.2"
          return .refused(.said("a session is present, and a clean one was asked for (\(section))"))
        }
        if let conflict = openings[row]?.conflict { return .refused(.said(conflict)) }
        guard let subscribe else {
          openings[row] = nil
          return .done(used: used)
        }
        openings[row]?.isConnected = true
        sayFilled(subscribe, row)
      case .subackCode(let identifier, let reason):
        guard identifier == MQTTOpening.identifier, var opening = openings[row] else { continue }
        if reason.isFailure, opening.refused == nil {
          opening.refused = (opening.answered, reason)
        }
        opening.answered += 1
        openings[row] = opening
      case .suback(let identifier, _):
        guard identifier == MQTTOpening.identifier else {
          return .refused(
            .said(
              "SUBACK with the packet identifier \(identifier), and SUBSCRIBE has \(MQTTOpening.identifier)"
            ))
        }
        let opening = openings.removeValue(forKey: row)
        if let refused = opening?.refused {
          let which =
            terms.subscriptions.count > 1 ? " of the topic filter \(refused.filter + 1)" : ""
          return .refused(said("SUBACK\(which): ", .suback, refused.reason, row))
        }
        dropReason(row)
        guard opening?.answered == terms.subscriptions.count else {
          return .refused(.said("SUBACK with another number of codes than SUBSCRIBE has filters"))
        }
        return .done(used: used)
      // What was retained may come before SUBACK (3.8.4), and nobody has asked for it yet.
      case .publishEnds(let facts, let identifier): acknowledge(facts, identifier)
      case .pubrel(let identifier, _):
        dropReason(row)
        say(.pubcomp(identifier), terms.version)
      case .disconnect(let reason):
        return .refused(said("DISCONNECT: ", .disconnect, reason, row))
      case .auth: return .refused(.said("AUTH, which nobody has asked for"))
      case .malformed(let malformation): return .refused(refusal(malformation, terms.version))
      default: continue
      }
    }
  }

  /// Takes what CONNACK grants. What a server takes less of than the plan sends is a conflict; another server may take
  /// it, so it is kept for the connection.
  private mutating func take(_ property: MQTTProperty, _ value: UInt32, of row: UInt32) {
    switch property {
    case .receiveMaximum: conversing[row].most = UInt16(clamping: value)
    case .maximumPacketSize: conversing[row].largest = value
    case .maximumQoS:
      guard value == 0, terms.publications.contains(where: { $0.qos != .atMostOnce }) else {
        return
      }
      openings[row]?.conflict =
        "its Maximum QoS is 0, and messages have QoS 1 (MQTT 5.0, 3.2.2.3.4)"
    case .retainAvailable:
      guard value == 0, terms.publications.contains(where: \.isRetained) else { return }
      openings[row]?.conflict =
        "it retains no messages, and these are retained (MQTT 5.0, 3.2.2.3.5)"
    default: break
    }
  }

  /// What is said of a packet of the peer's that breaks a rule.
  func refusal(_ malformation: MQTTMalformation, _ version: MQTTVersion) -> LayerFailure {
    let sections = malformation.sections
    let section = (version == .v5 ? sections.v5 : sections.v311) ?? sections.v5 ?? sections.v311
    let standard = version == .v5 ? "MQTT 5.0" : "MQTT 3.1.1"
    return .said(
      "against the rules: \(malformation.words)\(section.map { " (\(standard), \($0))" } ?? "")")
  }

  /// Answers a message of the server's as its QoS wants it.
  mutating func acknowledge(_ facts: MQTTPublishFacts, _ identifier: UInt16) {
    switch facts.qos {
    case .atMostOnce: break
    case .atLeastOnce: say(.puback(identifier), terms.version)
    // It was not asked for, but may come on a session that another client has subscribed in.
    case .exactlyOnce: say(.pubrec(identifier), terms.version)
    }
  }

  // MARK: The server's

  private mutating func hearConnect(
    _ row: UInt32, _ heard: UnsafeRawBufferPointer
  ) -> OpeningStep {
    var reader = readers[row]
    var state = conversing[row]
    defer {
      readers[row] = reader
      conversing[row] = state
    }
    var used = 0
    while true {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: heard[used...])
      let step = unsafe reader.next(rest)
      used += step.used
      switch step.event {
      case .needsMore: return .goesOn
      case .piece(.clientIdentifier, _): state.hasIdentifier = true
      case .connectEnds:
        let version = reader.version ?? .v311
        if version == .v5, !state.hasIdentifier {
          sayConnackWithIdentifier()
        } else {
          say(.connack(), version)
        }
        return .done(used: used)
      case .malformed(let malformation):
        let version = reader.version ?? .v311
        if let code = malformation.connackCode(version) { say(.connack(code), version) }
        return .refused(refusal(malformation, version))
      default: continue
      }
    }
  }

  /// A client of 5.0 that has no name is told the one that it has (3.2.2.3.7).
  private mutating func sayConnackWithIdentifier() {
    given += 1
    let name = Array("runner-\(given)".utf8)
    let properties =
      [MQTTProperty.assignedClientIdentifier.rawValue, 0, UInt8(name.count)] + name
    said.append(
      [MQTTPacketKind.connack.header, UInt8(3 + properties.count), 0, 0, UInt8(properties.count)]
        + properties)
  }
}
