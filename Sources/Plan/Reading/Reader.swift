import Messages

/// Reads one plan file, with the files that it names, and collects everything that is wrong with
/// them.
///
/// The parts that read server, clients, phases and so on are extensions in files of their own.
/// They return what they could read of their part and leave the errors in `findings`: reading goes
/// on after a wrong value, so that the rest of the file is looked at, too.
struct Reader {
  /// A file whose text is read; `Place.file` is its index in `sources`.
  struct Source {
    /// Path by which the user would open the file.
    var name: String
    /// Path as seen from the plan; empty for the plan itself.
    var path: String
    var text: SourceText
    /// Line of the plan that names the file, or an include that leads to it; 0 for the plan itself.
    var planLine: Int
  }

  var sources: [Source]
  let files: FileSource
  /// The bytes that `files` gave, by path as seen from the plan.
  var attachments: [String: [UInt8]] = [:]
  /// The data that texts may speak of, and what recordings keep of its files, by path as seen from the plan.
  var data = DataTables()
  var dataStubs: [String: [UInt8]] = [:]
  /// The conversations that were read, by the path of their file; empty for a file with an error.
  var conversations: [String: [RecordedConversation]] = [:]
  /// The plan's name; nil where it could not be read, or can name no directory.
  var planName: String?
  /// Values that the messages of errors do not show (`Variables.undeclared`), by name.
  var undeclared: [String: String] = [:]
  /// Whether an included file could not be read. Then no missing key is reported: it may stand in
  /// that file.
  var lacksInclude = false
  /// Bytes of YAML that included files may still have.
  var includeBudget = Plan.longestText

  /// A plan with more errors than this is no plan; further ones are dropped.
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

  /// The place of `word` in the rest of its line; `place` itself when it is not there.
  func find(_ word: String, from place: Place) -> Place {
    sources[place.file].text.find(word, from: place)
  }

  /// The line of the plan that `place` belongs to: for an included file, the line of its include.
  func planLine(_ place: Place) -> Int {
    place.file == 0 ? place.line : sources[place.file].planLine
  }
}

// MARK: - Values

extension Reader {
  /// The text of a scalar; nil, with an error, when the item is empty or something else.
  ///
  /// - Parameter wanted: completes "expected", in the error.
  mutating func text(_ item: Item, _ wanted: String) -> String? {
    switch item.value {
    case .scalar(let text) where !text.isEmpty: return text
    case .broken: return nil
    default:
      report(item.place, "expected \(wanted), found \(item.kind)")
      return nil
    }
  }

  /// A scalar that `parse` has read; nil, with an error, when it is wrong.
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

  /// One of the words that `type` has as raw values; nil, with an error, for any other.
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
  /// - Parameter misplaced: errors for keys that other mappings have and this one may not.
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
        item.place, "\(owner) needs a mapping, found \(item.kind)",
        hint: "known keys are \(known.joined(separator: ", "))")
      return nil
    }
  }
}
