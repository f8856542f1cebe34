/// Arrivals of a churn that lived for as long as planned, but were begun too late.
package struct LateArrivals {
  package static let none = Self(count: 0, foundNoRoom: false, heldBack: nil, shortage: nil)

  let count: Int
  /// Whether arrivals had to wait until other connections had gone.
  let foundNoRoom: Bool
  /// Why the layer on top of TCP kept arrivals from being begun, in words; nil where it kept none.
  let heldBack: String?
  /// Which workers or control groups were short of processor time; nil where none was.
  let shortage: String?
}
