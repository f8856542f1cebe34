import Plan
import Testing

@Suite struct VariablesTests {
  private let text = """
    variables: {goal: 10k, half: "${goal}"}
    server: {listen: "127.0.0.1:${PORT:-9000}"}
    phases: [ramp: {to: "${goal}"}]
    thresholds: ["connections >= ${half}"]

    """

  @Test func `puts the values of variables in`() throws {
    let plan = try read(text)
    #expect(plan.mostConnections == 10_000)
    #expect(plan.thresholds[0].text == "connections >= 10k")
    #expect(plan.server?.port == 9000)
    #expect(plan.settings == [:])
  }

  @Test func `takes an override before a variable`() throws {
    let plan = try read(text, overrides: ["goal": "50"], environment: ["goal": "7"])
    #expect(plan.mostConnections == 50)
    #expect(plan.thresholds[0].value == 50)
    #expect(plan.settings == ["goal": "50"])
  }

  @Test func `takes the environment before a default`() throws {
    let plan = try read(text, environment: ["PORT": "8000", "HOME": "/"])
    #expect(plan.server?.port == 8000)
    #expect(plan.settings == ["PORT": "8000"])
  }

  @Test func `reads the same again from its settings alone`() throws {
    let plan = try read(text, overrides: ["goal": "50"], environment: ["PORT": "8000"])
    #expect(try read(text, overrides: plan.settings) == plan)
  }

  @Test func `keeps dollars that begin no reference`() throws {
    let plan = try read(minimal + "description: \"$5, $${x} and $$\"\n")
    #expect(plan.description == "$5, ${x} and $$")
  }

  @Test(arguments: [
    (
      "description: costs ${gaol}\n",
      "5:20: there is no variable 'gaol', and it has no default"
        + " (did you mean 'goal'?)"
    ),
    ("description: \"${goal\"\n", "5:15: '${' without its '}' (a plain ${ is $${)"),
    ("description: ${goal:5}\n", "5:14: a default follows ':-' (write ${goal:-value})"),
    ("description: ${a b}\n", "5:14: 'a b' is not the name of a variable"),
    ("description: ${}\n", "5:14: '' is not the name of a variable"),
  ])
  func `points at a reference that fails`(line: String, error: String) {
    #expect(errors("variables: {goal: 1}\n" + minimal + line) == [error])
  }

  @Test func `refuses overrides of nothing`() {
    #expect(
      errors(text, overrides: ["gaol": "5"]) == [
        "1:1: --set gaol: the plan has no variable 'gaol' (did you mean 'goal'?)"
      ])
    #expect(
      errors(minimal, overrides: ["x": "5"]) == [
        "1:1: --set x: the plan has no variable 'x' (it has none at all)"
      ])
  }

  @Test func `refuses variables made of themselves`() {
    let found = errors("variables: {a: \"${b}\", b: \"${a}\"}\n" + minimal)
    #expect(
      found == [
        "1:17: the variable 'b' is made of itself", "1:28: the variable 'a' is made of itself",
      ])
  }

  @Test func `does not blow up with variables made of one another`() {
    var text = "variables:\n  v0: 0123456789\n"
    for index in 1...60 {
      text += "  v\(index): \"\(String(repeating: "${v\(index - 1)}", count: 10))\"\n"
    }
    let found = errors(text + minimal)
    #expect(found.contains { $0.contains("longer than 1 MiB") })
    #expect(found.allSatisfy { $0.contains("1 MiB") || $0.contains("made of too many others") })
  }

  @Test func `does not recurse down a long chain of variables`() {
    var text = "variables:\n"
    for index in 0..<20_000 { text += "  v\(index): \"${v\(index + 1)}\"\n" }
    #expect(!errors(text + minimal).isEmpty)
  }
}

@Suite struct SecretTests {
  @Test func `the value of an undeclared variable is in no message, hint or cut text`() {
    let secret = "s3cret-0123456789-abcdefghijkl"
    let texts = [
      minimal + "guard: {memory: ${TOKEN}}\n", minimal + "sampling: {every: ${TOKEN}}\n",
      // A quoted text ends after 60 characters, which is within the secret.
      minimal + "on-limit: \(String(repeating: "x", count: 47))${TOKEN}\n",
    ]
    for text in texts {
      let found = errors(text, environment: ["TOKEN": secret])
      #expect(!found.isEmpty)
      #expect(found.allSatisfy { !$0.contains("s3cret") }, "\(found)")
    }
    let digits = errors(
      minimal + "sampling: {every: ${TOKEN}}\n", environment: ["TOKEN": "12345678"])
    #expect(digits.allSatisfy { !$0.contains("12345678") }, "\(digits)")
    // Its line breaks are shown as escapes.
    for text in texts {
      let found = errors(text, environment: ["TOKEN": "s3cret\nk3y\nof three lines"])
      #expect(!found.isEmpty)
      #expect(found.allSatisfy { !$0.contains("s3cret") && !$0.contains("k3y") }, "\(found)")
    }
  }

  @Test func `no value brings private-use characters into a plan`() {
    let found = errors(
      minimal + "description: ${ICON}\n", environment: ["ICON": "\u{F0001}"])
    #expect(
      found.count == 1 && found[0].contains("private-use characters"), "\(found)")
  }
}
