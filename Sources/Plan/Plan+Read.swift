extension Plan {
  /// A plan opens no more than this many bytes of YAML.
  static let longestText = 1 << 20

  /// Reads a plan, or throws everything that is wrong with it at once.
  ///
  /// - Parameters:
  ///   - file: path as the user gave it; errors name it, and the plan's name comes from it.
  ///   - overrides: the values of `--set KEY=VALUE`. A key that the plan neither declares nor
  ///     refers to is an error.
  ///   - environment: what `${NAME}` may stand for when the plan has no variable of that name.
  package static func read(
    text: String, file: String, overrides: [String: String] = [:],
    environment: [String: String] = [:]
  ) throws(InvalidPlan) -> Plan {
    guard text.utf8.count <= longestText else { throw tooLong(file) }
    // Editors do not count a byte order mark as a column; libyaml does.
    let body =
      text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    var reader = Reader(source: SourceText(body))
    guard let root = reader.root(body),
      let plan = reader.plan(
        root, text: text, file: file, overrides: overrides, environment: environment)
    else { throw InvalidPlan(file: file, diagnostics: reader.errors) }
    return plan
  }

  static func tooLong(_ file: String) -> InvalidPlan {
    InvalidPlan(
      file: file,
      diagnostics: [
        Diagnostic(line: 1, column: 1, message: "the file is larger than 1 MiB; no plan is")
      ])
  }
}

extension Reader {
  private static let known = [
    "name", "description", "variables", "server", "target", "clients", "phases", "thresholds",
    "on-limit", "expect-limit", "guard", "sampling",
  ]
  private static let later = ["messages"]

  /// The tree of the file; nil when there is none to look at.
  fileprivate mutating func root(_ text: String) -> Item? {
    if let (scalar, place) = source.firstForbidden() {
      let code = String(scalar.value, radix: 16, uppercase: true)
      report(
        place, "a plan has no control or private-use characters, and this is U+\(code)",
        hint: "in double quotes, escapes such as \\n and \\x1b stand for them")
      return nil
    }
    let document = Document(text, source: source)
    for (place, problem) in document.diagnostics { report(place, problem) }
    return document.root
  }

  fileprivate mutating func plan(
    _ root: Item, text: String, file: String, overrides: [String: String],
    environment: [String: String]
  ) -> Plan? {
    var variables = Variables(
      overrides: overrides, declared: declared(in: root), environment: environment)
    let root = expand(root, overrides: overrides, &variables)
    reportUnknown(overrides, in: root, variables)
    guard let fields = fields(root, in: "the plan", known: Self.known, later: Self.later) else {
      return nil
    }
    let name = name(fields["name"], file: file)
    let description = fields["description"].flatMap { self.text($0.item, "a text") }
    let targets = fields["target"].map { self.targets($0.item) }
    let server =
      targets == nil
      ? part("server", fields, of: root) { reader, item in reader.server(item) } : nil
    if targets != nil, let server = fields["server"] {
      report(
        server.place, "the plan has both 'server' and 'target'",
        hint: "'server' is the built-in one, 'target' is someone else's")
    }
    let clients = clients(fields["clients"]?.item)
    let phases = part("phases", fields, of: root) { reader, item in reader.phases(item) } ?? []
    let names = phases.isEmpty ? nil : phases.map(\.name)
    let thresholds = fields["thresholds"].map { self.thresholds($0.item, phases: names) }
    let onLimit = fields["on-limit"].flatMap { word($0.item, as: Plan.OnLimit.self) }
    let expectedLimit = fields["expect-limit"].flatMap { self.expectedLimit($0.item) }
    let memoryGuard = memoryGuard(fields["guard"]?.item)
    let sampling = sampling(fields["sampling"]?.item)
    crossCheck(
      server: server, targets: targets ?? [], clients: clients, phases: phases, fields: fields)
    guard errorCount == 0, server != nil || targets != nil, let clients else { return nil }
    return Plan(
      name: name, description: description ?? "", file: file, text: text,
      settings: variables.settings, server: server, targets: targets ?? [], clients: clients,
      patterns: [], phases: phases.compactMap(\.phase), thresholds: thresholds ?? [],
      onLimit: onLimit ?? .hold,
      expectedLimit: expectedLimit, memoryGuard: memoryGuard, sampling: sampling)
  }

  /// A part that every plan has.
  private mutating func part<T>(
    _ key: String, _ fields: [String: Item.Field], of root: Item,
    _ read: (inout Reader, Item) -> T?
  ) -> T? {
    if let field = fields[key] { return read(&self, field.item) }
    report(
      .start, "the plan has no '\(key)'\(key == "server" ? ", and no 'target' either" : "")")
    return nil
  }
}
