import Judgement
import Plan
import Recording

extension LimitRecord {
  /// The limit in a word or two, for JUnit's `type` and for charts: the code that the peer said, such as `HTTP 503`,
  /// the errno's name, or the resource.
  var type: String { saidCode?.shortWords ?? errno?.name ?? resource.rawValue }

  /// The whole record in words and figures, in the order that a reader asks: where, what failed,
  /// how often, when, with how many connections, between which addresses, what moves the limit, and
  /// what was predicted. Facts that are not known are left out.
  ///
  /// - Parameter hasServerCount: whether `accepted` is a count (`Recording.hasServerCount`).
  func facts(hasServerCount: Bool) -> [Fact] {
    let errnoText = errno.map { "\($0.name) (\($0.number)): \($0.text)" }
    return Array(known: [
      "end": end.rawValue,
      "worker": worker.map(String.init),
      "phase": phase,
      "plan line": String(planLine),
      "syscall": syscall,
      "errno": errnoText,
      "resource": resource.rawValue,
      "failures": Format.count(count),
      "first instant": Format.instant(firstInstant),
      "established then": Format.count(established),
      "accepted then": hasServerCount ? Format.count(accepted) : nil,
      "source": source,
      "endpoint": endpoint,
      "knob": knob,
      "value now": now.map(Format.count),
      "value needed": needed.map(Format.count),
      "fix": fix,
      "way out": fix == nil ? wayOut : nil,
      "predicted limit": predicted.map { Format.count($0) + " connections" },
    ])
  }
}

extension LimitRecord {
  /// Which limit someone else's server may have met, guessed from the number of connections at
  /// which it took no more (`NumberGuess`). Nil where that number is no usual limit, and for the
  /// built-in server.
  var guess: String? { evidence.first { $0.name == "a guess" }?.value }
}

extension Judgement {
  /// The longest gap between samples, and how many other gaps there are: "no sample for 2.51 s from
  /// 3.00 s on, in hold; and 2 more". Nil where no sample is missing.
  var gapsInWords: String? {
    guard let longest = gaps.max(by: { $0.seconds < $1.seconds }) else { return nil }
    let place = longest.phase.map { ", in \(onOneLine($0))" } ?? ""
    let more = gaps.count > 1 ? "; and \(Format.count(gaps.count - 1)) more" : ""
    return "no sample for \(Format.duration(seconds: longest.seconds))"
      + " from \(Format.instant(longest.from)) on\(place)\(more)"
  }
}

extension Metrics {
  /// Why the number of accepted connections is unknown. No built-in server has counted them, and
  /// nobody could ask the server's kernel. Then only an answer shows that a connection was
  /// accepted.
  var whyAcceptedIsUnknown: String {
    let unanswered = unanswered ?? 0
    let received = messages(.received) ?? 0
    if unanswered > 0 { return "\(Format.count(unanswered)) connections were never answered" }
    return received > 0
      ? "every connection that asked was answered" : "nothing was sent that would be answered"
  }
}

extension [Fact] {
  /// One fact per line, values lined up.
  var aligned: String {
    let names = map { onOneLine($0.name) }
    let width = names.map(\.count).max() ?? 0
    return zip(names, self).map { name, fact in
      name + String(repeating: " ", count: width - name.count + 2) + onOneLine(fact.value)
    }.joined(separator: "\n")
  }
}

extension Judgement {
  /// The headline with the verdict's word before it, unless the headline begins with that word.
  var spokenHeadline: String {
    headline.hasPrefix(verdict.rawValue) ? headline : "\(verdict.rawValue): \(headline)"
  }
}

extension Recording {
  /// When the run started, how long it took, and on which host; what is not known is left out.
  var circumstances: [String] {
    let day = onOneLine("\(started.prefix(10)) \(started.dropFirst(11).prefix(8)) UTC")
    return [
      started.isEmpty ? nil : started.count < 19 ? onOneLine(started) : day,
      Format.duration(seconds: duration), hostname.isEmpty ? nil : brief(hostname),
    ].compactMap { $0 }
  }
}
