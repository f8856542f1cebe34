import Messages
import Probe
import Testing

@testable import Simulation

/// Answers that say at their beginning how long they are. The outcomes are sent, received, wrong, short,
/// late, missing.
@Suite struct LengthAnswerTests {
  private func stage(
    _ field: LengthField, _ content: MessagePattern.Content? = nil, limit: Int = 1000
  ) throws -> Stage {
    try Stage([.test(every: .seconds(1), expect: .framed(.length(field), content))]) {
      $0.receiveLimit = limit
    }
  }

  private func field(
    at: Int = 0, size: Int = 4, _ order: LengthField.Order = .big, plus: Int = 0
  ) -> LengthField {
    LengthField(at: at, size: size, order: order, plus: plus)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 100])
  func `an answer has as many bytes as it says`(limit: Int) throws {
    let stage = try stage(field(plus: 4), limit: limit)
    stage.begin()
    stage.say([0, 0, 0, 3, 7, 7])
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    stage.say([7])
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
    #expect(stage.count(.unexpectedBytes) == 0)
    stage.say([7])
    #expect(stage.count(.unexpectedBytes) == 1)
  }

  @Test(arguments: [
    (LengthField(at: 0, size: 1, order: .big, plus: 1), [2, 9, 9]),
    (LengthField(at: 2, size: 2, order: .big, plus: 4), [9, 9, 0, 1, 9]),
    (LengthField(at: 2, size: 2, order: .little, plus: 4), [9, 9, 1, 0, 9]),
    (LengthField(at: 1, size: 3, order: .little, plus: 0), [9, 5, 0, 0, 9]),
    (LengthField(at: 0, size: 8, order: .big, plus: 8), [0, 0, 0, 0, 0, 0, 0, 1, 9]),
    (LengthField(at: 0, size: 8, order: .little, plus: 8), [1, 0, 0, 0, 0, 0, 0, 0, 9]),
    (LengthField(at: 0, size: 1, order: .big, plus: -2), [5, 9, 9]),
    // Nothing follows the number.
    (LengthField(at: 0, size: 2, order: .big, plus: 2), [0, 0]),
  ])
  func `the number may stand anywhere, in any order and size`(field: LengthField, answer: [UInt8])
    throws
  {
    for limit in [1, 2, 100] {
      let stage = try stage(field, limit: limit)
      stage.begin()
      stage.say(Array(answer.dropLast()))
      #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
      stage.say([answer.last!])
      #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
      #expect(stage.count(.unexpectedBytes) == 0)
    }
  }

  @Test func `an answer may take several reads`() throws {
    let stage = try stage(field(plus: 4))
    stage.begin()
    // 70,000 bytes follow the number.
    stage.say([0, 1, 0x11, 0x70] + [UInt8](repeating: 1, count: 40_000))
    stage.say([UInt8](repeating: 1, count: 29_999))
    #expect(stage.outcomes() == [1, 0, 0, 0, 0, 0])
    stage.say([1])
    #expect(stage.outcomes() == [1, 1, 0, 0, 0, 0])
  }

  @Test(arguments: [
    (LengthField(at: 0, size: 4, order: .big, plus: 0), [0, 0, 0, 3]),
    (LengthField(at: 2, size: 1, order: .big, plus: -1), [9, 9, 3]),
    (LengthField(at: 0, size: 8, order: .big, plus: 0), [0, 0, 0, 1, 0, 0, 0, 0]),
    (LengthField(at: 0, size: 8, order: .little, plus: 0), [0, 0, 0, 0, 1, 0, 0, 0]),
  ])
  func `a number that cannot be is a wrong answer without an end`(
    field: LengthField, answer: [UInt8]
  )
    throws
  {
    for limit in [1, 100] {
      let stage = try stage(field, limit: limit)
      stage.begin()
      stage.say(answer + [1, 2, 3])
      #expect(stage.outcomes() == [1, 0, 1, 0, 0, 0])
      #expect(stage.count(.waits) == 1)
    }
  }

  @Test func `a content is looked for in the whole answer`() throws {
    for limit in [1, 2, 100] {
      let stage = try stage(field(size: 1, plus: 1), .text([7, 8]), limit: limit)
      stage.begin()
      stage.say([3, 6, 7, 8])
      stage.world.run(for: .seconds(1))
      stage.say([3, 7, 7, 7])
      stage.world.run(for: .seconds(1))
      // The next one begins where the wrong one ended.
      stage.say([4, 9, 9, 7, 8])
      #expect(stage.outcomes() == [3, 2, 1, 0, 0, 0])
      #expect(stage.count(.waits) == 0)
    }
  }

  @Test func `a dollar stands at its end`() throws {
    let stage = try stage(field(size: 1, plus: 1), .matches(BytePattern("b$")))
    stage.begin()
    stage.say([3, 97, 98, 98])
    stage.world.run(for: .seconds(1))
    stage.say([3, 98, 98, 97])
    #expect(stage.outcomes() == [2, 1, 1, 0, 0, 0])
  }

  @Test func `a late answer is taken for its own message`() throws {
    let stage = try stage(field(size: 1, plus: 1))
    stage.begin()
    stage.world.run(for: .milliseconds(1_500))
    #expect(stage.outcomes() == [2, 0, 0, 0, 0, 1])
    stage.say([2, 1])
    stage.say([1, 1, 9])
    #expect(stage.outcomes() == [2, 1, 0, 0, 1, 0])
  }

  @Test func `a late answer that cannot be is wrong`() throws {
    let stage = try stage(field(size: 1))
    stage.begin()
    stage.world.run(for: .seconds(2))
    stage.say([0, 9])
    #expect(stage.outcomes()[2] == 1)
  }
}
