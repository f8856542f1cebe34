package import Plan
package import Recording

/// The value of a metric, in the metric's base unit, or why there is none.
enum Measurement: Equatable {
  case value(Double)
  case nothing(String)

  init(_ value: Double?, orElse reason: String) {
    self = value.map(Measurement.value) ?? .nothing(reason)
  }
}

extension Metrics {
  /// The value of a metric, in its base unit; nil when there are no data.
  package func value(of metric: Metric) -> Double? {
    if case .value(let value) = measure(metric) { value } else { nil }
  }

  /// The value that a threshold is compared with. In a phase that neither opens nor closes connections, their
  /// number has a lowest and a highest value. Whichever is worse for the threshold counts.
  func measure(_ threshold: Threshold) -> Measurement {
    let measured = measure(threshold.metric)
    let fewest =
      switch threshold.metric {
      case .connections: fewestEstablished
      case .accepted: fewestAccepted
      default: Int?.none
      }
    guard let fewest, case .value(let most) = measured else { return measured }
    return Measurement(threshold.worst(of: [Double(fewest), most]), orElse: "")
  }

  /// The value that a threshold is compared with; nil when there are no data.
  package func value(of threshold: Threshold) -> Double? {
    if case .value(let value) = measure(threshold) { value } else { nil }
  }

  func measure(_ metric: Metric) -> Measurement {
    guard hasBegun else {
      return .nothing(phase.map { "the run never came to \($0)" } ?? "the run never began")
    }
    switch metric {
    case .held: return Measurement(held.map(Double.init), orElse: "nothing was to stand")
    case .connections: return .value(Double(established))
    case .accepted: return count(atServer: accepted)
    case .phantom: return count(atServer: phantom)
    case .failures: return .value(Double(failures))
    case .failuresRate:
      return Measurement(
        failureShare,
        orElse: attempts == nil ? "no attempts were recorded" : "no connection was attempted")
    case .connectRate:
      return Measurement(connectRate, orElse: "only a ramp and a churn have a connect rate")
    case .resumed:
      return Measurement(resumed, orElse: "no TLS handshake was finished")
    case .recovery:
      return Measurement(
        recovery,
        orElse: hasCut
          ? "not all that was to come back was there in time"
          : hasStorm ? "nothing was cut" : "only a storm has a recovery")
    case .percentile(let percentile, let latency):
      return Measurement(self[latency]?.seconds(at: percentile), orElse: latency.whyNone)
    case .messagesSent: return messages(count: messages(.sent))
    case .messagesReceived: return messages(count: messages(.received))
    case .messagesLost: return messages(count: messagesLost)
    case .unasked:
      return Measurement(unasked.map(Double.init), orElse: "nobody counted them")
    case .messagesUnsent:
      // Unlike the other counts of messages, this one has a value where no message was sent: all were unsent.
      return Measurement(
        messagesUnsent.map(Double.init),
        orElse: "no message was due, or a client worker died with some to send")
    case .messagesRate: return Measurement(messageRate, orElse: "no message was sent")
    case .kernelMemory: return wholeRun(kernelMemory)
    case .userMemory: return wholeRun(userMemory)
    case .userTime: return wholeRun(userTime)
    case .predictionError:
      return Measurement(predictionError, orElse: "no limit was reached")
    }
  }

  private func count(atServer count: Int?) -> Measurement {
    Measurement(count.map(Double.init), orElse: "what the server has accepted is not known")
  }

  /// A count of 0 is a measurement where messages were sent; where none was sent, there is no data.
  private func messages(count: Int?) -> Measurement {
    guard let sent = messages(.sent), sent > 0 else { return .nothing("no message was sent") }
    return Measurement(count.map(Double.init), orElse: "no message was sent")
  }

  private func wholeRun(_ value: Double?) -> Measurement {
    Measurement(
      value, orElse: phase == nil ? "it was not measured" : "it is known of the whole run only")
  }
}

extension Latency {
  /// Why the latency may have no value.
  fileprivate var whyNone: String {
    switch self {
    case .drift: "nothing was begun on a schedule"
    case .roundTrip: "no answer was measured"
    case .secure: "no TLS handshake was measured"
    default: "no connect latency was measured"
    }
  }
}
