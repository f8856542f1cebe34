package import Messages

extension MessagePattern {
  /// The first placeholder in the text that is expected, as it is written; nil where there is none. It stands there for
  /// itself, as an expected text is the same on each connection, and somebody may have meant what it says.
  package func placeholderInExpectation(_ data: [DataTable]) -> String? {
    switch expectation {
    case .text(let text), .framed(_, .text(let text)?):
      TemplateText.placeholder(in: text, DataTables(data))
    case .echo, .none, .acknowledged, .bytes, .matches, .framed: nil
    }
  }
}
