import Foundation
import Fuzzing
import Testing

/// The inputs that fuzzing begins with, and those that once found something (`found-…`).
@Suite struct CorpusTests {
  struct Input: CustomTestStringConvertible {
    let target: FuzzTarget
    let url: URL
    var testDescription: String { "\(target.rawValue)/\(url.lastPathComponent)" }
  }

  private static let corpora = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().appendingPathComponent("Corpora")

  static let inputs = FuzzTarget.allCases.flatMap { target in
    let directory = corpora.appendingPathComponent(target.rawValue)
    let files = try? FileManager.default.contentsOfDirectory(
      at: directory, includingPropertiesForKeys: nil)
    return (files ?? []).sorted { $0.path < $1.path }.map { Input(target: target, url: $0) }
  }

  @Test(arguments: inputs)
  func `nothing is found in it`(input: Input) throws {
    let bytes = [UInt8](try Data(contentsOf: input.url))
    #expect(input.target.finding(in: bytes) == nil)
    guard input.target == .recording else { return }
    // What is made of a recording is made in three parts.
    for lines in 1...2 {
      let more = [UInt8](repeating: UInt8(ascii: "\n"), count: lines)
      #expect(input.target.finding(in: bytes + more) == nil)
    }
  }

  @Test func `each target has inputs`() {
    for target in FuzzTarget.allCases {
      #expect(Self.inputs.contains { $0.target == target }, "\(target)")
    }
  }
}
