import Recording
import Testing

@Suite struct PercentileTests {
  @Test(arguments: [
    ("p50", 50.0), ("p99.9", 99.9), ("p95", 95), ("p99.9999", 99.9999), ("p0.5", 0.5),
    ("p05", 5), ("p50.00", 50), ("max", 100),
  ])
  func `a percentile is p and a number, or max`(name: String, percent: Double) {
    #expect(Percentile(name)?.percent == percent)
  }

  @Test(arguments: [
    "", "p", "50", "p100", "p0", "p0.0", "p-1", "p1e1", "p99.", "p.9", "p99.99999", "p9 9", "P50",
    "p٩٩", "p99,9", "p50.5.5", "maximum",
  ])
  func `nothing else is one`(name: String) {
    #expect(Percentile(name) == nil)
  }

  @Test func `one percentile has one name`() {
    #expect(Percentile("p50.000") == .p50)
    for name in ["p50", "p99.9", "p99.99", "p5", "p0.0001", "p99.0101", "max"] {
      #expect(Percentile(name)?.name == name)
    }
    #expect(Percentile.shown.map(\.name) == ["p50", "p90", "p99", "p99.9", "max"])
    #expect(Percentile.shown.map(\.quantile) == [0.5, 0.9, 0.99, 0.999, 1])
  }
}

@Suite struct MetricTests {
  @Test func `every metric is found by its name`() {
    for metric in Metric.all {
      #expect(Metric(named: metric.name) == metric)
    }
    #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
  }

  @Test func `any percentile of a latency is a metric`() throws {
    let metric = try #require(Metric(named: "rtt.p95"))
    #expect(metric == .percentile(try #require(Percentile("p95")), of: .roundTrip))
    #expect(metric.name == "rtt.p95")
    #expect(metric.traits.quantity == .duration)
    #expect(Metric(named: "connect.uncorrected.p95") == nil)
    #expect(Metric(named: "rtt.p101") == nil)
    #expect(Metric(named: "messages.p95") == nil)
  }
}
