import Plan
import Recording

extension LimitRecord {
  /// "client socket: EMFILE (Too many open files)".
  var cause: String {
    var cause = end.rawValue
    if let syscall { cause += " " + syscall }
    if let errno { return cause + ": \(errno.name) (\(errno.text))" }
    return cause + ": " + resource.rawValue
  }

  /// The limit in one line, as against the goal of its phase.
  func headline(goal: Int?) -> String {
    let held = Format.count(min(established, accepted > 0 ? accepted : established))
    guard let goal else { return "limit reached: \(held) connections; \(cause)" }
    return "limit reached: \(held) of \(Format.count(goal)) connections; \(cause)"
  }

  /// What a test framework files the failure under.
  var type: String { errno?.name ?? resource.rawValue }

  /// The whole record in words and figures, in the order that a reader asks: where, what, when,
  /// how many, and what moves it. What is not known is left out.
  var facts: [Fact] {
    let errnoText = errno.map { "\($0.name) (\($0.number)): \($0.text)" }
    let facts: [(String, String?)] = [
      ("end", end.rawValue),
      ("worker", worker.map(String.init)),
      ("phase", phase),
      ("plan line", String(planLine)),
      ("syscall", syscall),
      ("errno", errnoText),
      ("resource", resource.rawValue),
      ("failures", Format.count(count)),
      ("first instant", Format.instant(firstInstant)),
      ("established then", Format.count(established)),
      ("accepted then", Format.count(accepted)),
      ("source", source),
      ("endpoint", endpoint),
      ("knob", knob),
      ("value now", now.map(Format.count)),
      ("value needed", needed.map(Format.count)),
      ("fix", fix),
      ("predicted limit", predicted.map { Format.count($0) + " connections" }),
    ]
    return facts.compactMap { name, value in value.map { Fact(name, $0) } }
  }
}

extension [Fact] {
  /// One fact a line, values lined up.
  var aligned: String {
    let names = map { line($0.name) }
    let width = names.map(\.count).max() ?? 0
    return zip(names, self).map { name, fact in
      name + String(repeating: " ", count: width - name.count + 2) + line(fact.value)
    }.joined(separator: "\n")
  }
}

extension FailureRecord {
  /// "client socket EMFILE".
  var cause: String {
    line([end.rawValue, syscall, errno?.name].compactMap { $0 }.joined(separator: " "))
  }
}

extension Judgement {
  /// The headline, which says the verdict's word unless it begins with it anyway.
  var spokenHeadline: String {
    headline.hasPrefix(verdict.rawValue) ? headline : "\(verdict.rawValue): \(headline)"
  }
}
