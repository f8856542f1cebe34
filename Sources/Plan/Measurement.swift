import Recording

/// What a metric came to: a value in the metric's base unit, or why there is none.
enum Measurement: Equatable {
  case value(Double)
  case nothing(String)

  init(_ value: Double?, orElse reason: String) {
    self = value.map(Measurement.value) ?? .nothing(reason)
  }
}

extension Metrics {
  func measure(_ metric: Threshold.Metric) -> Measurement {
    guard hasBegun else {
      return .nothing(phase.map { "the run never came to \($0)" } ?? "the run never began")
    }
    switch metric {
    case .connections: return .value(Double(established))
    case .accepted: return count(atServer: accepted)
    case .phantom: return count(atServer: phantom)
    case .failures: return .value(Double(failures))
    case .failuresRate:
      return Measurement(
        failureShare,
        orElse: attempts == nil ? "no attempts were recorded" : "no connection was attempted")
    case .connectRate: return Measurement(connectRate, orElse: "only a ramp has a connect rate")
    case .connectP50: return latency(connect?.p50)
    case .connectP90: return latency(connect?.p90)
    case .connectP99: return latency(connect?.p99)
    case .connectP999: return latency(connect?.p999)
    case .connectMax: return latency(connect?.max)
    case .messagesSent, .messagesReceived, .messagesLost, .messagesRate, .roundTripP50,
      .roundTripP90, .roundTripP99, .roundTripP999, .roundTripMax, .kernelMemory, .userMemory,
      .userTime, .driftP99, .predictionError:
      return .nothing("it was not measured")
    }
  }

  private func count(atServer count: Int?) -> Measurement {
    Measurement(count.map(Double.init), orElse: "the server is someone else's")
  }

  private func latency(_ seconds: Double?) -> Measurement {
    Measurement(seconds, orElse: "no connect latency was measured")
  }
}
