import Messages

extension Reader {
  /// The tree of the plan's own text; nil, with an error, when the text has none.
  mutating func root(of text: String) -> Item? {
    root(of: text, file: 0)
  }

  /// The plan's tree, merged with those of the files that it includes.
  ///
  /// What the including file says wins over what it includes, and of several includes the later
  /// one wins. `variables` and `messages` are merged name by name, everything else as a whole.
  mutating func withIncludes(_ own: Item) -> Item {
    merged(own, path: "", trail: [])
  }

  private static let deepestInclude = 8
  private static let mergedByName = ["variables", "messages"]
  /// A file that has one of these keys does not inherit the other.
  private static let rivals = ["server": "target", "target": "server"]

  /// The tree of a text; nil, with an error, when the text has none. An included file may be empty: then
  /// nil, without an error.
  ///
  /// - Parameter file: the index of the text's file in `sources`, which must have it already.
  mutating func root(of text: String, file: Int, kind: TextKind = .plan) -> Item? {
    // Editors do not count a byte order mark as a column; libyaml does.
    let body =
      text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    let source = SourceText(body, file: file)
    sources[file].text = source
    if let (scalar, place) = source.firstForbidden() {
      let code = String(scalar.value, radix: 16, uppercase: true)
      report(
        place,
        "\(kind.noun) has no control or private-use characters, and this is U+\(code)",
        hint: scalar.value < HiddenCharacters.first
          ? "in double quotes, escapes such as \\n and \\x1b stand for them"
          : kind == .conversation ? "write what was said as {base64: ...}" : nil)
      return nil
    }
    let document = Document(body, source: source, kind: kind)
    for (place, problem) in document.diagnostics { report(place, problem) }
    return document.root
  }

  /// The tree `own`, merged with those of the files that it includes.
  ///
  /// - Parameters:
  ///   - path: path, as seen from the plan, of the file whose tree is `own`; empty for the plan itself.
  ///   - trail: paths of the files that are being included, outermost first.
  private mutating func merged(_ own: Item, path: String, trail: [String]) -> Item {
    guard case .map(let fields) = own.value,
      let include = fields.first(where: { $0.key == "include" })
    else { return own }
    var included: [Item.Field] = []
    for item in includes(include.item) {
      guard let root = root(included: item, from: path, trail: trail),
        case .map(let more) = root.value
      else {
        lacksInclude = true
        continue
      }
      included = Self.merged(more, over: included)
    }
    return Item(place: own.place, value: .map(Self.merged(fields, over: included)))
  }

  /// The items of an `include` that name a file each.
  private mutating func includes(_ item: Item) -> [Item] {
    switch item.value {
    case .list(let items):
      if items.isEmpty { report(item.place, "include is an empty list") }
      return items
    default: return [item]
    }
  }

  /// The tree of an included file, merged with those of the files that it includes; nil, with an error,
  /// when there is none.
  private mutating func root(included item: Item, from path: String, trail: [String]) -> Item? {
    guard let name = text(item, "the name of a file, or a list of these") else { return nil }
    guard !name.contains("${") else {
      report(
        item.place, "the name of an included file has no variables",
        hint: "variables may come from the very files that are included")
      return nil
    }
    let resolved = FilePath.resolve(name, from: path)
    if trail.contains(resolved) || resolved == path {
      report(item.place, "\(quoted(name)) includes itself")
      return nil
    }
    guard trail.count < Self.deepestInclude else {
      report(
        item.place, "includes are nested deeper than \(Self.deepestInclude) levels",
        hint: "include \(quoted(name)) in the plan itself")
      return nil
    }
    guard includeBudget >= 0, let bytes = bytes(of: resolved, at: item.place) else { return nil }
    includeBudget -= bytes.count
    guard includeBudget >= 0 else {
      report(item.place, "the included files make this plan longer than 1 MiB")
      return nil
    }
    let planLine = planLine(item.place)
    sources.append(
      Source(
        name: FilePath.resolve(resolved, from: sources[0].name), path: resolved,
        text: SourceText(""), planLine: planLine))
    let file = sources.count - 1
    guard let text = String(validating: bytes, as: UTF8.self) else {
      sources[file].text = SourceText(String(decoding: bytes, as: UTF8.self), file: file)
      report(SourceText.firstInvalid(in: bytes, file: file), "the file is not UTF-8 from here on")
      return nil
    }
    let before = errorCount
    guard let root = root(of: text, file: file) else {
      // An empty file adds nothing to the plan. For any other file, the error has been reported.
      return errorCount == before ? Item(place: item.place, value: .map([])) : nil
    }
    guard case .map = root.value else {
      if case .broken = root.value { return nil }
      report(root.place, "an included file needs a mapping, found \(root.foundWords)")
      return nil
    }
    return merged(root, path: resolved, trail: trail + [resolved])
  }

  /// The bytes of a file that the plan names, which are kept in `attachments`; nil, with an error,
  /// when the file cannot be read.
  mutating func bytes(of path: String, at place: Place) -> [UInt8]? {
    if let known = attachments[path] { return known }
    do {
      let bytes = try files(path)
      attachments[path] = bytes
      return bytes
    } catch {
      report(place, "the file \(quoted(path)) cannot be read: \(error.reason)")
      return nil
    }
  }

  /// All fields of `own`, and those of `base` that `own` does not replace.
  private static func merged(_ own: [Item.Field], over base: [Item.Field]) -> [Item.Field] {
    var result = own.map { field in
      guard mergedByName.contains(field.key), case .map(let ownNames) = field.item.value,
        let other = base.first(where: { $0.key == field.key }),
        case .map(let otherNames) = other.item.value
      else { return field }
      let names = merged(names: ownNames, over: otherNames)
      return Item.Field(
        key: field.key, place: field.place, item: Item(place: field.item.place, value: .map(names)))
    }
    let taken = Set(own.flatMap { [$0.key] + (rivals[$0.key].map { [$0] } ?? []) })
    // The `include` of an included file has been followed by now, and is not inherited.
    result += base.filter { !taken.contains($0.key) && $0.key != "include" }
    return result
  }

  private static func merged(
    names own: [Item.Field], over base: [Item.Field]
  ) -> [Item.Field] {
    let taken = Set(own.map(\.key))
    return base.filter { !taken.contains($0.key) } + own
  }
}
