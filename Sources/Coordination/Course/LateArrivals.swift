/// Arrivals of a churn that lived for as long as planned, but were begun too late.
package struct LateArrivals {
  package static let none = Self(count: 0, foundNoRoom: false, shortage: nil)

  let count: Int
  /// Whether arrivals had to wait until other connections had gone.
  let foundNoRoom: Bool
  /// Which workers or control groups were short of processor time; nil where none was.
  let shortage: String?
}
