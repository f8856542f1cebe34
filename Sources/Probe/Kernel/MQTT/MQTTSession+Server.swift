import Linux
import Messages
import Protocols

/// What a server hears behind the opening. It is no broker: a message goes to nobody but the connection it came on.
extension MQTTSession {
  mutating func hearClient(
    _ row: UInt32, _ heard: UnsafeRawBufferPointer, into pieces: inout MessagePieceWriter
  ) -> SessionStep {
    var reader = readers[row]
    var state = conversing[row]
    defer {
      readers[row] = reader
      conversing[row] = state
    }
    let version = reader.version ?? .v311
    if !cuts.isEmpty { takeCut(row) }
    var used = 0
    while true {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: heard[used...])
      let step = unsafe reader.next(rest)
      used += step.used
      switch step.event {
      case .needsMore:
        pieces.endPiece()
        switch state.place {
        case .topic, .subscribe, .unsubscribe: keepCut(row)
        case .between, .passing, .payload, .ended: break
        }
        return SessionStep(event: .more, used: used)
      case .publishBegins:
        textCount = 0
        state.place = .topic
      case .piece(.topic, let count), .piece(.topicFilter, let count):
        unsafe keepText(UnsafeRawBufferPointer(rebasing: rest[step.used - count..<step.used]))
      case .piece(.payload, let count):
        if state.place == .topic {
          beginPayload(row, &state, payload: reader.payloadLeft + count, version, &pieces)
        }
        unsafe pieces.add(
          UnsafeRawBufferPointer(rebasing: rest[step.used - count..<step.used]),
          state.place == .passing ? .binary : .text, begins: !state.goesOn)
        state.goesOn = true
      case .publishEnds(let facts, let identifier):
        if state.place == .topic { beginPayload(row, &state, payload: 0, version, &pieces) }
        if state.goesOn { pieces.endMessage(.binary, begins: false) }
        state.goesOn = false
        state.place = .between
        answer(facts, identifier, version, into: &pieces)
      case .pingreq: answer(.pingresp, version, into: &pieces)
      case .value, .connectBegins, .connectEnds: continue
      default:
        if let event = hearRare(row, &state, step.event, version, into: &pieces) {
          pieces.endPiece()
          return SessionStep(event: event, used: used)
        }
      }
    }
  }

  // MARK: Messages

  /// The topic is whole. Where it goes back, its packet begins here.
  @inline(__always)
  private mutating func beginPayload(
    _ row: UInt32, _ state: inout Conversing, payload: Int, _ version: MQTTVersion,
    _ pieces: inout MessagePieceWriter
  ) {
    state.place = .payload
    guard terms.passesOn, textCount <= Self.longestTopic, !filters.isEmpty(row) else { return }
    let topic = unsafe UnsafeRawBufferPointer(
      rebasing: UnsafeRawBufferPointer(text.buffer)[..<textCount])
    guard unsafe filters.select(topic, of: row) else { return }
    state.place = .passing
    var head = unsafe MessageWriter(buffer: UnsafeMutableRawBufferPointer(note.buffer))
    head.append(MQTTPacketKind.publish.rawValue << 4)
    head.append(length: 2 + topic.count + (version == .v5 ? 1 : 0) + payload)
    head.append(UInt16(topic.count))
    unsafe head.append(topic)
    if version == .v5 { head.append(0 as UInt8) }
    handOut(head.count, into: &pieces)
  }

  @inline(__always)
  private mutating func answer(
    _ facts: MQTTPublishFacts, _ identifier: UInt16, _ version: MQTTVersion,
    into pieces: inout MessagePieceWriter
  ) {
    switch facts.qos {
    case .atMostOnce: break
    case .atLeastOnce: answer(.puback(identifier), version, into: &pieces)
    case .exactlyOnce: answer(.pubrec(identifier), version, into: &pieces)
    }
  }

  @inline(__always)
  private mutating func answer(
    _ reply: MQTTReply, _ version: MQTTVersion, into pieces: inout MessagePieceWriter
  ) {
    let room = unsafe UnsafeMutableRawBufferPointer(note.buffer)
    handOut(unsafe reply.write(version, into: room) ?? 0, into: &pieces)
  }

  /// Hands out so many bytes of `note`.
  @inline(__always)
  private mutating func handOut(_ count: Int, into pieces: inout MessagePieceWriter) {
    unsafe pieces.add(
      UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(note.buffer)[..<count]), .note,
      begins: true)
    pieces.endMessage(.note, begins: true)
  }

  // MARK: Texts

  @inline(__always)
  private mutating func keepText(_ bytes: UnsafeRawBufferPointer) {
    let room = Self.longestTopic - textCount
    if room > 0, bytes.count > 0 {
      let kept = min(room, bytes.count)
      unsafe UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(text.buffer)[textCount..<textCount + kept]
      ).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<kept]))
    }
    textCount += bytes.count
  }

  @inline(never)
  private mutating func keepCut(_ row: UInt32) {
    let text = unsafe UnsafeRawBufferPointer(text.buffer)
    // One that is too long stays so.
    let kept = unsafe Array(text[..<min(textCount, text.count)])
    cuts[row] = Cut(text: textCount > kept.count ? kept + [0] : kept, codes: codes)
  }

  @inline(never)
  private mutating func takeCut(_ row: UInt32) {
    guard let cut = cuts.removeValue(forKey: row) else { return }
    textCount = 0
    unsafe cut.text.withUnsafeBytes { unsafe keepText($0) }
    codes = cut.codes
  }

  // MARK: The other packets

  /// Not inlined, as these packets are rare.
  @inline(never)
  private mutating func hearRare(
    _ row: UInt32, _ state: inout Conversing, _ event: MQTTEvent, _ version: MQTTVersion,
    into pieces: inout MessagePieceWriter
  ) -> SessionStep.Event? {
    switch event {
    case .subscribeBegins, .unsubscribeBegins:
      textCount = 0
      codes.removeAll(keepingCapacity: true)
      if case .subscribeBegins = event {
        state.place = .subscribe
      } else {
        state.place = .unsubscribe
      }
    case .topicFilter, .unsubscribedFilter:
      guard codes.count < Self.mostFilters else {
        if version == .v5 { say(.disconnect(0x97), version) }
        return .failed(.said("the peer sent more than 64 topic filters in one packet"))
      }
      if case .topicFilter(let options) = event {
        codes.append(subscribe(row, options, version))
      } else {
        codes.append(unsubscribe(row))
      }
      textCount = 0
    case .subscribeEnds(let identifier):
      state.place = .between
      answer(.suback, identifier, hasCodes: true, version, into: &pieces)
    case .unsubscribeEnds(let identifier):
      state.place = .between
      answer(.unsuback, identifier, hasCodes: version == .v5, version, into: &pieces)
    case .pubrel(let identifier, _): answer(.pubcomp(identifier), version, into: &pieces)
    case .disconnect: return .ended(nil)
    case .auth:
      say(.disconnect(0x82), version)
      return .failed(.said("the peer sent an AUTH that answers nothing"))
    case .malformed(let malformation):
      if version == .v5 { say(.disconnect(malformation.reasonCode), version) }
      return .failed(refusal(malformation, version))
    default: break
    }
    return nil
  }

  /// Codes of 5.0 for what no server has to do; 3.1.1 has one for all.
  private enum Refused {
    static var tooLong: UInt8 { 0x83 }
    static var full: UInt8 { 0x97 }
    static var shared: UInt8 { 0x9E }
  }

  /// Keeps the filter whose text has come; returns what SUBACK says of it. QoS 0 is granted, as what goes back is
  /// not kept until somebody has it.
  private mutating func subscribe(
    _ row: UInt32, _ options: MQTTSubscriptionOptions, _ version: MQTTVersion
  ) -> UInt8 {
    let isV5 = version == .v5
    guard textCount <= Self.longestTopic else { return isV5 ? Refused.tooLong : 0x80 }
    let text = unsafe UnsafeRawBufferPointer(
      rebasing: UnsafeRawBufferPointer(text.buffer)[..<textCount])
    if isV5, unsafe text.starts(with: "$share/".utf8) { return Refused.shared }
    guard var filter = unsafe MQTTFilters.filter(text) else {
      return isV5 ? Refused.tooLong : 0x80
    }
    if options.isNoLocal { filter.traits |= MQTTFilters.Filter.isForOthers }
    return filters.add(filter, to: row) ? 0 : isV5 ? Refused.full : 0x80
  }

  private mutating func unsubscribe(_ row: UInt32) -> UInt8 {
    let text = unsafe UnsafeRawBufferPointer(
      rebasing: UnsafeRawBufferPointer(text.buffer)[..<min(textCount, Self.longestTopic)])
    guard let filter = unsafe MQTTFilters.filter(text), filters.remove(filter, from: row) else {
      // No subscription existed.
      return 0x11
    }
    return 0
  }

  private mutating func answer(
    _ kind: MQTTPacketKind, _ identifier: UInt16, hasCodes: Bool, _ version: MQTTVersion,
    into pieces: inout MessagePieceWriter
  ) {
    var packet = unsafe MessageWriter(buffer: UnsafeMutableRawBufferPointer(note.buffer))
    packet.append(kind.header)
    packet.append(length: 2 + (version == .v5 ? 1 : 0) + (hasCodes ? codes.count : 0))
    packet.append(identifier)
    if version == .v5 { packet.append(0 as UInt8) }
    if hasCodes { for code in codes { packet.append(code) } }
    handOut(packet.count, into: &pieces)
  }
}
