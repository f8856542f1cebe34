/// One thing that is wrong with a plan, and where.
package struct Diagnostic: Sendable, Equatable {
  /// Path of the file that the error is in; nil for the plan itself.
  package var file: String?
  /// From 1.
  package var line: Int
  /// From 1, in Unicode scalars.
  package var column: Int
  package var message: String
  /// The text of line `line`; empty when there is none to show.
  package var sourceLine: String
  /// What to write instead: "did you mean 'processes'?".
  package var hint: String?

  package init(
    file: String? = nil, line: Int, column: Int, message: String, sourceLine: String = "",
    hint: String? = nil
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.message = message
    self.sourceLine = sourceLine
    self.hint = hint
  }

  /// The error as compilers print it: place and message, the line, a caret under the column.
  ///
  /// - Parameter plan: path of the plan, for an error in the plan itself.
  package func rendered(file plan: String) -> String {
    let headline = harmless("\(file ?? plan):\(line):\(column): error: \(message)")
    let hint = hint.map(harmless)
    guard !sourceLine.isEmpty else { return hint.map { "\(headline)\n  \($0)" } ?? headline }
    let (excerpt, caret) = excerpt
    let number = "\(line)"
    let margin = String(repeating: " ", count: number.count)
    // Tabs stay tabs, so that the caret stands under its column however wide they are.
    let indent = String(
      String.UnicodeScalarView(excerpt.unicodeScalars.prefix(caret).map { $0 == "\t" ? $0 : " " }))
    let padding = String(repeating: " ", count: max(0, caret - excerpt.unicodeScalars.count))
    let note = hint.map { " \($0)" } ?? ""
    return """
      \(headline)
        \(number) | \(excerpt)
        \(margin) | \(indent)\(padding)^\(note)
      """
  }

  /// The part of the source line to show, and how many scalars stand before the caret in it. A plan
  /// may hold a line of a million characters; nobody wants to see all of it.
  private var excerpt: (text: String, caret: Int) {
    let width = 120
    let scalars = sourceLine.unicodeScalars.map(harmless)
    let caret = column - 1
    guard scalars.count > width else {
      return (String(String.UnicodeScalarView(scalars)), caret)
    }
    let from = max(0, min(caret - width / 2, scalars.count - width))
    let window = scalars.dropFirst(from).prefix(width)
    return (String(String.UnicodeScalarView(window)), caret - from)
  }
}

/// A plan that cannot be run, with everything that is wrong with it.
package struct InvalidPlan: Error, Equatable {
  /// Path of the file as the user gave it.
  package var file: String
  /// In the order of the plan, then of the files that it names; never empty.
  package var diagnostics: [Diagnostic]
  /// The plan's name, where it could be read and can name a directory.
  package var name: String?

  package init(file: String, diagnostics: [Diagnostic], name: String? = nil) {
    self.file = file
    self.diagnostics = diagnostics
    self.name = name
  }
}

extension InvalidPlan: CustomStringConvertible {
  /// More than this many errors help nobody.
  private static let most = 50

  package var description: String {
    var parts = diagnostics.prefix(Self.most).map { $0.rendered(file: file) }
    if diagnostics.count > Self.most {
      parts.append(harmless("\(file): and \(diagnostics.count - Self.most) errors more"))
    }
    return parts.joined(separator: "\n")
  }
}
