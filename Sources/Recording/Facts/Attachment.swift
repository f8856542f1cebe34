/// A file that the plan includes, sends or plays, as it was when the run began.
package struct Attachment: Sendable, Hashable {
  /// The file's path as seen from the plan.
  package var name: String
  package var content: [UInt8]

  package init(name: String, content: [UInt8]) {
    self.name = name
    self.content = content
  }
}
