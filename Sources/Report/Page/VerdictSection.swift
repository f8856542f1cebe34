import Judgement
import Plan
import Recording

/// The top of the page: how the run came out, which limit stopped it, and the command that moves
/// that limit.
extension HTMLReport {
  var verdictSection: Element {
    Element(
      "section",
      [
        "class": "verdict \(judgement.verdict.rawValue)", "aria-labelledby": "verdict",
        "data-exit": String(judgement.exitCode),
      ]
    ) {
      Element("p", ["class": "badge"], verdictWord)
      Element("h2", ["id": "verdict"], capitalised(brief(judgement.headline, to: 1000)))
      if let fault = recording.fault, fault != judgement.headline {
        Element("pre", ["class": "fault"], truncated(fault, to: 20_000))
      }
      if let limit = judgement.limit { details(of: limit) }
      figures
      // The first two remarks, as in the terminal's summary. `phasesSection` has all of them.
      for phase in recording.phases.filter({ !$0.remark.isEmpty }).prefix(2) {
        Element("p", ["class": "note"], brief("\(phase.name): \(phase.remark)", to: 500))
      }
      if let gaps = judgement.gapsInWords {
        Element(
          "p", ["class": "note"],
          capitalised("\(gaps). What the curves show there is not measured."))
      }
    }
  }

  private var verdictWord: String {
    switch judgement.verdict {
    case .passed: "Passed"
    case .failed: "Failed"
    case .limit: "Limit"
    case .interrupted: "Interrupted"
    case .error: recording.complete ? "Error" : "Incomplete"
    }
  }

  @MarkupBuilder private func details(of limit: LimitRecord) -> [Node] {
    Element("div", ["class": "limit-details"]) {
      Element("div") {
        Element("h3", [:], "What stopped it")
        Element("dl", ["class": "pairs"]) {
          for fact in limit.rows(hasServerCount: recording.hasServerCount) { pair(fact) }
        }
      }
      if !limit.evidence.isEmpty {
        Element("div") {
          Element("h3", [:], "Evidence")
          Element("dl", ["class": "pairs"]) {
            for fact in limit.evidence.prefix(40) { pair(fact) }
          }
        }
      }
    }
    if let fix = limit.fix {
      Element("div", ["class": "fix"]) {
        Element("h3", [:], "To go further")
        Element("pre") { Element("code", [:], truncated(fix, to: 4000)) }
      }
    } else if let wayOut = limit.wayOut {
      Element("div", ["class": "fix"]) {
        Element("h3", [:], "To go further")
        Element("p", [:], wayOut)
      }
    }
    furtherLimits(beside: limit)
  }

  @MarkupBuilder private func furtherLimits(beside limit: LimitRecord) -> [Node] {
    let others = recording.limits.filter { $0 != limit }
    if !others.isEmpty {
      Table(
        caption: "Limits met besides",
        columns: [
          .init(title: "Limit", key: "cause"), .init(title: "Resource", key: "resource"),
          .init(title: "Phase", key: "phase"),
          .init(title: "First", key: "instant", isNumeric: true),
          .init(title: "Times", key: "count", isNumeric: true), .init(title: "Fix", key: "fix"),
        ],
        rows: others.map { other in
          [
            .text(onOneLine(other.cause)), .text(other.resource.rawValue),
            .text(onOneLine(other.phase)),
            .seconds(other.firstInstant, Format.instant), .count(other.count), .text(other.fix),
          ]
        }
      ).element
    }
  }

  /// The main figures of the run.
  private var figures: Element {
    Element("dl", ["class": "figures"]) {
      figure("Established", Format.count(metrics.established), goalNote)
      if let accepted = metrics.accepted, let phantom = metrics.phantom {
        figure("Accepted", Format.count(accepted), "\(Format.count(phantom)) phantom")
      } else if metrics.established > 0 {
        figure("Accepted", "not known", metrics.whyAcceptedIsUnknown)
      }
      if metrics.failures > 0 {
        figure("Failures", Format.count(metrics.failures), "calls and connections")
      }
      if let rate = metrics.connectRate {
        figure("Connect rate", Format.rate(rate), "in ramps and churns")
      }
      if let connect = metrics.connect {
        figure(
          "Connect p99", duration(connect, .p99),
          "p50 \(duration(connect, .p50))")
      }
      if let secure = metrics[.secure] {
        figure(
          "TLS handshake p99", duration(secure, .p99),
          metrics.resumes ? metrics.resumed.map { "\(Format.share($0)) resumed" } ?? "" : "")
      }
      if let rate = metrics.messageRate {
        figure("Messages", Format.rate(rate), "\(Format.count(metrics.messagesLost ?? 0)) lost")
      }
      if let roundTrip = metrics.roundTrip {
        figure(
          "Round trip p99", duration(roundTrip, .p99),
          "p50 \(duration(roundTrip, .p50))")
      }
      if let kernel = metrics.kernelMemory {
        figure("Kernel memory", Format.bytes(kernel), "a connection end")
      }
      if let user = metrics.userMemory {
        figure("User memory", Format.bytes(user), "a connection end")
      }
      if let time = metrics.userTime {
        figure("User time", Format.duration(seconds: time), "a connection end")
      }
    }
  }

  private func duration(_ latency: Distribution, _ percentile: Percentile) -> String {
    latency.seconds(at: percentile).map(Format.duration(seconds:)) ?? "–"
  }

  private var goalNote: String {
    metrics.ofGoal.isEmpty ? "at once" : String(metrics.ofGoal.dropFirst())
  }

  private func figure(_ name: String, _ value: String, _ note: String) -> Element {
    Element("div") {
      Element("dt", [:], name)
      Element("dd") {
        Element("b", [:], value)
        Element("span", [:], note)
      }
    }
  }
}

/// One line of a `dl` list of names and values.
func pair(_ fact: Fact) -> Element {
  Element("div") {
    Element("dt", [:], truncated(fact.name, to: 500))
    Element("dd", [:], truncated(fact.value, to: 2000))
  }
}

/// The text with a capital first letter.
func capitalised(_ text: String) -> String {
  text.prefix(1).uppercased() + text.dropFirst()
}

extension LimitRecord {
  /// The limit as names and values, in the order in which a reader asks for them. Related facts
  /// share a line.
  fileprivate func rows(hasServerCount: Bool) -> [Fact] {
    let call = [syscall, errno.map { "\($0.name) (\($0.number)), \($0.text)" }]
      .compactMap { $0 }.joined(separator: ": ")
    var whereabouts = "\(end.rawValue) end"
    if let worker { whereabouts += ", worker \(worker)" }
    if let source { whereabouts += ", from \(onOneLine(source))" }
    if let endpoint { whereabouts += ", at \(onOneLine(endpoint))" }
    var setting = knob.map(onOneLine)
    if let now { setting = (setting ?? "now") + " = \(Format.count(now))" }
    if let needed {
      setting = (setting.map { $0 + ", " } ?? "") + "needs \(Format.count(needed))"
    }
    return Array(known: [
      "Resource": resource.rawValue,
      "Where": whereabouts,
      "Call": call.isEmpty ? nil : call,
      "Phase": "\(onOneLine(phase)), plan line \(planLine)",
      "First met":
        "\(Format.instant(firstInstant)), with \(Format.count(established)) established"
        + (hasServerCount ? " and \(Format.count(accepted)) accepted" : ""),
      "Failures": Format.count(count),
      "Setting": setting,
      "Predicted": predicted.map { "\(Format.count($0)) connections" },
    ])
  }
}
