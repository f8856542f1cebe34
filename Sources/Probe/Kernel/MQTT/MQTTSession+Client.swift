import Linux
import Protocols

/// What a client hears behind the opening.
extension MQTTSession {
  mutating func hearServer(
    _ row: UInt32, _ heard: UnsafeRawBufferPointer, into pieces: inout MessagePieceWriter
  ) -> SessionStep {
    var reader = readers[row]
    var state = conversing[row]
    defer {
      readers[row] = reader
      conversing[row] = state
    }
    // In the read that has brought the end, too, the kernel drops what stands behind it.
    if state.place == .ended { return SessionStep(event: .more, used: heard.count) }
    var used = 0
    while true {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: heard[used...])
      let step = unsafe reader.next(rest)
      used += step.used
      switch step.event {
      case .needsMore:
        pieces.endPiece()
        return SessionStep(event: said.isEmpty ? .more : .answer, used: used)
      case .publishBegins(let facts):
        // The server kept it from before this subscription. No message of this client's comes back so (3.3.1.3).
        state.place = facts.isRetained ? .passing : .between
      case .piece(.payload, _) where state.place == .passing: continue
      case .piece(.payload, let count):
        unsafe pieces.add(
          UnsafeRawBufferPointer(rebasing: rest[step.used - count..<step.used]), .binary,
          begins: !state.goesOn)
        state.goesOn = true
      case .publishEnds(let facts, let identifier):
        if state.place != .passing {
          pieces.endMessage(.binary, begins: !state.goesOn)
          state.goesOn = false
        }
        state.place = .between
        acknowledge(facts, identifier)
        // One answer is never longer.
        if said.left < 64 { return SessionStep(event: .answer, used: used) }
      case .puback(let identifier, let reason):
        hearAcknowledgement(row, &state, identifier, reason, into: &pieces)
      case .value, .subackCode, .unsubackCode, .piece:
        if case .piece(.reasonString, let count) = step.event {
          unsafe keepReason(
            row, UnsafeRawBufferPointer(rebasing: rest[step.used - count..<step.used]))
        }
      default:
        if let event = hearRare(row, step.event) {
          if case .ended = event { state.place = .ended }
          pieces.endPiece()
          return SessionStep(event: event, used: used)
        }
      }
    }
  }

  /// A message of this client's has arrived, or was refused.
  @inline(__always)
  private mutating func hearAcknowledgement(
    _ row: UInt32, _ state: inout Conversing, _ identifier: UInt16, _ reason: MQTTReason,
    into pieces: inout MessagePieceWriter
  ) {
    // One for a message that waits for none means nothing.
    if state.unacknowledged > 0 { state.unacknowledged -= 1 }
    guard state.awaitsAcknowledgement, identifier == state.identifier else {
      return dropReason(row)
    }
    state.awaitsAcknowledgement = false
    if reason.isFailure {
      noteRefusal(row, reason, into: &pieces)
    } else {
      dropReason(row)
    }
    pieces.endMessage(.note, begins: true)
  }

  @inline(never)
  private mutating func noteRefusal(
    _ row: UInt32, _ reason: MQTTReason, into pieces: inout MessagePieceWriter
  ) {
    let words = Array("PUBACK: \(words(reason, row))".utf8.prefix(Self.longestTopic))
    unsafe words.withUnsafeBytes { unsafe pieces.add($0, .note, begins: true) }
  }

  /// Not inlined, as these packets are rare.
  @inline(never)
  private mutating func hearRare(_ row: UInt32, _ event: MQTTEvent) -> SessionStep.Event? {
    switch event {
    case .pingresp: return .alive(round: nil)
    case .pubrel(let identifier, _):
      dropReason(row)
      say(.pubcomp(identifier), terms.version)
      return .answer
    case .disconnect(let reason):
      guard reason.isFailure else {
        dropReason(row)
        return .ended(nil)
      }
      return .ended(said("DISCONNECT: ", .disconnect, reason, row))
    case .malformed(let malformation):
      // 3.1.1 closes without a word.
      if terms.version == .v5 { say(.disconnect(malformation.reasonCode), .v5) }
      return .failed(refusal(malformation, terms.version))
    case .suback, .unsuback, .pubrec, .pubcomp, .auth:
      if terms.version == .v5 { say(.disconnect(0x82), .v5) }
      return .failed(.said("the peer sent \(Self.name(event)) that answers nothing"))
    default: return nil
    }
  }

  private static func name(_ event: MQTTEvent) -> String {
    switch event {
    case .suback: "a SUBACK"
    case .unsuback: "an UNSUBACK"
    case .pubrec: "a PUBREC"
    case .pubcomp: "a PUBCOMP"
    default: "an AUTH"
    }
  }
}
