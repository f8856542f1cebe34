package import Messages

/// A file of the plan's `data`: a row for each connection, taken by the connection's number.
package struct DataTable: Sendable, Equatable {
  /// The name in texts: `users` in `{users.token}`.
  package var name: String
  /// Path of the file as seen from the plan.
  package var path: String
  package var columns: [DataColumn]

  package init(name: String, path: String, columns: [DataColumn]) {
    self.name = name
    self.path = path
    self.columns = columns
  }

  /// The column that texts call `{name.key}`.
  func column(_ key: String) -> DataColumn? {
    columns.first { $0.name == "\(name).\(key)" }
  }

  /// The columns' names in the file, in its order.
  var keys: [String] { columns.map { String($0.name.dropFirst(name.count + 1)) } }
}
