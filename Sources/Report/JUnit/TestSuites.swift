import Judgement
import Recording

/// The content of a JUnit file: only elements and attributes that Jenkins' schema knows, and in the
/// extended flavour two more attributes, `file` and `line`.
struct TestSuites {
  let name: String
  let suites: [TestSuite]

  /// The file. Its texts are cut as short as it takes to keep the file under `mostBytes`, but not
  /// below 64 characters: messages, and the bodies of failures and errors. The output of failed cases is left
  /// whole: it names files (`[[ATTACHMENT|path]]`), and half a name is none.
  func bytes() -> [UInt8] {
    Self.bytes { bodyLimit in element(bodyLimit: bodyLimit) }
  }

  /// CI servers refuse larger files, or choke on them.
  private static let mostBytes = 5_000_000

  /// The first of ever shorter files that is below `mostBytes`, or else the shortest.
  ///
  /// - Parameter element: makes the root element, with texts cut to `bodyLimit` characters.
  static func bytes(_ element: (_ bodyLimit: Int) -> Element) -> [UInt8] {
    var written: [UInt8] = []
    for bodyLimit in [256 * 1024, 16 * 1024, 1024, 64] {
      written = Document(.xml, element(bodyLimit)).bytes()
      if written.count < mostBytes { break }
    }
    return written
  }

  private func element(bodyLimit: Int) -> Element {
    let cases = suites.flatMap(\.cases)
    return Element(
      "testsuites",
      [
        "name": TestSuite.shortened(name),
        "time": Format.fixed(cases.reduce(0) { $0 + ($1.time ?? 0) }, 3),
        "tests": String(cases.count), "failures": String(cases.count(where: \.outcome.isFailure)),
        "errors": String(cases.count(where: \.outcome.isError)),
      ]
    ) {
      for suite in suites { suite.element(bodyLimit: bodyLimit) }
    }
  }
}

struct TestSuite {
  var plan: String
  /// Which of the plan's cases the suite holds: "phases" or "thresholds".
  var part: String
  var hostname: String
  /// ISO 8601 in UTC, as a recording holds it.
  var started: String
  var properties: [Fact] = []
  var cases: [TestCase]

  func element(bodyLimit: Int) -> Element {
    let time = Format.fixed(cases.reduce(0) { $0 + ($1.time ?? 0) }, 3)
    // The schema wants a time without a zone; it is UTC.
    let timestamp = started.count >= 19 ? onOneLine(String(started.prefix(19))) : nil
    return Element(
      "testsuite",
      [
        "name": name, "tests": String(cases.count),
        "failures": String(cases.count(where: \.outcome.isFailure)),
        "errors": String(cases.count(where: \.outcome.isError)),
        "skipped": String(cases.count(where: \.outcome.isSkipped)), "time": time,
        "timestamp": timestamp, "hostname": hostname.isEmpty ? nil : Self.shortened(hostname),
      ]
    ) {
      if !properties.isEmpty {
        Element("properties") {
          for property in properties {
            Element("property", ["name": property.name, "value": Self.shortened(property.value)])
          }
        }
      }
      for (testCase, name) in zip(cases, uniqueNames) {
        testCase.element(name: name, suite: self.name, bodyLimit: bodyLimit)
      }
    }
  }

  private var name: String { Self.shortened(plan) + "." + part }

  /// The name on one line, cut to 500 characters. With a suffix such as ".thresholds" or " (2)" it
  /// still has no more than 512, the most that docs/ci.md promises.
  fileprivate static func shortened(_ name: String) -> String {
    String(onOneLine(name).unicodeScalars.prefix(500))
  }

  /// A name that occurs again gets a number, or CI servers would mix the histories of the cases.
  private var uniqueNames: [String] {
    var seen: Set<String> = []
    var repetitions: [String: Int] = [:]
    return cases.map { testCase in
      let name = Self.shortened(testCase.name)
      var unique = name
      while !seen.insert(unique).inserted {
        let repetition = repetitions[name, default: 1] + 1
        repetitions[name] = repetition
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
  /// The `system-out` of a case with a failure or an error. Other cases have none.
  var output = ""
  /// Where the plan states what the case tests. Nil where no plan states it, and in the flavour
  /// that has no attributes for a place.
  var place: Place?

  struct Place {
    var file: String
    /// From 1; nil where it is not known.
    var line: Int?
  }

  fileprivate func element(name: String, suite: String, bodyLimit: Int) -> Element {
    Element(
      "testcase",
      [
        "name": name, "classname": suite, "time": time.map { Format.fixed($0, 3) } ?? "0",
        "file": place.map { TestSuite.shortened($0.file) }, "line": place?.line.map(String.init),
      ]
    ) {
      switch outcome {
      case .passed: [] as [Node]
      case .skipped(let message):
        Element("skipped", ["message": headline(message, bodyLimit)])
      case .failure(let type, let message, let body):
        problem("failure", type, message, body, bodyLimit)
      case .error(let type, let message, let body):
        problem("error", type, message, body, bodyLimit)
      }
    }
  }

  @MarkupBuilder
  private func problem(
    _ kind: String, _ type: String, _ message: String, _ body: String, _ bodyLimit: Int
  ) -> [Node] {
    Element(
      kind, ["type": TestSuite.shortened(type), "message": headline(message, bodyLimit)],
      truncated(body, to: bodyLimit))
    if !output.isEmpty { Element("system-out", [:], output) }
  }

  /// The message on one line, cut to 1,000 characters or to `bodyLimit`, whichever is less. CI
  /// servers show it first, and it must not fill their page.
  private func headline(_ message: String, _ bodyLimit: Int) -> String {
    onOneLine(truncated(message, to: min(1000, bodyLimit)))
  }
}

extension TestCase.Outcome {
  var isFailure: Bool { if case .failure = self { true } else { false } }
  var isError: Bool { if case .error = self { true } else { false } }
  var isSkipped: Bool { if case .skipped = self { true } else { false } }
}
