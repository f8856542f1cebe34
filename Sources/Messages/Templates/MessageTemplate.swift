package import Addressing

/// What a message says: fixed bytes, and places that each connection fills in for itself.
///
/// The same facts always give the same bytes. So an answer can be compared with a message that was
/// not kept, and a replay sends what the run sent.
package struct MessageTemplate: Sendable, Equatable {
  package enum Part: Sendable, Equatable {
    case bytes([UInt8])
    /// The connection's number, from 0, unique among all connections of the run.
    case connection
    /// The message's number on its connection, from 0.
    case sequence
    /// The connection's source address.
    case source
    /// The connection's source port.
    case port
    /// The client worker's number, from 0.
    case worker
    /// What the plan's data has for the connection.
    case data(DataColumn)
    /// So many letters and digits, different for every message.
    case random(Int)
    /// How many bytes `fixed` bytes and these parts have together. The parts may stand anywhere in what the message
    /// belongs to; they are not written here. None of them is `bytes` or `length`.
    case length(fixed: Int, varying: [Part], form: LengthForm)

    /// How many bytes these parts have together.
    package static func length(of parts: [Part], form: LengthForm = .decimal) -> Part {
      var fixed = 0
      var varying: [Part] = []
      for part in parts {
        if case .bytes(let bytes) = part { fixed += bytes.count } else { varying.append(part) }
      }
      return .length(fixed: fixed, varying: varying, form: form)
    }
  }

  /// No message is longer, so that one buffer takes any of them.
  package static let mostBytes = 1 << 20

  package let parts: [Part]

  package init(parts: [Part]) {
    self.parts = parts
  }

  package init(bytes: [UInt8]) {
    parts = bytes.isEmpty ? [] : [.bytes(bytes)]
  }

  /// Templates one after another. Bytes that come to stand side by side become one part.
  package init(joining templates: [MessageTemplate]) {
    var parts: [Part] = []
    for part in templates.flatMap(\.parts) {
      if case .bytes(let more) = part, case .bytes(let bytes)? = parts.last {
        parts[parts.count - 1] = .bytes(bytes + more)
      } else {
        parts.append(part)
      }
    }
    self.parts = parts
  }

  /// The most bytes that a message of this template can have.
  package var longest: Int {
    parts.reduce(0) { total, part in
      switch part {
      case .bytes(let bytes): total + bytes.count
      case .random(let count): total + count
      // A number of 64 bits has 20 digits at most.
      case .connection, .sequence, .worker: total + 20
      case .port: total + 5
      case .data(let column): total + column.longest
      case .length(_, _, let form): total + form.longest
      // The longest text is that of an IPv6 address: INET6_ADDRSTRLEN without its zero.
      case .source: total + 45
      }
    }
  }

  /// The bytes of every message, where all are the same; nil where they differ.
  package var fixed: [UInt8]? {
    switch parts.count {
    case 0: return []
    case 1:
      if case .bytes(let bytes) = parts[0] { return bytes }
      return nil
    default: return nil
    }
  }

  /// Whether there are connections for which the message has no bytes.
  package var mayBeEmpty: Bool {
    parts.allSatisfy { if case .data(let column) = $0 { column.hasEmpty } else { false } }
  }

  /// Texts that stand for all messages where a protocol's rules are checked: a `0` in the place of each placeholder,
  /// and the shapes of data.
  package var samples: [[UInt8]] {
    func text(_ part: Part) -> [[UInt8]] {
      switch part {
      case .bytes(let bytes): [bytes]
      case .data(let column): column.shapes
      default: [[UInt8(ascii: "0")]]
      }
    }
    let texts = parts.map(text)
    let plain = texts.flatMap { $0[0] }
    // One column after the other has each of its shapes.
    let others = texts.indices.flatMap { place in
      texts[place].dropFirst().map { shape in
        texts.indices.flatMap { $0 == place ? shape : texts[$0][0] }
      }
    }
    return [plain] + others
  }

  /// What `find` gives first for one of the texts that the rows of data make, with a `0` in the place of each other
  /// placeholder.
  package func firstValue<Found>(_ find: ([UInt8]) -> Found?) -> Found? {
    let columns = parts.compactMap { if case .data(let column) = $0 { column } else { nil } }
    let rows = max(1, columns.map(\.values.rows).max() ?? 1)
    for row in 0..<rows {
      let text = parts.flatMap { part -> [UInt8] in
        switch part {
        case .bytes(let bytes): bytes
        case .data(let column) where column.values.rows > 0:
          unsafe Array(column.values.value(of: UInt64(row)))
        default: [UInt8(ascii: "0")]
        }
      }
      if let found = find(text) { return found }
    }
    return nil
  }

  /// Whether the messages of a connection differ from each other: by their number, or by random text that is too
  /// long to be the same by chance.
  package var differsByMessage: Bool {
    parts.contains { part in
      switch part {
      case .sequence: true
      // Fewer of 62 letters and digits repeat by chance.
      case .random(let count): count >= 8
      case .bytes, .connection, .source, .port, .worker, .data, .length: false
      }
    }
  }

  /// What fills the places of one message; see `Part`.
  package struct Facts {
    package var connection: UInt64
    package var sequence: UInt64
    package var source: IPAddress
    package var port: UInt16
    package var worker: Int
    /// The run's seed, from which random text follows.
    package var seed: UInt64

    package init(
      connection: UInt64, sequence: UInt64, source: IPAddress, port: UInt16, worker: Int,
      seed: UInt64
    ) {
      self.connection = connection
      self.sequence = sequence
      self.source = source
      self.port = port
      self.worker = worker
      self.seed = seed
    }
  }
}
