/// The values that `${name}` and `${NAME:-default}` stand for.
///
/// A name is looked up among the overrides of the command line, the plan's variables and the
/// environment, in this order; its default counts when none of them has it. `$${` is a plain `${`.
struct Variables {
  /// The values that the overrides and the environment gave, by name. With these as overrides, the
  /// text reads as the same plan again.
  private(set) var settings: [String: String] = [:]
  /// The settings whose names the plan does not declare. The environment, or an override in its
  /// place, gave them, so they may be secrets.
  var undeclared: [String: String] { settings.filter { declared[$0.key] == nil } }
  /// Every name that the plan refers to.
  private(set) var referenced: Set<String> = []

  private let overrides: [String: String]
  private let declared: [String: String]
  private let environment: [String: String]
  private var resolved: [String: String] = [:]
  /// The names that are being looked up, outermost first, to notice a variable that is made of
  /// itself.
  private var active: [String] = []
  /// Bytes of values that may still take the place of references. The bound keeps the plan's memory
  /// small, however its variables refer to one another.
  private var budget = 1 << 20

  /// The most names that may be looked up within one another.
  private static let deepest = 16

  init(
    overrides: [String: String], declared: [String: String], environment: [String: String]
  ) {
    self.overrides = overrides
    self.declared = declared
    self.environment = environment
    for (name, value) in overrides where declared[name] != nil { settings[name] = value }
  }

  struct Failure: Error {
    /// The reference as written, up to its `}`: the reader looks for its place by this text.
    var reference: String
    var problem: Problem
  }

  /// The text with every reference replaced.
  mutating func expand(_ text: String) throws(Failure) -> String {
    guard text.contains("${") else { return text }
    var result = ""
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[dollar...]
      if rest.hasPrefix("$${") {
        result += "${"
        rest = rest.dropFirst(3)
      } else if rest.hasPrefix("${") {
        guard let close = rest.firstIndex(of: "}") else {
          throw Failure(
            reference: "${", problem: Problem("'${' without its '}'", hint: "a plain ${ is $${"))
        }
        result += try value(of: rest[..<close].dropFirst(2))
        rest = rest[rest.index(after: close)...]
      } else {
        result += "$"
        rest = rest.dropFirst()
      }
    }
    return result + rest
  }

  /// The value of a reference.
  ///
  /// - Parameter body: what stands between the braces: `name` or `NAME:-default`.
  private mutating func value(of body: Substring) throws(Failure) -> String {
    let reference = "${\(body)"
    let name = body.prefix { $0 != ":" }
    let tail = body.dropFirst(name.count)
    let key = String(name)
    guard tail.isEmpty || tail.hasPrefix(":-") else {
      throw Failure(
        reference: reference,
        problem: Problem("a default follows ':-'", hint: "write ${\(name):-value}"))
    }
    guard Self.isName(key) else {
      throw Failure(
        reference: reference, problem: Problem("\(quoted(key)) is not the name of a variable"))
    }
    referenced.insert(key)
    let fallback = tail.isEmpty ? nil : String(tail.dropFirst(2))
    guard let value = try lookUp(key, reference: reference) ?? fallback else {
      throw Failure(
        reference: reference,
        problem: Problem(
          "there is no variable \(quoted(key)), and it has no default",
          hint: didYouMean(key, declared.keys.sorted())
            ?? "declare it in 'variables', or write ${\(key):-default}"))
    }
    budget -= value.utf8.count
    guard budget >= 0 else {
      throw Failure(
        reference: reference, problem: Problem("the variables make this plan longer than 1 MiB"))
    }
    return value
  }

  private mutating func lookUp(_ name: String, reference: String) throws(Failure) -> String? {
    if let value = overrides[name] {
      settings[name] = value
      return value
    }
    if let value = resolved[name] { return value }
    if let value = declared[name] {
      guard !active.contains(name) else {
        throw Failure(
          reference: reference,
          problem: Problem("the variable \(quoted(name)) is made of itself"))
      }
      guard active.count < Self.deepest else {
        throw Failure(
          reference: reference,
          problem: Problem("the variable \(quoted(name)) is made of too many others"))
      }
      active.append(name)
      defer { active.removeLast() }
      do {
        let value = try expand(value)
        resolved[name] = value
        return value
      } catch {
        // Point at the reference in the text, not at one within the variable.
        throw Failure(reference: reference, problem: error.problem)
      }
    }
    if let value = environment[name] { settings[name] = value }
    return environment[name]
  }

  static func isName(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, text.utf8.count <= 100 else { return false }
    let isLetter = { (scalar: Unicode.Scalar) in
      ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }
    return isLetter(first)
      && text.unicodeScalars.allSatisfy {
        isLetter($0) || ("0"..."9").contains($0) || $0 == "-" || $0 == "."
      }
  }
}
