import Messages

/// Reads one plan file, with the files that it names, and collects everything that is wrong with
/// them.
///
/// Extensions in files of their own read server, clients, phases and so on. Each returns what it could
/// read of its part, and leaves the errors in `findings`. Reading goes on after a wrong value, so that
/// errors in the rest of the file are found, too.
struct Reader {
  /// A file whose text is read; `Place.file` is its index in `sources`.
  struct Source {
    /// Path by which the user would open the file.
    var name: String
    /// Path as seen from the plan; empty for the plan itself.
    var path: String
    var text: SourceText
    /// Line in the plan's own file that names this file, or that includes a file through which this one is
    /// reached; 0 for the plan itself.
    var planLine: Int
  }

  var sources: [Source]
  let files: FileSource
  /// The bytes that `files` gave, by path as seen from the plan.
  var attachments: [String: [UInt8]] = [:]
  /// The data that texts may speak of.
  var data = DataTables()
  /// The conversations that were read, by the path of their file; empty for a file with an error.
  var conversations: [String: [RecordedConversation]] = [:]
  /// The plan's name; nil where it could not be read, or can name no directory.
  var planName: String?
  /// The values that error messages hide, by the names of their variables (`Variables.undeclared`).
  var undeclared: [String: String] = [:]
  /// Whether an included file could not be read. Then no missing `server` or `phases` is reported: that
  /// file may have them.
  var lacksInclude = false
  /// Bytes of YAML that further included files may still have; negative once they had too many.
  var includeBudget = Plan.longestText

  /// A text with more errors than this is no plan; further errors are dropped.
  private static let mostErrors = 1000

  private var findings: [(place: Place, problem: Problem)] = []

  init(plan: String, files: @escaping FileSource) {
    sources = [Source(name: plan, path: "", text: SourceText(""), planLine: 0)]
    self.files = files
  }

  var errorCount: Int { findings.count }

  /// All errors, in the order of the files. An error that was reported twice for one place is
  /// listed once.
  var errors: [Diagnostic] {
    var seen: Set<String> = []
    return
      findings
      .sorted { $0.place < $1.place }
      .filter { seen.insert("\($0.place):\($0.problem.message)").inserted }
      .map { place, problem in
        let source = sources[place.file]
        return Diagnostic(
          file: place.file == 0 ? nil : source.name, line: place.line, column: place.column,
          message: Mask.hide(undeclared, in: problem.message),
          sourceLine: source.text.line(place.line),
          hint: problem.hint.map { Mask.hide(undeclared, in: $0) })
      }
  }

  mutating func report(_ place: Place, _ problem: Problem) {
    guard errorCount < Self.mostErrors else { return }
    findings.append((place, problem))
  }

  mutating func report(_ place: Place, _ message: String, hint: String? = nil) {
    report(place, Problem(message, hint: hint))
  }

  /// The place of `word` in the line of `place`, at `place` or behind it; `place` itself when it is not
  /// there.
  func find(_ word: String, from place: Place) -> Place {
    sources[place.file].text.find(word, from: place)
  }

  /// The line in the plan's own file for a place: for one in another file, the line that leads to that
  /// file (`Source.planLine`).
  func planLine(_ place: Place) -> Int {
    place.file == 0 ? place.line : sources[place.file].planLine
  }
}

// MARK: - Values

extension Reader {
  /// The text of a scalar; nil, with an error, when the item is empty or something else.
  ///
  /// - Parameter wanted: what the error says after "expected".
  mutating func text(_ item: Item, _ wanted: String) -> String? {
    switch item.value {
    case .scalar(let text) where !text.isEmpty: return text
    case .broken: return nil
    default:
      report(item.place, "expected \(wanted), found \(item.foundWords)")
      return nil
    }
  }

  /// What `parse` makes of a scalar's text; nil, with an error, when it throws, or when there is no text.
  mutating func value<T>(
    _ item: Item, _ wanted: String, _ parse: (String) throws(Problem) -> T
  ) -> T? {
    guard let text = text(item, wanted) else { return nil }
    do {
      return try parse(text)
    } catch {
      report(item.place, error)
      return nil
    }
  }

  /// The case of `type` whose raw value the scalar is; nil, with an error, when there is none.
  mutating func word<T: RawRepresentable & CaseIterable>(
    _ item: Item, as type: T.Type
  ) -> T? where T.RawValue == String {
    let known = T.allCases.map(\.rawValue)
    guard let text = text(item, alternatives(known)) else { return nil }
    guard let word = T(rawValue: text) else {
      report(
        item.place, "expected \(alternatives(known)), found \(quoted(text))",
        hint: didYouMean(text, known))
      return nil
    }
    return word
  }
}

// MARK: - Mappings

extension Reader {
  /// The fields of a mapping, by key. Every key that is not among `known` is an error.
  ///
  /// - Parameter misplaced: errors, by key, for keys that similar mappings may have and this one may
  ///   not. They say more than that the key is unknown.
  mutating func fields(
    _ item: Item, in owner: String, known: [String], misplaced: [String: Problem] = [:]
  ) -> [String: Item.Field]? {
    switch item.value {
    case .broken: return nil
    case .map(let fields):
      for field in fields where !known.contains(field.key) && errorCount < Self.mostErrors {
        let unknown = Problem(
          "unknown key \(quoted(field.key)) in \(owner)",
          hint: didYouMean(field.key, known) ?? "known are \(known.joined(separator: ", "))")
        report(field.place, misplaced[field.key] ?? unknown)
      }
      // The keys are unique: `Document` has dropped the second of two equal ones.
      return Dictionary(uniqueKeysWithValues: fields.map { ($0.key, $0) })
    default:
      report(
        item.place, "\(owner) needs a mapping, found \(item.foundWords)",
        hint: "known keys are \(known.joined(separator: ", "))")
      return nil
    }
  }
}
