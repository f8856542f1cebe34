/// An errno as people read it. `text` is what `strerror` says, for example "Too many open files".
package struct ErrnoRecord: Sendable, Hashable {
  package var number: Int
  package var name: String
  package var text: String

  package init(number: Int, name: String, text: String) {
    self.number = number
    self.name = name
    self.text = text
  }
}
