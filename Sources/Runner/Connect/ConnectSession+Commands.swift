import Addressing
import Linux
import Recording
import SystemPackage

/// How commands are carried out.
extension ConnectSession {
  /// How many connections `list` shows when the user does not say how many.
  private static var usualListLength: Int { 20 }

  /// Carries out a command; returns true when it ends the session.
  mutating func obey(_ command: PromptCommand) -> Bool {
    switch command {
    case .nothing: break
    case .list(let most): list(most ?? Self.usualListLength)
    case .send(let descriptor, let bytes): send(bytes, on: descriptor)
    case .broadcast(let bytes): broadcast(bytes)
    case .close(let descriptor): closeOne(descriptor)
    case .open(let count): open(count)
    case .stats: screen.say(statistics)
    case .help: screen.say(PromptCommand.manual + "\n")
    case .quit: return true
    }
    return false
  }

  private mutating func list(_ most: Int) {
    let connections = table.connections
    var rows = [["descriptor", "source", "endpoint", "age", "sent", "received", "state"]]
    let now = Instant.now()
    for connection in connections.prefix(most) {
      rows.append([
        "\(connection.descriptor.rawValue)", connection.source.map { "\($0)" } ?? "–",
        "\(route.endpoint)", Format.duration(seconds: now.seconds(since: connection.began)),
        Format.bytes(connection.sent), Format.bytes(connection.received),
        connection.state.rawValue,
      ])
    }
    var text = Table(rows: rows).text() + "\n"
    let more = connections.count - most
    if more > 0 {
      text += "and \(Format.count(more)) more; list \(connections.count) shows all\n"
    }
    screen.say(text)
  }

  private mutating func send(_ bytes: [UInt8], on descriptor: Int32) {
    guard let connection = connection(descriptor) else { return }
    if case .refused(let why) = send(bytes, to: connection) { screen.warn(why + "\n") }
  }

  private mutating func broadcast(_ bytes: [UInt8]) {
    var count = 0
    for connection in table.connections {
      switch send(bytes, to: connection) {
      case .taken: count += 1
      case .refused(let why): screen.warn(why + "\n")
      case .ended: break
      }
    }
    reportRemainingCloses()
    screen.say("sent to \(Format.count(count)) \(count == 1 ? "connection" : "connections")\n")
  }

  private mutating func closeOne(_ descriptor: Int32) {
    guard let connection = connection(descriptor) else { return }
    close(connection)
    table.closedHere += 1
    screen.say("\(Self.label(connection)) closed\n")
  }

  /// The connection with this descriptor; nil, after a message to the user, when there is none.
  private mutating func connection(_ descriptor: Int32) -> PeerConnection? {
    if let connection = table[descriptor] { return connection }
    screen.warn("there is no connection with descriptor \(descriptor); `list` shows them\n")
    return nil
  }

  /// How many connections are open, and the totals since the session began, in one line.
  var statistics: String {
    """
    \(Format.count(table.open)) open, \(Format.count(table.opened)) opened, \
    \(Format.count(table.failed)) failed, \(Format.count(table.closedByPeer)) closed by the peer, \
    \(Format.count(table.closedHere)) closed here; \
    sent \(Format.bytes(table.sent)), received \(Format.bytes(table.received))

    """
  }
}

extension PromptCommand {
  /// Whether the command shows or closes connections to which answers may still be on their way.
  var waitsForReplies: Bool {
    switch self {
    case .list, .close, .stats, .quit: true
    case .send, .broadcast, .open, .help, .nothing: false
    }
  }
}
