import Messages

extension Reader {
  private static let dataExample = "for example data: {users: users.csv}"

  /// Reads the files of `data`, for every text that is read after this.
  mutating func data(_ item: Item) {
    guard case .map(let fields) = item.value else {
      if case .broken = item.value { return }
      report(
        item.place, "data needs a mapping of names, found \(item.foundWords)",
        hint: Self.dataExample)
      return
    }
    for field in fields {
      guard DataFile.isName(field.key) else {
        report(
          field.place, "\(quoted(field.key)) is not a name for data",
          hint: "letters, digits, '_' and '-', and a letter first; \(Self.dataExample)")
        continue
      }
      // A file that could not be read has columns of all names, so that no text is wrong because of it.
      data.append(table(field) ?? .unreadable(field.key))
    }
  }

  private mutating func table(_ field: Item.Field) -> DataTables.Entry? {
    guard let name = text(field.item, "the name of a file") else { return nil }
    let path = FilePath.resolve(name, from: sources[field.item.place.file].path)
    do {
      // Not through `attachments`, which keep every byte: values may be secrets.
      let bytes = try files(path)
      guard bytes.count <= Plan.longestDataFile else {
        report(field.item.place, "a data file has no more than 64 MiB")
        return nil
      }
      do {
        let file = try DataFile(bytes)
        let columns = file.columns.indices.map { index in
          DataColumn(
            name: "\(field.key).\(file.columns[index])", values: file.rows.map { $0[index] })
        }
        return .read(DataTable(name: field.key, path: path, columns: columns))
      } catch {
        report(
          field.item.place, "\(path):\(error.line): \(error.problem.message)",
          hint: error.problem.hint)
      }
    } catch {
      report(field.item.place, "the file \(quoted(path)) cannot be read: \(error.reason)")
    }
    return nil
  }
}

/// The data that the texts of a plan may speak of.
struct DataTables {
  enum Entry {
    case read(DataTable)
    /// An error has been reported for it already.
    case unreadable(String)
  }

  private var entries: [Entry]

  init(_ tables: [DataTable] = []) { entries = tables.map { .read($0) } }

  mutating func append(_ entry: Entry) { entries.append(entry) }

  var tables: [DataTable] {
    entries.compactMap { if case .read(let table) = $0 { table } else { nil } }
  }

  /// What `{table.key}` stands for, or what is wrong with it.
  func part(_ name: String, _ key: String) throws(Problem) -> MessageTemplate.Part {
    for entry in entries {
      switch entry {
      case .unreadable(name): return .bytes([])
      case .read(let table) where table.name == name:
        if let column = table.column(key) { return .data(column) }
        throw Problem(
          "\(quoted(table.path)) has no column \(quoted(key))",
          hint: didYouMean(key, table.keys) ?? "write a name of the file's first line")
      default: continue
      }
    }
    let names = tables.map(\.name)
    throw Problem(
      "the plan has no data \(quoted(name))",
      hint: didYouMean(name, names)
        ?? "write data: {\(name): \(name).csv}, or {{\(name).\(key)}} where plain braces are meant")
  }
}
