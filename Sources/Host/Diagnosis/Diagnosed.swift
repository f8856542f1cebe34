package import Recording

/// The cause that a diagnosis has found, and what mends it.
package struct Diagnosed: Sendable, Equatable {
  package var resource: Resource
  /// The setting that bounds the resource.
  package var knob: String?
  /// The setting's present value, and the value that the plan needs; nil where unknown.
  package var now: Int?
  package var needed: Int?
  /// A command that changes the setting so that the limit goes, to be run as it stands; nil where there is no
  /// such command.
  package var fix: String?
  /// The facts that decided on the cause, in the order in which they were looked at.
  package var evidence: [Fact]

  package init(
    _ resource: Resource, knob: String? = nil, now: Int? = nil, needed: Int? = nil,
    fix: String? = nil, evidence: [Fact] = []
  ) {
    self.resource = resource
    self.knob = knob
    self.now = now
    self.needed = needed
    self.fix = fix
    self.evidence = evidence
  }
}
