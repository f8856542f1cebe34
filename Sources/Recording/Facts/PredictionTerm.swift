/// One bound on the number of connections, predicted from the state of the host before the run.
package struct PredictionTerm: Sendable, Equatable {
  package var end: End
  package var resource: Resource
  /// Connections that this bound alone would allow.
  package var connections: Int
  /// How `connections` comes about, in words and figures.
  package var reason: String
  /// True for the term with the fewest connections, which is the predicted limit.
  package var binds: Bool

  package init(end: End, resource: Resource, connections: Int, reason: String, binds: Bool = false)
  {
    self.end = end
    self.resource = resource
    self.connections = connections
    self.reason = reason
    self.binds = binds
  }
}

extension Sequence<PredictionTerm> {
  /// The term that binds: the predicted limit.
  package var binding: PredictionTerm? { first { $0.binds } }
}
