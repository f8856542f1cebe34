package import Addressing

/// Reads values on a command line, which are written as in a plan.
package enum CommandLineValue {
  /// What is wrong with a value, and what to write instead.
  package struct Wrong: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ problem: Problem) {
      description = harmless(problem.hint.map { "\(problem.message) (\($0))" } ?? problem.message)
    }
  }

  /// A count of one or more.
  package static func count(_ text: String) throws(Wrong) -> Int {
    try read(text, Units.positiveCount)
  }

  /// Connections per second.
  package static func rate(_ text: String) throws(Wrong) -> Double {
    try read(text, Units.positiveRate)
  }

  package static func duration(_ text: String) throws(Wrong) -> Duration {
    try read(text, Units.positiveDuration)
  }

  /// An address, a range or a block.
  package static func addresses(_ text: String) throws(Wrong) -> AddressRange {
    try read(text, Reader.addresses)
  }

  package static func ports(_ text: String) throws(Wrong) -> ClosedRange<UInt16> {
    try read(text, Reader.ports)
  }

  /// Where a server listens: `ADDRESS:PORT` or `ADDRESS-ADDRESS:PORT`.
  package static func listen(
    _ text: String
  ) throws(Wrong) -> (addresses: AddressRange, port: UInt16) {
    try read(text, Reader.listen)
  }

  /// Someone else's server: `HOST:PORT`, with a name or an address.
  package static func target(_ text: String) throws(Wrong) -> Target {
    try read(text) { text throws(Problem) in
      let hint = "write HOST:PORT, for example server.example:80, 127.0.0.1:9000 or [::1]:9000"
      let wrong = Problem("\(quoted(text)) is not a host and a port", hint: hint)
      guard let colon = text.lastIndex(of: ":") else { throw wrong }
      var host = String(text[..<colon])
      if host.hasPrefix("["), host.hasSuffix("]") {
        host = String(host.dropFirst().dropLast())
        guard host.contains(":") else { throw wrong }
      } else if host.contains(":") {
        throw Problem(
          "\(quoted(text)) is not a host and a port: an IPv6 address stands in brackets", hint: hint
        )
      }
      guard isHost(host) else { throw wrong }
      return Target(host: host, port: try Reader.port(String(text[text.index(after: colon)...])))
    }
  }

  /// Whether a text can be the name or the address of a host, so that `getaddrinfo` may be asked for it.
  /// Such a text has no character that a shell or a terminal would obey.
  private static func isHost(_ text: String) -> Bool {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "_"), UInt8(ascii: ":"):
        true
      default: false
      }
    }
    return isPlain && (1...253).contains(text.utf8.count) && text.first != "-"
      && (!text.contains(":") || IPAddress(text) != nil)
  }

  private static func read<T>(
    _ text: String, _ parse: (String) throws(Problem) -> T
  ) throws(Wrong) -> T {
    do { return try parse(text) } catch { throw Wrong(error) }
  }
}

/// How messages show words that the user wrote.
package enum UserWord {
  /// The text in quotes, cut to 60 characters, and free of characters that would disturb a terminal.
  package static func shown(_ text: String) -> String { quoted(text) }

  /// "did you mean 'list'?"; nil where no known word is near.
  package static func hint(for word: String, among known: [String]) -> String? {
    didYouMean(word, known)
  }
}
