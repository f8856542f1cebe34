import Foundation
import Testing

/// What `capture` wrote, read line by line in the form in which it writes.
struct CapturedFile {
  enum Step: Hashable {
    case send([UInt8])
    case receive([UInt8])
    case close(String)
  }

  struct Connection {
    var client: String
    var isTruncated = false
    var steps: [Step] = []

    var sentBytes: [UInt8] {
      steps.flatMap { step -> [UInt8] in
        if case .send(let bytes) = step { bytes } else { [] }
      }
    }

    var receivedBytes: [UInt8] {
      steps.flatMap { step -> [UInt8] in
        if case .receive(let bytes) = step { bytes } else { [] }
      }
    }

    var sent: String { String(decoding: sentBytes, as: UTF8.self) }
    var received: String { String(decoding: receivedBytes, as: UTF8.self) }
  }

  let forward: String
  private(set) var connections: [Connection] = []

  init(_ text: String) throws {
    let lines = text.split(separator: "\n")
    try #require(lines.count >= 4)
    #expect(lines[0] == "conversation: 1")
    #expect(lines[1].wholeMatch(of: /captured: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    forward = String(try #require(lines[2].wholeMatch(of: /forward: (.+)/)).1)
    #expect(lines[3] == (lines.count == 4 ? "connections: []" : "connections:"))
    for line in lines[4...] {
      if let match = line.wholeMatch(of: #/  - client: (.+)/#) {
        connections.append(Connection(client: String(match.1)))
      } else if line == "    truncated: true" {
        connections[connections.count - 1].isTruncated = true
      } else if line != "    steps:", line != "    steps: []" {
        connections[connections.count - 1].steps.append(try Self.step(line))
      }
    }
  }

  private static func step(_ line: Substring) throws -> Step {
    let after = /(?:, after: (?:\d+us|\d+(?:\.\d+)?ms|\d+s))?\}/
    let close = #/      - \{close: (client|server)(?:, after: [0-9.]+(?:us|ms|s))?\}/#
    if let match = line.wholeMatch(of: close) { return .close(String(match.1)) }
    let start = try #require(line.prefixMatch(of: #/      - \{(send|receive): /#))
    var payload = line[start.range.upperBound...]
    let end = try #require(payload.ranges(of: after).last)
    payload = payload[..<end.lowerBound]
    let bytes: [UInt8]
    if let base64 = payload.wholeMatch(of: /\{base64: "([A-Za-z0-9+\/=]*)"\}/) {
      bytes = [UInt8](try #require(Data(base64Encoded: String(base64.1))))
    } else {
      // JSON's strings are YAML's in double quotes.
      let text = try JSONDecoder().decode(String.self, from: Data(payload.utf8))
      bytes = Array(text.utf8)
    }
    return start.1 == "send" ? .send(bytes) : .receive(bytes)
  }
}
