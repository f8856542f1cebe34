/// Where words stand in a plan's text: a plan does not keep the places of its addresses.
extension Plan {
  package func invalid(_ message: String, hint: String? = nil, near text: String) -> InvalidPlan {
    InvalidPlan(file: file, diagnostics: [diagnostic(message, hint: hint, near: text)])
  }

  /// A diagnostic at the first place, outside comment lines, where the words stand. Where they stand nowhere,
  /// as those of a target from the command line, the diagnostic points at line 1.
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
