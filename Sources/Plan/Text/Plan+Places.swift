/// Diagnostics for errors that are found after a plan was read. A plan does not keep the places of its
/// addresses, so its text is searched for the words that an error is about.
extension Plan {
  /// An error with one `diagnostic`.
  package func invalid(_ message: String, hint: String? = nil, near words: String) -> InvalidPlan {
    InvalidPlan(file: file, diagnostics: [diagnostic(message, hint: hint, near: words)])
  }

  /// A diagnostic at the first place, outside comment lines, where the words stand. It points at line 1 where
  /// the text does not have the words: those of a target may come from the command line.
  package func diagnostic(
    _ message: String, hint: String? = nil, near words: String
  ) -> Diagnostic {
    guard let place = SourceText(text).firstPlace(of: words) else {
      return Diagnostic(line: 1, column: 1, message: message, hint: hint)
    }
    return Diagnostic(
      line: place.line, column: place.column, message: message, sourceLine: line(place.line),
      hint: hint)
  }

  /// One line of the plan's text, from 1; empty past its end.
  package func line(_ number: Int) -> String { SourceText(text).line(number) }
}
