/// Arrivals of a churn that lived as planned, but were begun too late.
struct LateArrivals {
  static let none = Self(count: 0, foundNoRoom: false, lack: nil)

  let count: Int
  /// Whether some had to wait until others had gone.
  let foundNoRoom: Bool
  /// What had no processor time left meanwhile; nil where nothing did.
  let lack: String?
}
