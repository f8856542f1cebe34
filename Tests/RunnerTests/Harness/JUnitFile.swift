import Foundation
import FoundationXML

/// A JUnit file as a CI server reads it.
struct JUnitFile {
  struct Case: Equatable {
    let name: String
    /// `failure`, `error`, `skipped`; nil when it passed.
    let outcome: String?
    let type: String?
    let message: String?
  }

  let cases: [Case]
  let properties: [String: String]

  init(_ file: URL) throws {
    let document = try XMLDocument(data: Data(contentsOf: file))
    cases = try document.nodes(forXPath: "//testcase").map { node in
      let element = node as! XMLElement
      let outcome = ["failure", "error", "skipped"].lazy
        .compactMap { element.elements(forName: $0).first }.first
      return Case(
        name: element["name"] ?? "", outcome: outcome?.name, type: outcome?["type"],
        message: outcome?["message"])
    }
    properties = try document.nodes(forXPath: "//property").reduce(into: [:]) { facts, node in
      let element = node as! XMLElement
      facts[element["name"] ?? ""] = element["value"]
    }
  }

  func cases(_ outcome: String?) -> [Case] { cases.filter { $0.outcome == outcome } }
}

extension XMLElement {
  fileprivate subscript(_ attribute: String) -> String? {
    self.attribute(forName: attribute)?.stringValue
  }
}
