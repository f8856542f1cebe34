/// Arrivals of a churn that lived as planned, but were begun too late.
struct LateArrivals {
  static let none = Self(count: 0, foundNoRoom: false)

  let count: Int
  /// Whether some had to wait until others had gone.
  let foundNoRoom: Bool
}
