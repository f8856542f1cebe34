/// A piece of markup: JUnit, HTML and SVG are all built from this one tree.
struct Element: Sendable {
  let name: String
  /// In the order in which `Document` writes them.
  var attributes: [Attribute]
  var children: [Node]

  struct Attribute: Sendable {
    let name: String
    let value: String
  }

  /// Attributes whose value is nil are left out.
  init(
    _ name: String, _ attributes: KeyValuePairs<String, String?> = [:],
    @MarkupBuilder _ children: () -> [Node] = { [] }
  ) {
    self.name = name
    self.attributes = attributes.compactMap { name, value in
      value.map { Attribute(name: name, value: $0) }
    }
    self.children = children()
  }

  init(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:], _ text: String) {
    self.init(name, attributes) { text }
  }
}

/// A child of an element.
enum Node: Sendable {
  case element(Element)
  case text(String)
}

/// Lets children be written one below the other, with `if` and `for` between them.
@resultBuilder
enum MarkupBuilder {
  static func buildExpression(_ element: Element) -> [Node] { [.element(element)] }
  static func buildExpression(_ element: Element?) -> [Node] {
    element.map { [.element($0)] } ?? []
  }
  static func buildExpression(_ elements: [Element]) -> [Node] { elements.map(Node.element) }
  static func buildExpression(_ text: String) -> [Node] { [.text(text)] }
  static func buildExpression(_ nodes: [Node]) -> [Node] { nodes }
  static func buildBlock(_ parts: [Node]...) -> [Node] { parts.flatMap { $0 } }
  static func buildOptional(_ part: [Node]?) -> [Node] { part ?? [] }
  static func buildEither(first part: [Node]) -> [Node] { part }
  static func buildEither(second part: [Node]) -> [Node] { part }
  static func buildArray(_ parts: [[Node]]) -> [Node] { parts.flatMap { $0 } }
}
