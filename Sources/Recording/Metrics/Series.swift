/// One quantity over time.
package struct Series: Sendable, Equatable {
  package enum Kind: String, Sendable {
    /// A level, such as bytes available now.
    case gauge
    /// A count since the run started, such as failures so far.
    case counter
  }

  /// Identifies a series in the recording. `label` tells apart series of one name: a source
  /// address, an endpoint, a message pattern.
  package struct Key: Sendable, Hashable {
    package var name: String
    package var label: String

    package init(_ name: String, label: String = "") {
      self.name = name
      self.label = label
    }
  }

  package struct Point: Sendable, Equatable {
    /// Seconds since the run started.
    package var at: Double
    package var value: Double

    package init(at: Double, value: Double) {
      self.at = at
      self.value = value
    }
  }

  package var key: Key
  /// As `Reading.unit`.
  package var unit: String
  package var kind: Kind
  package var points: [Point]

  package init(key: Key, unit: String, kind: Kind, points: [Point] = []) {
    self.key = key
    self.unit = unit
    self.kind = kind
    self.points = points
  }
}

extension Series.Key {
  /// Connections that the clients hold.
  package static let established = Self("connections.established")
  /// Connections of the clients that the built-in server has accepted and holds.
  package static let accepted = Self("connections.accepted")
  /// Handshakes under way.
  package static let connecting = Self("connections.connecting")
  /// Connections that the built-in server holds from elsewhere than the clients' sources. The
  /// series begins when the first one comes.
  package static let others = Self("connections.others")
  /// Connections begun since the run started, with those that failed at once.
  package static let attempts = Self("attempts")
  /// Handshakes begun anew after a timeout.
  package static let retries = Self("retries")
  package static let failures = Self("failures")
  /// Handshakes that finished since the run started.
  package static let handshakes = Self("handshakes")
  /// Handshakes of TLS that finished since the run started: in every run over TLS, from its beginning.
  package static let secured = Self("tls.handshakes")
  /// Those of them that resumed a session: in every run whose plan has them resume any, from its beginning.
  package static let resumed = Self("tls.resumed")
  /// Established connections that ended without being closed by the client.
  package static let lost = Self("connections.lost")
  package static let reconnected = Self("connections.reconnected")
  package static let returning = Self("connections.returning")
  /// Pairs of source port and endpoint that the client passed over; each pair counts once.
  /// Something else on the host or TIME_WAIT held the pair, or source and endpoint were the same.
  package static let portsSkipped = Self("ports.skipped")
  /// Connections that a churn closed, when their lifetime or the churn was over.
  package static let churned = Self("connections.churned")
  /// Connections held now that have sent messages and never got an answer.
  package static let unanswered = Self("connections.unanswered")
  /// Connections on which something came that nobody had asked for.
  package static let unasked = Self("connections.unasked")
  /// How often a connection waited for quiet after a wrong answer, because nobody knows where such
  /// an answer ends.
  package static let waits = Self("messages.waits")
  package static let bytesSent = Self("bytes.sent")
  package static let bytesReceived = Self("bytes.received")
  /// Bytes that came while no answer was expected.
  package static let bytesUnexpected = Self("bytes.unexpected")
  package static let memoryAvailable = Self("memory.available")
  /// Kernel memory that connections have taken since the run started.
  package static let kernelMemory = Self("memory.kernel")
  package static let slab = Self("memory.slab")
  /// Memory of all TCP sockets of the host, in pages, not bytes.
  package static let tcpPages = Self("memory.tcp")

  /// Messages of one pattern that were due and not sent.
  package static func unsent(_ pattern: String) -> Self { Self("messages.unsent", label: pattern) }
  /// For how many seconds of the run so far phases were to send messages of one pattern.
  package static func wanted(_ pattern: String) -> Self { Self("messages.wanted", label: pattern) }
  /// Messages of one pattern with this outcome, since the run started.
  package static func messages(_ outcome: MessageOutcome, _ pattern: String) -> Self {
    Self(outcome.seriesName, label: pattern)
  }
  /// Failures of one kind, for example `client socket EMFILE`.
  package static func failures(_ cause: String) -> Self { Self("failures.by-cause", label: cause) }
  /// Seconds of processor time of `client`, `server` or `coordinator` processes.
  package static func processor(_ whose: String) -> Self { Self("processor", label: whose) }
  /// Established connections that one source address holds.
  package static func source(_ address: String) -> Self {
    Self("source.established", label: address)
  }
  /// Connections that the listener of one endpoint has accepted and holds.
  package static func endpoint(_ address: String) -> Self {
    Self("endpoint.accepted", label: address)
  }
}
