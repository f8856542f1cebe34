import Plan

extension Scenario {
  /// This scenario without all that is not needed for a check to fail. Leaves out one thing at a time.
  ///
  /// - Parameter fails: whether the check fails in a scenario.
  package func shortened(where fails: (Scenario) -> Bool) -> Scenario {
    var shortest = self
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for simpler in shortest.simpler where fails(simpler) {
        shortest = simpler
        hasChanged = true
        break
      }
    }
    return shortest
  }

  /// This scenario without one thing, once for each thing that can be left out.
  private var simpler: [Scenario] {
    var all: [Scenario] = []
    func add(_ change: (inout Scenario) -> Void) {
      var one = self
      change(&one)
      all.append(one)
    }
    for index in misfortunes.indices { add { $0.misfortunes.remove(at: index) } }
    for index in events.indices { add { $0.events.remove(at: index) } }
    if noise > 0 { add { $0.noise = 0 } }
    if transfer < .max { add { $0.transfer = .max } }
    if pages != nil { add { $0.pages = nil } }
    let lines = text.split(separator: "\n").map(String.init)
    for index in lines.indices {
      var fewer = lines
      fewer.remove(at: index)
      let text = fewer.joined(separator: "\n") + "\n"
      // Some lines cannot be left out: without its phases, for example, a plan cannot be read.
      guard let plan = try? Plan.read(text: text, file: plan.file, overrides: [:]) else { continue }
      add {
        $0.text = text
        $0.plan = plan
      }
    }
    return all
  }
}
