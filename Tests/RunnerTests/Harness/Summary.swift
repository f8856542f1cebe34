import Foundation
import Testing

/// The line that `--json` prints.
struct Summary: Decodable, Equatable {
  struct Connections: Decodable, Equatable {
    let goal: Int?
    let established: Int
    let accepted, phantom: Int?
    let failures: Int
  }

  struct Limit: Decodable, Equatable {
    let end, phase, resource: String
    let line, count: Int
    let syscall, knob, fix: String?
    let said: Said?
    let errno: ErrorNumber?
    let now, needed: Int?
  }

  struct Said: Decodable, Equatable {
    let text: String
    let `protocol`, name, by: String?
    let code: Int?
  }

  struct ErrorNumber: Decodable, Equatable {
    let number: Int
    let name, text: String
  }

  struct Prediction: Decodable, Equatable {
    let connections: Int
    let resource: String
  }

  struct Threshold: Decodable, Equatable {
    let text: String
    let passed: Bool?
    let value: Double?
  }

  struct Files: Decodable, Equatable {
    let recording, html, junit: String?
  }

  let version: Int
  let plan, verdict: String
  let exit: Int32
  let started: String?
  let duration: Double
  let connections: Connections
  let limit: Limit?
  let prediction: Prediction?
  let connect: [String: Double?]?
  let messages: [String: Double?]
  let rtt: [String: Double?]?
  let tls: [String: Double?]?
  let memory, cpu: [String: Double?]
  let thresholds: [Threshold]
  let files: Files

  /// Reads the only line on standard output.
  init(_ ending: Ending, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let lines = ending.output.split(separator: "\n")
    try #require(
      lines.count == 1, "\(ending.output)\n\(ending.errors)", sourceLocation: sourceLocation)
    self = try JSONDecoder().decode(Self.self, from: Data(lines[0].utf8))
  }
}
