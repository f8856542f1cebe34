import Recording

/// A JUnit file in the making: just the elements and attributes that Jenkins' schema knows.
struct TestSuites {
  let name: String
  let suites: [TestSuite]

  /// CI servers refuse or choke on more.
  private static let mostBytes = 5_000_000

  /// The file, its bodies cut as short as needed to keep it under 5 MB.
  func bytes() -> [UInt8] {
    var written: [UInt8] = []
    for bodyLimit in [256 * 1024, 16 * 1024, 1024, 64] {
      written = Document(.xml, element(bodyLimit: bodyLimit)).bytes()
      if written.count < Self.mostBytes { break }
    }
    return written
  }

  private func element(bodyLimit: Int) -> Element {
    let cases = suites.flatMap(\.cases)
    return Element(
      "testsuites",
      [
        "name": line(name), "time": Format.fixed(cases.reduce(0) { $0 + ($1.time ?? 0) }, 3),
        "tests": String(cases.count), "failures": String(cases.count(where: \.outcome.isFailure)),
        "errors": String(cases.count(where: \.outcome.isError)),
      ]
    ) {
      for suite in suites { suite.element(bodyLimit: bodyLimit) }
    }
  }
}

struct TestSuite {
  var name: String
  var hostname: String
  /// ISO 8601 in UTC, as a recording holds it.
  var started: String
  var properties: [Fact] = []
  var cases: [TestCase]

  fileprivate func element(bodyLimit: Int) -> Element {
    let time = Format.fixed(cases.reduce(0) { $0 + ($1.time ?? 0) }, 3)
    // The schema wants a time without a zone; it is UTC.
    let timestamp = started.count >= 19 ? String(started.prefix(19)) : nil
    return Element(
      "testsuite",
      [
        "name": line(name), "tests": String(cases.count),
        "failures": String(cases.count(where: \.outcome.isFailure)),
        "errors": String(cases.count(where: \.outcome.isError)),
        "skipped": String(cases.count(where: \.outcome.isSkipped)), "time": time,
        "timestamp": timestamp, "hostname": hostname.isEmpty ? nil : line(hostname),
      ]
    ) {
      if !properties.isEmpty {
        Element("properties") {
          for property in properties {
            Element("property", ["name": property.name, "value": line(property.value)])
          }
        }
      }
      for (testCase, name) in zip(cases, uniqueNames) {
        testCase.element(name: name, suite: line(self.name), bodyLimit: bodyLimit)
      }
    }
  }

  /// Names of at most 512 characters; those met before get a number, or histories would mix.
  private var uniqueNames: [String] {
    var seen: Set<String> = []
    return cases.map { testCase in
      let name = String(line(testCase.name).unicodeScalars.prefix(500))
      var unique = name
      var repetition = 1
      while !seen.insert(unique).inserted {
        repetition += 1
        unique = "\(name) (\(repetition))"
      }
      return unique
    }
  }
}

struct TestCase {
  enum Outcome {
    case passed
    case failure(type: String, message: String, body: String)
    case error(type: String, message: String, body: String)
    case skipped(message: String)
  }

  var name: String
  /// Seconds; nil for what takes no time at all.
  var time: Double?
  var outcome = Outcome.passed
  /// What a failed case prints.
  var output = ""

  fileprivate func element(name: String, suite: String, bodyLimit: Int) -> Element {
    Element(
      "testcase",
      ["name": name, "classname": suite, "time": time.map { Format.fixed($0, 3) } ?? "0"]
    ) {
      switch outcome {
      case .passed: [] as [Node]
      case .skipped(let message): Element("skipped", ["message": line(message)])
      case .failure(let type, let message, let body):
        problem("failure", type, message, truncated(body, to: bodyLimit))
      case .error(let type, let message, let body):
        problem("error", type, message, truncated(body, to: bodyLimit))
      }
    }
  }

  @MarkupBuilder
  private func problem(
    _ kind: String, _ type: String, _ message: String, _ body: String
  ) -> [Node] {
    Element(kind, ["type": line(type), "message": line(truncated(message, to: 1000))], body)
    if !output.isEmpty { Element("system-out", [:], output) }
  }
}

extension TestCase.Outcome {
  var isFailure: Bool { if case .failure = self { true } else { false } }
  var isError: Bool { if case .error = self { true } else { false } }
  var isSkipped: Bool { if case .skipped = self { true } else { false } }
}
