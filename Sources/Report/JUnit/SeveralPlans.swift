import Recording

/// The JUnit report of one of several plans.
package struct PlanReport: Sendable {
  private let plan: String
  /// The suites of the plan's report; one suite with an error where no report can be read.
  fileprivate let suites: [Element]
  /// Why no report can be read, in one sentence; nil where it can.
  package let problem: String?

  /// - Parameters:
  ///   - path: the path of the plan's JUnit file.
  ///   - junit: the content of that file; nil where it cannot be read.
  package init(plan: String, path: String, junit: [UInt8]?) {
    self.plan = plan
    do throws(Element.Malformed) {
      guard let junit else { throw Element.Malformed() }
      let root = try Element(reading: junit)
      guard root.name == "testsuites" else { throw Element.Malformed() }
      suites = root.elements.filter { $0.name == "testsuite" }
      problem = nil
    } catch {
      let reason = "\(path) \(junit == nil ? "cannot be read" : "is no JUnit XML")"
      let failing = TestCase(
        name: "report", outcome: .error(type: "no-report", message: reason, body: reason + "\n"))
      let suite = TestSuite(
        plan: plan, part: "phases", hostname: "", started: "", cases: [failing])
      suites = [suite.element(bodyLimit: 1024)]
      problem = reason
    }
  }
}

/// The name of the plan that a JUnit file reports, cut to 500 characters; of the merged file of
/// several plans, the first one's. Nil for a file whose first suite is no suite of phases: no file
/// of `junit`.
package func plan(ofJUnit file: [UInt8]) -> String? {
  guard let root = try? Element(reading: file), root.name == "testsuites",
    let suite = root.elements.first?["name"], suite.hasSuffix(".phases")
  else { return nil }
  return String(suite.dropLast(".phases".count))
}

/// The JUnit files of several plans as one file, suite after suite, for a CI job that names one
/// path.
package func junit(merging reports: [PlanReport]) -> [UInt8] {
  let suites = reports.flatMap(\.suites)
  return TestSuites.bytes { bodyLimit in
    Element(
      "testsuites",
      [
        "name": "runner", "time": Format.fixed(total("time", of: suites), 3),
        "tests": Format.fixed(total("tests", of: suites), 0),
        "failures": Format.fixed(total("failures", of: suites), 0),
        "errors": Format.fixed(total("errors", of: suites), 0),
      ]
    ) {
      suites.map { $0.shortened(to: bodyLimit) }
    }
  }
}

private func total(_ attribute: String, of suites: [Element]) -> Double {
  suites.reduce(0) { $0 + (Double($1[attribute] ?? "") ?? 0) }
}

extension Element {
  fileprivate subscript(attribute: String) -> String? {
    attributes.first { $0.name == attribute }?.value
  }

  fileprivate var elements: [Element] {
    children.compactMap { if case .element(let element) = $0 { element } else { nil } }
  }

  /// The element with every text and every `message` cut to `limit` characters, and a note of how
  /// many are missing. `system-out` stays whole, as in the file of a single plan.
  fileprivate func shortened(to limit: Int) -> Element {
    guard name != "system-out" else { return self }
    var element = self
    element.attributes = attributes.map { attribute in
      guard attribute.name == "message" else { return attribute }
      return Attribute(name: "message", value: onOneLine(truncated(attribute.value, to: limit)))
    }
    element.children = children.map { child in
      switch child {
      case .element(let child): .element(child.shortened(to: limit))
      case .text(let text): .text(truncated(text, to: limit))
      }
    }
    return element
  }
}
