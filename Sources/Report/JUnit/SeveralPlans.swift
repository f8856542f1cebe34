import Recording

/// Why several files cannot become one.
package struct NoJUnit: Error, CustomStringConvertible {
  /// The place among the files, from 0.
  package let index: Int

  package var description: String { "file \(index + 1) is no JUnit XML" }
}

/// The JUnit files of several plans as one, suite after suite, for a CI job that names one path.
///
/// - Parameter files: as `junit` has written them.
package func junit(merging files: [[UInt8]]) throws(NoJUnit) -> [UInt8] {
  var suites: [Element] = []
  for (index, file) in files.enumerated() {
    do throws(Element.Malformed) {
      let root = try Element(reading: file)
      guard root.name == "testsuites" else { throw Element.Malformed() }
      suites += root.elements.filter { $0.name == "testsuite" }
    } catch {
      throw NoJUnit(index: index)
    }
  }
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

  /// With every text, and every message, of at most that many characters.
  fileprivate func shortened(to limit: Int) -> Element {
    var element = self
    element.attributes = attributes.map { attribute in
      guard attribute.name == "message" else { return attribute }
      return Attribute(name: "message", value: line(truncated(attribute.value, to: limit)))
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
