extension Reader {
  /// The plan's variables: their values as text, in which references are not yet replaced.
  func declared(in root: Item) -> [String: String] {
    guard case .map(let fields) = root.value,
      case .map(let variables)? = fields.first(where: { $0.key == "variables" })?.item.value
    else { return [:] }
    var declared: [String: String] = [:]
    for field in variables {
      if case .scalar(let text) = field.item.value { declared[field.key] = text }
    }
    return declared
  }

  /// The tree with every reference to a variable replaced. References within `variables` stay as they are:
  /// they are only checked.
  mutating func expand(
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
          field.item.place, "variables needs a mapping, found \(field.item.foundWords)",
          hint: "for example variables: {goal: 20k}")
        continue
      }
      for declaration in declarations {
        checkDeclaration(declaration)
        // A declaration that an override replaces need not make sense.
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
        field.item.place, "a variable stands for one value, found \(field.item.foundWords)")
    }
  }

  private mutating func expand(_ item: Item, _ variables: inout Variables) -> Item {
    switch item.value {
    case .scalar(let text):
      do {
        let value = try variables.expand(text)
        // The text of a file has none; the value of an override or of the environment may.
        guard !HiddenCharacters.stand(in: value) else {
          report(
            item.place, "the value of a variable here has private-use characters, and no plan has")
          return Item(place: item.place, value: .broken)
        }
        return Item(place: item.place, value: .scalar(value))
      } catch {
        report(find(error.reference, from: item.place), error.problem)
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

  /// Reports overrides of names that the plan neither declares nor refers to: they would do nothing.
  mutating func reportUnknown(
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
