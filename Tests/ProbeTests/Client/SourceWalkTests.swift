import Addressing
import Probe
import Testing

@Suite struct SourceWalkTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var sources: Int
    var ports: PortSet
    var endpoints: Int
    var workers: Int

    var testDescription: String {
      "\(sources) sources, ports \(ports), \(endpoints) endpoints, \(workers) workers"
    }

    var tuples: Int { sources * ports.count * endpoints }

    func walk(of worker: Int) -> SourceWalk {
      SourceWalk(
        sources: sources, ports: ports, endpoints: endpoints,
        share: WorkerShare(index: worker, count: workers))
    }

    func steps(of worker: Int) -> [SourceWalk.Step] {
      var walk = walk(of: worker)
      return (0..<walk.count).map { _ in walk.step(at: walk.next()) }
    }
  }

  struct Tuple: Hashable {
    let source: Int
    let port: UInt16
    let endpoint: Int

    init(_ step: SourceWalk.Step) {
      source = step.source
      port = step.port
      endpoint = step.endpoint
    }
  }

  static let shapes = [
    Shape(sources: 1, ports: PortSet(1...1), endpoints: 1, workers: 1),
    Shape(sources: 1, ports: PortSet(1024...1123), endpoints: 1, workers: 3),
    Shape(sources: 3, ports: PortSet(65_500...65_535), endpoints: 2, workers: 2),
    Shape(sources: 4, ports: PortSet(1...25), endpoints: 4, workers: 4),
    Shape(sources: 2, ports: PortSet(10...19), endpoints: 6, workers: 7),
    Shape(sources: 5, ports: PortSet(1...7), endpoints: 3, workers: 5),
    Shape(sources: 1, ports: PortSet(1...2), endpoints: 1, workers: 5),
    Shape(
      sources: 3, ports: PortSet([40...49, 10...10, 60...65, 1...4]), endpoints: 2, workers: 2),
  ]

  @Test(arguments: shapes)
  func `the workers together meet every tuple exactly once`(shape: Shape) {
    let steps = (0..<shape.workers).flatMap(shape.steps)
    #expect(steps.count == shape.tuples)
    #expect(Set(steps.map(Tuple.init)).count == shape.tuples)
    for step in steps {
      #expect((0..<shape.sources).contains(step.source))
      #expect(shape.ports.count(in: step.port...step.port) == 1)
      #expect((0..<shape.endpoints).contains(step.endpoint))
    }
  }

  @Test(arguments: shapes)
  func `a position finds its tuple again`(shape: Shape) {
    for worker in 0..<shape.workers {
      let walk = shape.walk(of: worker)
      for (index, step) in shape.steps(of: worker).enumerated() {
        #expect(step.position == UInt32(index))
        #expect(walk.step(at: step.position) == step)
        #expect(walk.source(at: step.position) == step.source)
      }
    }
  }

  @Test(arguments: shapes)
  func `after the last tuple comes the first`(shape: Shape) {
    var walk = shape.walk(of: 0)
    let first = walk.next()
    for _ in 1..<walk.count { _ = walk.next() }
    #expect(walk.next() == first)
  }

  @Test(arguments: shapes)
  func `the load is even over sources and endpoints all along`(shape: Shape) {
    // Workers that go at the same pace meet the tuples in turn.
    let walks = (0..<shape.workers).map(shape.steps)
    var bySource = [Int](repeating: 0, count: shape.sources)
    var byEndpoint = [Int](repeating: 0, count: shape.endpoints)
    for ordinal in 0..<shape.tuples {
      let step = walks[ordinal % shape.workers][ordinal / shape.workers]
      bySource[step.source] += 1
      byEndpoint[step.endpoint] += 1
      #expect(bySource.max()! - bySource.min()! <= 1)
      // Where a lap over the source ports ends, the next one shifts by one endpoint.
      let laps = ordinal / (shape.sources * shape.ports.count) + 1
      #expect(byEndpoint.max()! - byEndpoint.min()! <= laps + 1)
    }
    #expect(Set(byEndpoint).count == 1)
  }

  @Test(arguments: shapes)
  func `no source port is shared before each was used`(shape: Shape) {
    let walks = (0..<shape.workers).map(shape.steps)
    let sourcePorts = shape.sources * shape.ports.count
    let firstLap = (0..<sourcePorts).map { walks[$0 % shape.workers][$0 / shape.workers] }
    #expect(Set(firstLap.map { [$0.source, Int($0.port)] }).count == sourcePorts)
  }

  @Test func `ports come in the order of their ranges`() {
    let shape = Shape(sources: 2, ports: PortSet([50...51, 10...10]), endpoints: 1, workers: 1)
    #expect(shape.steps(of: 0).map(\.port) == [50, 50, 51, 51, 10, 10])
  }

  @Test func `a walk without tuples is empty`() {
    let shape = Shape(sources: 1, ports: PortSet(1...2), endpoints: 1, workers: 5)
    #expect(shape.walk(of: 4).count == 0)
  }

  @Test func `the largest of all walks keeps its positions`() {
    let walk = SourceWalk(
      sources: 1 << 16, ports: PortSet(0...65_535), endpoints: 4,
      share: WorkerShare(index: 0, count: 1))
    #expect(walk.count == UInt64(UInt32.max))
    let step = walk.step(at: UInt32.max - 1)
    #expect(step.position == UInt32.max - 1)
    #expect(step.source == 65_534)
  }
}
