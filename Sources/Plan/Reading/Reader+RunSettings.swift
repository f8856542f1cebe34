import Recording

/// Reads `name`, `guard` and `sampling`.
extension Reader {
  /// The plan's name, or that of its file where the plan has none; empty when it could not be read.
  /// A name that cannot name a directory is an error.
  mutating func name(_ field: Item.Field?, file: String) -> String {
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

  /// The value of `guard`, 5% without one. Nil for `off`; nil, with an error, when it is wrong.
  mutating func memoryGuard(_ item: Item?) -> MemoryGuard? {
    let standard = MemoryGuard.share(0.05)
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

  /// The value of `sampling`, every second without one; nil, with an error, when it is wrong.
  mutating func sampling(_ item: Item?) -> Plan.Sampling? {
    guard let item else { return Plan.Sampling(every: .seconds(1)) }
    guard let fields = fields(item, in: "sampling", known: ["every"]) else { return nil }
    guard let every = fields["every"] else {
      report(item.place, "sampling needs 'every'", hint: "write sampling: {every: 1s}")
      return nil
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
    return span.map(Plan.Sampling.init)
  }
}
