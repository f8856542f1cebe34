/// Connections of a churn that lived for as long as planned, but were begun too late (`Counter.lateAfter`).
package struct LateArrivals {
  package static let none = Self(count: 0, foundNoRoom: false, heldBack: nil, shortage: nil)

  let count: Int
  /// Whether a client had no room for an arrival that was due until other connections had gone.
  let foundNoRoom: Bool
  /// Why arrivals were begun late, in words, where TLS handshakes under way held them back; nil where none was
  /// held back.
  let heldBack: String?
  /// Which workers or control groups were short of processor time; nil where none was.
  let shortage: String?
}
