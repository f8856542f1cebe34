import Recording
import Testing

@Suite struct MetricsTests {
  /// A ramp of two seconds to 1,000, then a hold of ten.
  private func recording(
    established: [(at: Double, value: Double)] = [(0, 0), (1, 600), (2, 1000), (11, 1000)]
  ) -> Recording {
    Recording(planName: "p") {
      $0.duration = 12
      $0.phases = [
        PhaseRecord(
          name: "ramp", kind: .ramp, title: "", planLine: 1, goal: 1000, started: 0, ended: 2,
          outcome: .done, established: 1000, accepted: 990, phantom: 10),
        PhaseRecord(
          name: "hold", kind: .hold, title: "", planLine: 2, started: 2, ended: 12,
          outcome: .done, established: 1000, accepted: 1000),
      ]
      $0.series = [
        Series(
          key: .established, unit: "", kind: .gauge,
          points: established.map { .init(at: $0.at, value: $0.value) })
      ]
    }
  }

  @Test func `what was held is what was established, less the phantoms of that phase`() {
    #expect(Metrics(recording(), phase: "ramp").heldInAnyPhase == 990)
    #expect(Metrics(recording(), phase: "ramp").progress == "990 of 1,000 connections")
    #expect(Metrics(recording()).heldInAnyPhase == 1000)
    #expect(Metrics(recording()).phantom == 10)
  }

  @Test func `what a ramp held is what stood when it ended, not a peak on the way`() {
    // A peer with room for 300 closes what it accepted beyond that.
    var recording = recording(established: [(0, 0), (1, 702), (2, 300), (11, 300)])
    recording.phases[0].established = 702
    recording.phases[0].phantom = 0
    recording.phases[1].established = 300
    recording.phases[0].promise = PhasePromise(promised: 1000, missed: 700, tolerance: 0)
    #expect(Metrics(recording, phase: "ramp").progress == "300 of 1,000 connections")
    #expect(Metrics(recording, phase: "ramp").established == 702)
    #expect(Metrics(recording).heldInAnyPhase == 300)
  }

  private func storm(
    _ name: String, dropped: Int?, missed: Int = 0, recovery: Double? = nil
  ) -> PhaseRecord {
    PhaseRecord(
      name: name, kind: .storm, title: "", planLine: 3, started: 11, ended: 12, outcome: .done,
      promise: dropped.map { _ in PhasePromise(promised: 5, missed: missed) }, dropped: dropped,
      recovery: recovery)
  }

  @Test func `the slowest recovery counts, and a storm that cut nothing has none to wait for`() {
    func recovery(_ storms: PhaseRecord...) -> Double? {
      var recording = recording()
      recording.phases += storms
      return Metrics(recording).recovery
    }
    let (slow, fast) = (
      storm("a", dropped: 5, recovery: 1.2), storm("b", dropped: 5, recovery: 0.3)
    )
    #expect(recovery(fast, slow) == 1.2)
    #expect(recovery(slow, storm("c", dropped: 0)) == 1.2)
    #expect(recovery(storm("c", dropped: 0)) == nil)
    // What is missing though nothing was cut has not come back, and a storm that was never cut tells nothing.
    #expect(recovery(slow, storm("d", dropped: 0, missed: 1)) == nil)
    #expect(recovery(slow, storm("e", dropped: 5)) == nil)
    #expect(recovery(slow, storm("f", dropped: nil)) == nil)
  }

  @Test func `no more handshakes resume than there are, in whichever order they were counted`() {
    var recording = recording()
    recording.series += [(Series.Key.secured, 100.0), (.resumed, 101)].map { key, value in
      Series(
        key: key, unit: "handshakes", kind: .counter,
        points: [.init(at: 0, value: 0), .init(at: 2, value: value)])
    }
    #expect(Metrics(recording).resumed == 1 && Metrics(recording).secured == 100)
  }

  @Test func `phases of shards that overlap in time count nothing twice`() {
    var recording = recording()
    recording.phases[1].started = 1
    recording.series.append(
      Series(
        key: .messages(.sent, "m"), unit: "messages", kind: .counter,
        points: [.init(at: 0, value: 0), .init(at: 2, value: 200), .init(at: 12, value: 1200)]))
    #expect(Metrics(recording).messages(.sent) == 1200)
    #expect(Metrics(recording, phase: "hold").messages(.sent) == 1200)
  }

  @Test func `what a worker that is gone had still to send nobody has counted`() {
    var recording = recording()
    recording.series += [Series.Key.messages(.sent, "m"), .unsent("m")].map { key in
      Series(
        key: key, unit: "messages", kind: .counter,
        points: [.init(at: 0, value: 0), .init(at: 12, value: 7)])
    }
    recording.workers = [WorkerRecord(id: 0, end: .client, pid: 1)]
    #expect(Metrics(recording).messagesUnsent == 7)
    recording.workers[0].signal = 9
    #expect(Metrics(recording).messagesUnsent == nil)
  }

  @Test func `more unsent messages than a number can count are as many as it can`() {
    var recording = recording()
    recording.series += (0..<1100).flatMap { place in
      [Series.Key.messages(.sent, "m\(place)"), .unsent("m\(place)")].map { key in
        Series(
          key: key, unit: "messages", kind: .counter,
          points: [.init(at: 0, value: 0), .init(at: 12, value: 0x1p53)])
      }
    }
    recording.workers = [WorkerRecord(id: 0, end: .client, pid: 1)]
    #expect(Metrics(recording).messagesUnsent == .max)
  }

  @Test func `ends of someone else's server are not ours to share out over`() {
    var recording = recording()
    recording.workers = [WorkerRecord(id: 0, end: .client, pid: 1)]
    #expect(Metrics(recording).connectionEnds == 1000)
    recording.workers.append(WorkerRecord(id: 1, end: .server, pid: 2))
    #expect(Metrics(recording).connectionEnds == 2000)
  }

  @Test func `a phase without a goal is held against that of the whole run`() {
    #expect(recording().reached(in: "ramp").phase == "ramp")
    #expect(recording().reached(in: "hold").progress == "1,000 of 1,000 connections")
    #expect(Metrics(recording(), phase: "hold").progress == "1,000 connections")
  }

  @Test func `memory and time are shared out over both ends`() {
    var recording = recording()
    recording.workers = [
      WorkerRecord(id: 0, end: .client, pid: 1, userTime: 0.25, privateBytes: 3000, exitCode: 0),
      WorkerRecord(id: 1, end: .server, pid: 2, userTime: 0.15, privateBytes: 5000, signal: 9),
    ]
    recording.series.append(
      Series(
        key: .kernelMemory, unit: "bytes", kind: .gauge,
        points: [.init(at: 0, value: 0), .init(at: 3, value: 8e6), .init(at: 9, value: 7e6)]))
    let metrics = Metrics(recording)
    #expect(metrics.kernelMemory == 4000)
    #expect(metrics.userMemory == 4)
    #expect(metrics.userTime == 0.4 / 2000)
    #expect(Metrics(recording, phase: "ramp").kernelMemory == nil)
    recording.workers[0].exitCode = nil
    #expect(Metrics(recording).userTime == nil)
    recording.workers = []
    #expect(Metrics(recording).userTime == nil)
  }

  @Test func `a run that was cut off is counted from its samples`() {
    var recording = recording(established: [(0, 0), (1, 600)])
    recording.complete = false
    recording.duration = 1
    recording.phases[0].ended = nil
    recording.phases[0].established = 0
    recording.phases[0].phantom = 0
    recording.phases[1].started = nil
    let metrics = Metrics(recording, phase: "ramp")
    #expect(metrics.established == 600)
    #expect(metrics.heldInAnyPhase == 600)
    #expect(metrics.connect == nil)
    #expect(Metrics(recording, phase: "hold").hasBegun == false)
  }

  @Test func `failures are a share of what was attempted`() {
    var recording = recording()
    #expect(Metrics(recording).failureShare == nil)
    recording.phases[0].failures = 5
    recording.series.append(
      Series(
        key: .attempts, unit: "", kind: .counter,
        points: [.init(at: 0, value: 0), .init(at: 2, value: 1250), .init(at: 12, value: 1250)]))
    #expect(Metrics(recording).failureShare == 0.004)
    #expect(Metrics(recording, phase: "hold").attempts == 0)
    #expect(Metrics(recording, phase: "hold").failureShare == nil)
  }

  @Test func `a damaged recording's counts are no more than can be`() {
    let metrics = Metrics(recording(established: [(0, .nan), (1, 1e300), (1.5, .infinity)]))
    #expect(metrics.established == 1 << 53)
  }
}
