/// Reads one plan file and collects everything that is wrong with it.
///
/// The parts that read server, clients, phases and so on are extensions in files of their own.
/// They return what they could make of their part and leave the errors in `diagnostics`: a value
/// that is wrong counts as its default, so that the rest of the file is still looked at.
struct Reader {
  let source: SourceText

  /// A file with more errors than this is no plan; the rest is not looked for.
  private static let mostErrors = 1000

  private var diagnostics: [Diagnostic] = []

  init(source: SourceText) {
    self.source = source
  }

  var errorCount: Int { diagnostics.count }

  /// In the order of the file; an error reported twice for one place is shown once.
  var errors: [Diagnostic] {
    var seen: Set<String> = []
    return
      diagnostics
      .sorted { ($0.line, $0.column) < ($1.line, $1.column) }
      .filter { seen.insert("\($0.line):\($0.column):\($0.message)").inserted }
  }

  mutating func report(_ place: Place, _ problem: Problem) {
    guard errorCount < Self.mostErrors else { return }
    diagnostics.append(
      Diagnostic(
        line: place.line, column: place.column, message: problem.message,
        sourceLine: source.line(place.line), hint: problem.hint))
  }

  mutating func report(_ place: Place, _ message: String, hint: String? = nil) {
    report(place, Problem(message, hint: hint))
  }
}

// MARK: - Values

extension Reader {
  /// The text of a scalar; nil, with an error, when it is something else.
  mutating func text(_ item: Item, _ wanted: String) -> String? {
    switch item.value {
    case .scalar(let text) where !text.isEmpty: return text
    case .broken: return nil
    default:
      report(item.place, "expected \(wanted), found \(item.kind)")
      return nil
    }
  }

  /// A scalar read by one of the parsers of `Units`; nil, with an error, when it is wrong.
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

  /// One of a few words.
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
  /// - Parameter later: keys that the plan language has and this version does not.
  mutating func fields(
    _ item: Item, in owner: String, known: [String], later: [String] = []
  ) -> [String: Item.Field]? {
    switch item.value {
    case .broken: return nil
    case .map(let fields):
      for field in fields where !known.contains(field.key) && errorCount < Self.mostErrors {
        if later.contains(field.key) {
          report(field.place, notYet(quoted(field.key)))
        } else {
          report(
            field.place, "unknown key \(quoted(field.key)) in \(owner)",
            hint: didYouMean(field.key, known + later)
              ?? "known are \(known.joined(separator: ", "))")
        }
      }
      // `Document` has dropped the second of two like keys.
      return Dictionary(uniqueKeysWithValues: fields.map { ($0.key, $0) })
    default:
      report(
        item.place, "\(owner) needs a mapping, found \(item.kind)",
        hint: "known keys are \(known.joined(separator: ", "))")
      return nil
    }
  }

  /// How this version refuses a part of the plan language that it does not have.
  func notYet(_ what: String) -> Problem {
    Problem("this version does not have \(what) yet")
  }
}
