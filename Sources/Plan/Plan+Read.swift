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
    let source = SourceText(text)
    var reader = Reader(source: source)
    guard let root = reader.root(text),
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
    "name", "description", "variables", "server", "clients", "phases", "thresholds", "on-limit",
    "guard", "sampling",
  ]
  private static let later = ["target", "messages", "expect-limit"]

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
    let server = part("server", fields, of: root) { reader, item in reader.server(item) }
    let clients = clients(fields["clients"]?.item)
    let phases = part("phases", fields, of: root) { reader, item in reader.phases(item) } ?? []
    let names = phases.isEmpty ? nil : phases.map(\.name)
    let thresholds = fields["thresholds"].map { self.thresholds($0.item, phases: names) }
    let onLimit = fields["on-limit"].flatMap { word($0.item, as: Plan.OnLimit.self) }
    let memoryGuard = memoryGuard(fields["guard"]?.item)
    let sampling = sampling(fields["sampling"]?.item)
    crossCheck(server: server, clients: clients, phases: phases, fields: fields)
    guard errorCount == 0, let server, let clients else { return nil }
    return Plan(
      name: name, description: description ?? "", file: file, text: text,
      settings: variables.settings, server: server, clients: clients,
      phases: phases.compactMap(\.phase), thresholds: thresholds ?? [], onLimit: onLimit ?? .hold,
      memoryGuard: memoryGuard, sampling: sampling)
  }

  /// A part that every plan has.
  private mutating func part<T>(
    _ key: String, _ fields: [String: Item.Field], of root: Item,
    _ read: (inout Reader, Item) -> T?
  ) -> T? {
    if let field = fields[key] { return read(&self, field.item) }
    // A plan for someone else's server has been told already that it comes later.
    if key == "server", fields["target"] != nil { return nil }
    report(.start, "the plan has no '\(key)'")
    return nil
  }
}

// MARK: - Variables

extension Reader {
  /// The values of `variables`, as they are written.
  private func declared(in root: Item) -> [String: String] {
    guard case .map(let fields) = root.value,
      case .map(let variables)? = fields.first(where: { $0.key == "variables" })?.item.value
    else { return [:] }
    var declared: [String: String] = [:]
    for field in variables {
      if case .scalar(let text) = field.item.value { declared[field.key] = text }
    }
    return declared
  }

  /// The tree with every reference in it replaced.
  private mutating func expand(
    _ root: Item, overrides: [String: String], _ variables: inout Variables
  ) -> Item {
    guard case .map(var fields) = root.value else { return root }
    for index in fields.indices {
      let field = fields[index]
      guard field.key == "variables" else {
        fields[index].item = expand(field.item, &variables)
        continue
      }
      guard case .map(let declarations) = field.item.value else {
        if case .broken = field.item.value { continue }
        report(
          field.item.place, "variables needs a mapping, found \(field.item.kind)",
          hint: "for example variables: {goal: 20k}")
        continue
      }
      for declaration in declarations {
        checkDeclaration(declaration)
        // What an override replaces need not make sense.
        if overrides[declaration.key] == nil { _ = expand(declaration.item, &variables) }
      }
    }
    return Item(place: root.place, value: .map(fields))
  }

  private mutating func checkDeclaration(_ field: Item.Field) {
    if !Variables.isName(field.key) {
      report(
        field.place, "\(quoted(field.key)) is not a name for a variable",
        hint: "letters, digits, '_', '-' and '.', and a letter first")
    }
    switch field.item.value {
    case .scalar, .broken: break
    default:
      report(
        field.item.place, "a variable stands for one value, found \(field.item.kind)")
    }
  }

  private mutating func expand(_ item: Item, _ variables: inout Variables) -> Item {
    switch item.value {
    case .scalar(let text):
      do {
        return Item(place: item.place, value: .scalar(try variables.expand(text)))
      } catch {
        report(source.find(error.reference, from: item.place), error.problem)
        return Item(place: item.place, value: .broken)
      }
    case .list(let items):
      return Item(place: item.place, value: .list(items.map { expand($0, &variables) }))
    case .map(let fields):
      let expanded = fields.map { field in
        Item.Field(key: field.key, place: field.place, item: expand(field.item, &variables))
      }
      return Item(place: item.place, value: .map(expanded))
    case .broken:
      return item
    }
  }

  private mutating func reportUnknown(
    _ overrides: [String: String], in root: Item, _ variables: Variables
  ) {
    let declared = declared(in: root)
    let known = variables.referenced.union(declared.keys)
    for name in overrides.keys.sorted() where !known.contains(name) {
      report(
        .start, "--set \(name): the plan has no variable \(quoted(name))",
        hint: didYouMean(name, known.sorted())
          ?? (known.isEmpty
            ? "it has none at all" : "it has \(known.sorted().joined(separator: ", "))"))
    }
  }
}

// MARK: - Small parts

extension Reader {
  /// The plan's name, which is a directory's name as well.
  private mutating func name(_ field: Item.Field?, file: String) -> String {
    let place: Place
    let name: String
    if let field {
      guard let text = text(field.item, "a name") else { return "" }
      (place, name) = (field.item.place, text)
    } else {
      (place, name) = (.start, Plan.stem(of: file))
    }
    if let problem = Plan.problem(withName: name) {
      report(
        place, field == nil ? "the plan needs a 'name': its file's \(problem)" : "the \(problem)")
    }
    return name
  }

  private mutating func memoryGuard(_ item: Item?) -> Plan.MemoryGuard? {
    let standard = Plan.MemoryGuard.share(0.05)
    guard let item else { return standard }
    if case .scalar(let text) = item.value {
      if text != "off" {
        report(
          item.place, "expected off or a mapping, found \(quoted(text))",
          hint: "write guard: {memory: 5%}")
      }
      return nil
    }
    guard let fields = fields(item, in: "guard", known: ["memory"]) else { return nil }
    guard let memory = fields["memory"] else {
      report(item.place, "guard needs 'memory'", hint: "write guard: {memory: 5%}, or guard: off")
      return nil
    }
    return value(memory.item, "a share or a size") { text throws(Problem) in
      if text.hasSuffix("%") {
        let share = try Units.share(text)
        guard share > 0, share < 1 else {
          throw Problem("the guard must be more than 0% and less than 100%")
        }
        return .share(share)
      }
      guard text.last?.isLetter == true || text.hasPrefix("-") else {
        throw Problem(
          "\(quoted(text)) is neither a share nor a size", hint: "write 5% or 512MiB")
      }
      let size = try Units.size(text)
      guard size > 0 else { throw Problem("the guard must be more than zero") }
      return .bytes(size)
    }
  }

  private mutating func sampling(_ item: Item?) -> Plan.Sampling {
    let standard = Plan.Sampling(every: .seconds(1))
    guard let item, let fields = fields(item, in: "sampling", known: ["every"]) else {
      return standard
    }
    guard let every = fields["every"] else {
      report(item.place, "sampling needs 'every'", hint: "write sampling: {every: 1s}")
      return standard
    }
    let span = value(every.item, "a duration") { text throws(Problem) in
      let span = try Units.positiveDuration(text)
      guard span >= .milliseconds(10) else {
        throw Problem(
          "\(quoted(text)) is too often: reading the counters takes time itself",
          hint: "10ms at least")
      }
      return span
    }
    return span.map(Plan.Sampling.init) ?? standard
  }
}
