import Addressing
import Messages
import Recording

extension Reader {
  private enum Default {
    static let backlog = 4096
    static let sources = "127.0.0.2-127.0.0.21"
    static let connectTimeout = Duration.seconds(10)
    static let retries = 3
  }

  /// More retries than this only make a run longer.
  private static let mostRetries = 100

  /// More worker processes than this have no use on any host.
  private static let mostProcesses = 4096

  // MARK: Server

  mutating func server(_ item: Item) -> Server? {
    let known = ["listen", "processes", "reply", "readiness", "backlog", "tls"]
    guard let fields = fields(item, in: "server", known: known) else { return nil }
    guard let listen = fields["listen"] else {
      report(item.place, "server needs 'listen'", hint: "for example listen: 127.0.0.1:9000")
      return nil
    }
    let endpoint = value(listen.item, "an address and a port", Self.listen)
    // A wrong `listen` has stand-ins here, so that errors in the other keys are found as well.
    let server = Server(
      addresses: endpoint?.addresses ?? AddressRange(.v4(0)), port: endpoint?.port ?? 1,
      processes: fields["processes"].flatMap { processes($0.item) } ?? .auto,
      reply: fields["reply"].flatMap { reply($0.item) } ?? .echo,
      readiness: fields["readiness"].flatMap { word($0.item, as: ServerReadiness.self) }
        ?? .direct,
      backlog: fields["backlog"].flatMap { value($0.item, "a count", Self.backlog) }
        ?? Default.backlog)
    guard endpoint != nil else { return nil }
    if case .count(let count) = server.processes, count > server.endpoints.count {
      let place = fields["processes"]?.item.place ?? item.place
      report(
        place,
        "\(Format.count(count)) server processes need as many endpoints, and \(server.listen) has"
          + " \(Format.count(server.endpoints.count))",
        hint: "listen on a lower port or on more addresses")
    }
    return server
  }

  private mutating func processes(_ item: Item) -> Processes? {
    value(item, "auto or a count") { text throws(Problem) in
      if text == "auto" { return .auto }
      if let hint = didYouMean(text, ["auto"]) {
        throw Problem("expected auto or a count, found \(quoted(text))", hint: hint)
      }
      let count = try Units.positiveCount(text)
      guard count <= Self.mostProcesses else {
        throw Problem("no end has more than \(Format.count(Self.mostProcesses)) processes")
      }
      return .count(count)
    }
  }

  private static func backlog(_ text: String) throws(Problem) -> Int {
    let count = try Units.positiveCount(text)
    guard count <= Int(Int32.max) else { throw Problem("\(quoted(text)) is too large") }
    return count
  }

  /// `ADDRESS:PORT` or `FIRST-LAST:PORT`; an IPv6 address stands in brackets.
  static func listen(
    _ text: String
  ) throws(Problem) -> (addresses: AddressRange, port: UInt16) {
    let hint = "write ADDRESS:PORT, for example 127.0.0.1:9000 or [::1]:9000"
    guard let colon = text.lastIndex(of: ":") else {
      throw Problem("\(quoted(text)) is not an address and a port", hint: hint)
    }
    let host = String(text[..<colon])
    guard host.contains("[") || !host.contains(":") else {
      throw Problem(
        "\(quoted(text)) is not an address and a port: an IPv6 address stands in brackets",
        hint: hint)
    }
    let port = try port(String(text[text.index(after: colon)...]))
    return (try addresses(withoutBrackets(host)), port)
  }

  /// An address or a range without its brackets, which stand around the whole or around each address.
  /// Any other bracket stays, so that the text is refused as no address.
  private static func withoutBrackets(_ host: String) -> String {
    if host.hasPrefix("["), host.firstIndex(of: "]") == host.indices.last {
      return String(host.dropFirst().dropLast())
    }
    return host.split(separator: "-", omittingEmptySubsequences: false).map { end in
      let end = end.drop { $0 == " " }
      guard end.hasPrefix("["), let close = end.firstIndex(of: "]") else { return String(end) }
      return String(end[..<close].dropFirst() + end[close...].dropFirst())
    }.joined(separator: "-")
  }

  // MARK: Clients

  mutating func clients(_ item: Item?) -> Clients? {
    let known = ["sources", "ports", "processes", "connect-timeout", "retries", "reconnect"]
    let fields = item.flatMap { self.fields($0, in: "clients", known: known) } ?? [:]
    let errors = errorCount
    let sources = sources(
      fields["sources"]?.item ?? Item(place: .start, value: .scalar(Default.sources)))
    let ports = fields["ports"].map { value($0.item, "auto or a range of ports", Self.portChoice) }
    let processes = fields["processes"].flatMap { self.processes($0.item) }
    let timeout = fields["connect-timeout"].flatMap {
      value($0.item, "a duration", Units.positiveDuration)
    }
    let retries = fields["retries"].flatMap { value($0.item, "a count", Self.retries) }
    let reconnect = fields["reconnect"].flatMap { clientsReconnect($0.item) }
    guard errorCount == errors, let sources else { return nil }
    return Clients(
      sources: sources, ports: (ports ?? nil) ?? .auto,
      processes: processes ?? .auto, connectTimeout: timeout ?? Default.connectTimeout,
      retries: retries ?? Default.retries, reconnect: reconnect)
  }

  /// `reconnect: on` or `{backoff: 1s..30s, jitter: full}`; nil for `off`.
  private mutating func clientsReconnect(_ item: Item) -> Reconnect? {
    guard case .scalar = item.value else {
      return fields(item, in: "reconnect", known: ["backoff", "jitter"]).map { reconnect($0) }
    }
    let isOn = value(item, "on, off or a mapping") { (text: String) throws(Problem) in
      switch text {
      case "on": true
      case "off": false
      default:
        throw Problem(
          "expected on, off or a mapping, found \(quoted(text))",
          hint: "write reconnect: {backoff: 1s..30s, jitter: full}")
      }
    }
    return isOn == true ? Reconnect() : nil
  }

  private static func retries(_ text: String) throws(Problem) -> Int {
    let count = try Units.count(text)
    guard count <= mostRetries else {
      throw Problem("no handshake is tried again more than \(Format.count(mostRetries)) times")
    }
    return count
  }

  /// The value of `sources`: addresses, or `{interface: NAME}`.
  private mutating func sources(_ item: Item) -> Clients.Sources? {
    guard case .map = item.value else {
      let ranges = ranges(item)
      return ranges.isEmpty ? nil : .ranges(ranges)
    }
    guard let fields = fields(item, in: "sources", known: ["interface"]) else { return nil }
    guard let interface = fields["interface"] else {
      report(
        item.place, "sources needs addresses or 'interface'",
        hint: "write sources: 127.0.0.2-127.0.0.21 or sources: {interface: eth0}")
      return nil
    }
    return value(interface.item, "the name of an interface", Self.interface).map {
      .interface($0)
    }
  }

  /// The name of a network interface. Linux allows up to 15 bytes without a slash, a colon or white
  /// space (`dev_valid_name`); a plan allows only printable ASCII of these.
  private static func interface(_ text: String) throws(Problem) -> String {
    let isName =
      text.utf8.count <= 15 && text != "." && text != ".."
      && text.utf8.allSatisfy { (0x21..<0x7F).contains($0) && $0 != 0x2F && $0 != 0x3A }
    guard isName else {
      throw Problem("\(quoted(text)) is not the name of an interface", hint: "for example eth0")
    }
    return text
  }

  /// A range, a block or a single address, or a list of these.
  private mutating func ranges(_ item: Item) -> [AddressRange] {
    switch item.value {
    case .list(let items):
      if items.isEmpty { report(item.place, "sources is an empty list") }
      let ranges = items.compactMap { item in
        value(item, "an address or a range", Self.sourceAddresses).map { (item.place, $0) }
      }
      reportOverlap(ranges)
      return ranges.map(\.1)
    default:
      return value(item, "an address, a range or a list", Self.sourceAddresses).map { [$0] } ?? []
    }
  }

  /// Refuses `0.0.0.0` and `::`: the kernel would choose the source address, and nobody could tell the
  /// run's connections from those of other programs.
  private static func sourceAddresses(_ text: String) throws(Problem) -> AddressRange {
    let range = try addresses(text)
    guard range.bounds.lower > 0 else {
      throw Problem(
        "\(range.first) is no address to connect from",
        hint: "name addresses of this host, for example \(Default.sources)")
    }
    return range
  }

  /// Reports ranges that share an address: it would count twice, but has its ports only once.
  private mutating func reportOverlap(_ ranges: [(place: Place, range: AddressRange)]) {
    for family in [ranges.filter(\.range.isV6), ranges.filter { !$0.range.isV6 }] {
      reportOverlap(ofFamily: family)
    }
  }

  private mutating func reportOverlap(ofFamily ranges: [(place: Place, range: AddressRange)]) {
    let sorted = ranges.sorted { $0.range.bounds.lower < $1.range.bounds.lower }
    guard var one = sorted.first else { return }
    for next in sorted.dropFirst() {
      if next.range.bounds.lower <= one.range.bounds.upper {
        let (first, second) = one.place < next.place ? (one, next) : (next, one)
        report(second.place, "\(second.range) overlaps with \(first.range)")
      }
      // A wide range may overlap with more than the next one.
      if next.range.bounds.upper > one.range.bounds.upper { one = next }
    }
  }

  // MARK: Addresses and ports

  static func addresses(_ text: String) throws(Problem) -> AddressRange {
    guard text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
      throw Problem("\(quoted(text)) is not an IP address")
    }
    do {
      return try AddressRange(text)
    } catch {
      throw problem(error, with: text)
    }
  }

  private static func problem(_ problem: AddressRange.Problem, with text: String) -> Problem {
    switch problem {
    case .unparsable("localhost"):
      return Problem("'localhost' is not an IP address", hint: "write 127.0.0.1")
    case .unparsable(let part):
      let isName = part.contains(where: \.isLetter) && !part.contains(":")
      return Problem(
        "\(quoted(part)) is not an IP address",
        hint: isName ? "names are not looked up: write the address" : nil)
    case .mixedFamilies:
      return Problem("the range \(quoted(text)) mixes IPv4 and IPv6")
    case .reversed:
      let ends = text.split(separator: "-").map { $0.filter { $0 != " " } }
      return Problem(
        "the range \(quoted(text)) is reversed",
        hint: ends.count == 2 ? "did you mean '\(ends[1])-\(ends[0])'?" : nil)
    case .tooLarge:
      return Problem(
        "\(quoted(text)) has more than \(Format.count(AddressRange.largest)) addresses")
    case .prefix(let prefix):
      return Problem("\(quoted(prefix)) is not a prefix length of such an address")
    }
  }

  static func port(_ text: String) throws(Problem) -> UInt16 {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let port = UInt16(digits: text), port > 0
    else { throw Problem("\(quoted(text)) is not a port", hint: "ports are 1 to 65535") }
    return port
  }

  private static func portChoice(_ text: String) throws(Problem) -> Clients.Ports {
    if text == "auto" { return .auto }
    if let hint = didYouMean(text, ["auto"]) {
      throw Problem("expected auto or a range of ports, found \(quoted(text))", hint: hint)
    }
    return .range(try ports(text))
  }

  /// `1024-65535`, or a single port.
  static func ports(_ text: String) throws(Problem) -> ClosedRange<UInt16> {
    let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let first = try port(String(parts[0]))
    let last = parts.count == 2 ? try port(String(parts[1])) : first
    guard first <= last else {
      throw Problem(
        "the range \(quoted(text)) is reversed", hint: "did you mean '\(last)-\(first)'?")
    }
    return first...last
  }
}

extension AddressRange {
  fileprivate var isV6: Bool { first.isV6 }

  /// First and last address as numbers.
  fileprivate var bounds: (lower: UInt128, upper: UInt128) {
    switch first {
    case .v4(let bits): (UInt128(bits), UInt128(bits) + UInt128(count - 1))
    case .v6(let bits): (bits, bits + UInt128(count - 1))
    }
  }
}
