/// The version that `--version` prints, that recordings keep, and that a release is tagged with.
package enum ProgramVersion {
  package static let current = "0.1.0"
}
