import Foundation
import GRDB

/// A row for one fact of the host's description.
struct HostFact: Listed {
  var fact: Fact

  static let table = "host_fact"
  static let columns = ["name", "value"]
  var values: [(any DatabaseValueConvertible)?] { [fact.name, fact.value] }
}

/// A row for one value that `--set` or the environment gave to the plan.
struct PlanOverride: Listed {
  var fact: Fact

  static let table = "plan_override"
  static let columns = ["name", "value"]
  var values: [(any DatabaseValueConvertible)?] { [fact.name, fact.value] }
}

extension Attachment: Listed {
  static let table = "plan_attachment"
  static let columns = ["name", "content"]
  var values: [(any DatabaseValueConvertible)?] { [name, Data(content)] }

  init(row: Row) throws {
    let content: Data = try row.get("content")
    self.init(name: try row.get("name"), content: [UInt8](content))
  }
}

/// A row for one fact of a limit's evidence.
struct LimitEvidence: Listed {
  /// The place of the limit in the recording's list of limits.
  var limit: Int
  var fact: Fact

  static let table = "limit_evidence"
  static let columns = ["limit_reached", "name", "value"]
  var values: [(any DatabaseValueConvertible)?] { [limit, fact.name, fact.value] }

  /// The rows for the evidence of all these limits.
  static func of(_ limits: [LimitRecord]) -> [LimitEvidence] {
    limits.enumerated().flatMap { position, limit in
      limit.evidence.map { LimitEvidence(limit: position, fact: $0) }
    }
  }
}

extension HostFact {
  init(row: Row) throws { fact = try Fact(row: row) }
}

extension PlanOverride {
  init(row: Row) throws { fact = try Fact(row: row) }
}

extension LimitEvidence {
  init(row: Row) throws {
    limit = try row.get("limit_reached")
    fact = try Fact(row: row)
  }
}

extension Fact {
  fileprivate init(row: Row) throws {
    self.init(try row.get("name"), try row.get("value"))
  }
}
