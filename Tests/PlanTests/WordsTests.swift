import Testing

@testable import Plan

/// Words one after the other, as people say them.
@Suite struct WordsTests {
  @Test(arguments: [
    ([], "", ""), (["a"], "a", "a"), (["a", "b"], "a or b", "a and b"),
    (["a", "b", "c"], "a, b or c", "a, b and c"), (["", ""], " or ", " and "),
  ])
  func `a list has its last word behind another one`(words: [String], any: String, all: String) {
    #expect(alternatives(words) == any)
    #expect(listed(words) == all)
  }

  @Test(arguments: [
    ("rmap", "ramp"), ("RAMP", "ramp"), ("hodl", "hold"), ("x", nil), ("", nil), ("rampx", "ramp"),
    ("ramming", nil), (String(repeating: "r", count: 41), nil), ("cloes", "close"), ("hol", "hold"),
  ])
  func `a word is taken for another one that is near`(written: String, known: String?) {
    #expect(nearest(to: written, of: ["ramp", "hold", "close"]) == known)
  }
}
