/// A file that the plan includes or sends, as it was when the run began.
package struct Attachment: Sendable, Hashable {
  /// The path that leads to it from the plan.
  package var name: String
  package var content: [UInt8]

  package init(name: String, content: [UInt8]) {
    self.name = name
    self.content = content
  }
}
