import Yams

/// A value of a plan file, with its place.
struct Item {
  var place: Place
  var value: Value

  enum Value {
    case scalar(String)
    case list([Item])
    case map([Field])
    /// A value that an error has been reported for already.
    case broken
  }

  struct Field {
    var key: String
    var place: Place
    var item: Item
  }

  /// The words for the item in an error that expected something else.
  var foundWords: String {
    switch value {
    case .scalar(""): "nothing"
    case .scalar(let text): quoted(text)
    case .list: "a list"
    case .map: "a mapping"
    case .broken: "an error"
    }
  }
}

/// What kind of file a YAML text is; errors about the text name it.
enum TextKind: String {
  case plan, conversation

  /// The subject of an error's sentence.
  var noun: String { "a \(rawValue)" }

  /// The error for a text without content.
  fileprivate var emptiness: Problem {
    switch self {
    case .plan: Problem("the plan is empty", hint: "it needs at least 'server' and 'phases'")
    case .conversation: Problem("the file is empty", hint: "it begins with conversation: 1")
    }
  }
}

/// YAML text to a tree of `Item`, through Yams and without its surprises: no anchors, no tags, no
/// types guessed from the look of a scalar, and, as far as `HiddenCharacters` can, no repeated key that hides the errors
/// after it. An error of the syntax still does.
struct Document {
  private(set) var diagnostics: [(place: Place, problem: Problem)] = []
  private(set) var root: Item?
  private let hiddenCharacters: HiddenCharacters
  private let kind: TextKind
  /// The number of the text's file, as in `Place`.
  private let file: Int
  /// The tags that the parser gives to a scalar without a tag in the text: an empty one to plain text, and
  /// that of a string to quoted text. `!` alone names no type either.
  private let tagsOfUntagged: [Tag] = [.implicit, "!", Tag(.str)]

  /// The most levels that a text may nest; a plan needs nine.
  private static let deepest = 16

  /// Reads a text. An included file may be empty: then there is neither a root nor an error.
  ///
  /// - Parameter source: the same text by lines.
  init(_ text: String, source: SourceText, kind: TextKind = .plan) {
    hiddenCharacters = HiddenCharacters(text)
    self.kind = kind
    file = source.file
    do {
      // `.basic` leaves scalars alone: `off` is a word here, not a Boolean.
      guard
        let node = try Yams.compose(
          yaml: hiddenCharacters.text, .basic, .default, .utf8), !Self.isEmpty(node)
      else {
        guard file == 0 || kind != .plan else { return }
        report(place(nil), kind.emptiness)
        return
      }
      root = item(node, depth: 0)
    } catch let error as YamlError {
      report(error, source: source)
    } catch {
      report(place(nil), Problem("not valid YAML: \(error)"))
    }
  }

  /// The place of the parser's mark; the file's start where there is none.
  private func place(_ mark: Mark?) -> Place {
    Place(file: file, line: max(1, mark?.line ?? 1), column: max(1, mark?.column ?? 1))
  }

  private static func isEmpty(_ node: Node) -> Bool {
    if case .scalar(let scalar) = node { scalar.string.isEmpty } else { false }
  }

  private mutating func report(_ place: Place, _ problem: Problem) {
    diagnostics.append((place, problem))
  }

  private mutating func item(_ node: Node, depth: Int) -> Item {
    let place = place(node.mark)
    if !isUntagged(node) {
      report(place, Problem("\(kind.noun) has no YAML tags"))
      return Item(place: place, value: .broken)
    }
    guard depth <= Self.deepest else {
      report(place, tooDeep)
      return Item(place: place, value: .broken)
    }
    switch node {
    case .scalar(let scalar):
      if scalar.style == .plain, HiddenCharacters.isAnchorOrAlias(scalar.string) {
        report(place, anchorOrAlias)
        return Item(place: place, value: .broken)
      }
      return Item(place: place, value: .scalar(hiddenCharacters.restored(scalar.string)))
    case .sequence(let nodes):
      return Item(place: place, value: .list(nodes.map { item($0, depth: depth + 1) }))
    case .mapping(let mapping):
      return Item(place: place, value: .map(fields(mapping, depth: depth)))
    case .alias:
      return Item(place: place, value: .broken)
    }
  }

  /// Whether the text gives the node no tag. `Node.tag` cannot tell: reading it resolves the tag, and a
  /// node without one then has one, too.
  private func isUntagged(_ node: Node) -> Bool {
    switch node {
    case .scalar(let scalar): tagsOfUntagged.contains(scalar.tag)
    case .mapping(let mapping): mapping.tag == .implicit
    case .sequence(let sequence): sequence.tag == .implicit
    case .alias: true
    }
  }

  private mutating func fields(_ mapping: Node.Mapping, depth: Int) -> [Item.Field] {
    var fields: [Item.Field] = []
    var placeOfFirst: [String: Place] = [:]
    for (key, value) in mapping {
      let place = place(key.mark)
      guard case .scalar(let scalar) = key else {
        report(place, Problem("a key is one word"))
        continue
      }
      let name = hiddenCharacters.restored(scalar.string)
      if let earlier = placeOfFirst[name] {
        report(
          place,
          Problem(
            "duplicate key \(quoted(name))", hint: "the first one is in line \(earlier.line)"))
        continue
      }
      placeOfFirst[name] = place
      fields.append(.init(key: name, place: place, item: item(value, depth: depth + 1)))
    }
    return fields
  }

  private var tooDeep: Problem {
    Problem("nested too deep: no \(kind.rawValue) has more than \(Self.deepest) levels")
  }

  private var anchorOrAlias: Problem {
    Problem(
      "\(kind.noun) has no anchors and aliases",
      hint: kind == .plan ? "write 'variables: {name: value}' and use it as ${name}" : nil)
  }
}

// MARK: - Errors of the YAML itself

extension Document {
  private mutating func report(_ error: YamlError, source: SourceText) {
    switch error {
    case .composer(_, _, let mark, _):
      // Without aliases, a second document is the only error that the composer finds.
      report(place(mark), Problem("\(kind.noun) is one YAML document: a second one begins here"))
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _):
      let place = place(mark)
      guard !problem.hasPrefix("Maximum nesting level") else {
        report(place, tooDeep)
        return
      }
      let origin = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
      report(
        place,
        Problem(
          "not valid YAML: \(problem)\(origin)", hint: hint(problem, at: place, source: source)))
    case .duplicatedKeysInMapping(let duplicates, let context):
      // Only keys whose last character is not hidden (`HiddenCharacters.endsKey`) come here, such
      // as quoted ones, and those with a space before the colon.
      let name = hiddenCharacters.restored(duplicates.first ?? "")
      report(place(context.mark), Problem("duplicate key \(quoted(name))"))
    default:
      report(place(nil), Problem("not valid YAML: \(error)"))
    }
  }

  private func hint(_ problem: String, at place: Place, source: SourceText) -> String? {
    let nearby = [place.line - 1, place.line].map(source.line)
    if nearby.contains(where: { $0.contains(": &") || $0.contains("- &") }) {
      return anchorOrAlias.message
    }
    let line = source.line(place.line)
    if line.drop(while: { $0 == " " }).first == "\t" {
      return "YAML is indented with spaces, not with tabs"
    }
    if problem.hasPrefix("mapping values are not allowed") {
      return "is the indentation right, and is a value with ': ' in quotes?"
    }
    return nil
  }
}
