import Addressing
import Messages

extension Plan {
  /// The most bytes of YAML in the plan's own file. All the files that it includes may have as many
  /// together.
  static let longestText = 1 << 20
  /// The most bytes of a file that is sent as a message, or of a file of conversations.
  package static let longestMessageFile = MessageTemplate.mostBytes
  /// The most bytes of a file of `data`.
  package static let longestDataFile = 64 << 20

  /// Reads a plan, or throws everything that is wrong with it at once.
  ///
  /// - Parameters:
  ///   - file: path as the user gave it; errors name it, and the plan's name comes from it.
  ///   - overrides: the values of `--set KEY=VALUE`. A key that the plan neither declares nor
  ///     refers to is an error.
  ///   - environment: what `${NAME}` may stand for when the plan has no variable of that name.
  ///   - files: gives the files that the plan names, by their path as seen from the plan.
  package static func read(
    text: String, file: String, overrides: [String: String] = [:],
    environment: [String: String] = [:], files: @escaping FileSource = attached([:])
  ) throws(InvalidPlan) -> Plan {
    guard text.utf8.count <= longestText else { throw tooLong(file) }
    var reader = Reader(plan: file, files: files)
    guard let own = reader.root(of: text),
      let plan = reader.plan(
        reader.withIncludes(own), text: text, file: file, overrides: overrides,
        environment: environment)
    else { throw InvalidPlan(file: file, diagnostics: reader.errors, name: reader.planName) }
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
  /// The keys that a plan may have.
  static let planKeys = [
    "name", "description", "include", "variables", "server", "target", "clients", "tls", "protocol",
    "data", "messages", "phases", "thresholds", "on-limit", "tolerate", "expect-limit", "guard",
    "sampling",
  ]

  fileprivate mutating func plan(
    _ root: Item, text: String, file: String, overrides: [String: String],
    environment: [String: String]
  ) -> Plan? {
    var variables = Variables(
      overrides: overrides, declared: declared(in: root), environment: environment)
    let root = expand(root, overrides: overrides, &variables)
    undeclared = variables.undeclared
    reportUnknown(overrides, in: root, variables)
    guard let fields = fields(root, in: "the plan", known: Self.planKeys) else { return nil }
    let name = name(fields["name"], file: file)
    planName = Plan.problem(withName: name) == nil ? name : nil
    let description = fields["description"].flatMap { self.text($0.item, "a text") }
    if let field = fields["data"] { self.data(field.item) }
    let targets = fields["target"].map { self.targets($0.item) }
    let server =
      targets == nil
      ? part("server", fields, of: root) { reader, item in reader.server(item) } : nil
    if targets != nil, let server = fields["server"] {
      report(
        server.place, "the plan has both 'server' and 'target'",
        hint: "'server' is the built-in one, 'target' is someone else's")
    }
    let serverTLS = fields["server"].flatMap { server -> Item.Field? in
      guard case .map(let fields) = server.item.value else { return nil }
      return fields.first { $0.key == "tls" }
    }
    let clients = clients(fields["clients"]?.item)
    let sampling = sampling(fields["sampling"]?.item)
    var messages = MessageBook()
    if let field = fields["messages"] { self.messages(field.item, into: &messages) }
    let context = PhaseContext(
      clients: clients, interval: sampling?.every,
      tolerance: fields["tolerate"].flatMap { share($0.item) } ?? 0)
    let phases =
      part("phases", fields, of: root) { reader, item in
        reader.phases(item, context, &messages)
      } ?? []
    let names = phases.isEmpty ? nil : phases.map(\.name)
    let thresholds = fields["thresholds"].map {
      self.thresholds($0.item, ThresholdContext(phases: names, interval: sampling?.every))
    }
    let onLimit = fields["on-limit"].flatMap { word($0.item, as: Plan.OnLimit.self) }
    let expectedLimit = fields["expect-limit"].flatMap { self.expectedLimit($0.item) }
    let memoryGuard = memoryGuard(fields["guard"]?.item)
    crossCheck(
      server: server, targets: targets ?? [], clients: clients, phases: phases, fields: fields)
    // Only the run shows what someone else's server answers, so any expectation is accepted. `.echo`
    // stands for such a server, because no expectation is refused with it.
    let reply = targets == nil ? server?.reply : .echo
    var tls = fields["tls"].flatMap { self.tls($0.item) }
    if let field = serverTLS {
      if let written = fields["tls"], case .scalar("off") = written.item.value {
        report(field.place, "the server has 'tls', and tls is off")
      }
      if fields["tls"] == nil { tls = PlanTLS() }
      self.serverTLS(field.item, into: &tls)
    }
    let spoken = fields["protocol"].map { self.protocol($0.item) } ?? .raw
    if let field = fields["protocol"], case .http? = spoken, let problem = server?.reply.whyNotHTTP
    {
      report(field.place, problem.message, hint: problem.hint)
    }
    if let field = fields["protocol"], case .mqtt(let settings)? = spoken, let server {
      checkMQTTServer(server.reply, settings, at: field.place)
    }
    let host = (targets?.first ?? nil).map { "\($0)" } ?? server.map { "\($0.endpoints[0])" }
    // Where the protocol could not be read, nobody can tell which keys a message should have.
    let patterns =
      spoken.map {
        self.patterns(
          messages, playedBy: phases, reply: reply, spoken: SpokenContext($0, host: host ?? ""))
      } ?? []
    guard errorCount == 0, server != nil || targets != nil, let clients, let sampling, let spoken
    else {
      return nil
    }
    var plan = Plan(
      name: name, description: description ?? "", file: file, text: text,
      settings: variables.settings, undeclared: Set(undeclared.keys),
      attachments: attachments,
      server: server,
      targets: targets ?? [], clients: clients, tls: tls, protocol: spoken, data: data.tables,
      patterns: patterns,
      phases: phases.compactMap(\.phase),
      thresholds: (thresholds ?? []) + phases.flatMap(\.thresholds), onLimit: onLimit ?? .hold,
      tolerance: context.tolerance,
      expectedLimit: expectedLimit, memoryGuard: memoryGuard, sampling: sampling)
    plan.keepNamesOfData()
    return plan
  }

  /// A part that every plan must have; nil, with an error, when it is missing. There is no error
  /// where an included file could not be read, as the part may stand there.
  private mutating func part<T>(
    _ key: String, _ fields: [String: Item.Field], of root: Item,
    _ read: (inout Reader, Item) -> T?
  ) -> T? {
    if let field = fields[key] { return read(&self, field.item) }
    guard !lacksInclude else { return nil }
    report(
      .start, "the plan has no '\(key)'\(key == "server" ? ", and no 'target' either" : "")")
    return nil
  }
}

extension Plan {
  /// Keeps, of each file of `data`, the columns that the plan uses, and attaches their names. A file that is sent as
  /// well is attached whole already.
  fileprivate mutating func keepNamesOfData() {
    guard !data.isEmpty else { return }
    let text = effective
    for index in data.indices {
      data[index].columns.removeAll { !text.contains("{\($0.name)}") }
    }
    for (path, tables) in Dictionary(grouping: data, by: \.path) where attachments[path] == nil {
      let used = tables.flatMap(\.keys)
      attachments[path] = DataFile.stub(
        used.reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
    }
  }
}
