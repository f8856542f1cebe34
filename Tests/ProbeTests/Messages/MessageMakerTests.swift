import Addressing
import Messages
import Testing

@testable import Probe
@testable import Simulation

/// Messages that are made for a connection are what their templates say, whichever was made before.
@Suite struct MessageMakerTests {
  private let templates = [
    MessageTemplate(parts: [.connection, .bytes([32]), .sequence, .random(50)]),
    MessageTemplate(parts: []),
    MessageTemplate(parts: [.port, .random(9), .source]),
  ]

  private func facts(connection: UInt64, sequence: UInt64) -> MessageTemplate.Facts {
    MessageTemplate.Facts(
      connection: connection, sequence: sequence, source: .v4(0x7F00_0002), port: 1024, worker: 0,
      seed: 5)
  }

  private func rendered(_ template: MessageTemplate, _ facts: MessageTemplate.Facts) -> [UInt8] {
    withUnsafeTemporaryAllocation(byteCount: max(1, template.longest), alignment: 1) { buffer in
      let (steps, texts) = template.steps
      let count = steps.withUnsafeBufferPointer { steps in
        texts.withUnsafeBytes {
          MessageTemplate.render(steps, texts: $0, facts, into: buffer)
        }
      }
      return Array(buffer[..<count])
    }
  }

  @Test func `one after the other`() throws {
    let maker = try MessageMaker(templates)
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<2000 {
      let place = Int.random(in: 0..<3, using: &generator)
      // Near to each other, so that the same one is often asked for again.
      let facts = facts(
        connection: .random(in: 0..<2, using: &generator),
        sequence: .random(in: 0..<2, using: &generator))
      #expect(Array(maker.message(place, facts)) == rendered(templates[place], facts))
    }
  }

  @Test func `the one made last is kept`() throws {
    let maker = try MessageMaker(templates)
    let facts = facts(connection: 3, sequence: 4)
    let first = maker.message(0, facts)
    // Were it made again, this would be overwritten.
    UnsafeMutableRawBufferPointer(mutating: first)[0] = 255
    #expect(maker.message(0, facts)[0] == 255)
    _ = maker.message(2, facts)
    #expect(Array(maker.message(0, facts)) == rendered(templates[0], facts))
  }
}
