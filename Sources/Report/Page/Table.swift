import Recording

/// A table of the page. People read the cells, and programs read the cells' data attributes.
struct Table {
  struct Column {
    var title: String
    /// The column's name for programs: `data-key` of its cells.
    var key: String
    var isNumeric = false
  }

  struct Cell {
    var text: String
    /// The bare value behind a formatted number, for programs: `data-value`. Nil where there is
    /// none.
    var value: String?
    /// A class of the stylesheet, such as "bad".
    var style: String?
    /// The length of a bar below the text, from 0 to 1; nil for no bar.
    var bar: Double?
  }

  var caption: String
  var columns: [Column]
  /// The first cell of a row is its heading.
  var rows: [[Cell]]
  /// The most rows to show; a longer table ends with a note of how many are missing.
  var limit = 200

  var element: Element {
    Element("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption]) {
      Element("table") {
        Element("caption", [:], caption)
        Element("thead") {
          Element("tr") {
            for column in columns {
              Element(
                "th", ["scope": "col", "class": column.isNumeric ? "number" : nil], column.title)
            }
          }
        }
        Element("tbody") {
          for row in rows.prefix(limit) {
            Element("tr") {
              for (index, (cell, column)) in zip(row, columns).enumerated() {
                element(cell, in: column, isHeading: index == 0)
              }
            }
          }
        }
      }
      if rows.count > limit {
        Element("p", ["class": "note"], "and \(Format.count(rows.count - limit)) more")
      }
    }
  }

  private func element(_ cell: Cell, in column: Column, isHeading: Bool) -> Element {
    let styles = [column.isNumeric ? "number" : nil, cell.style].compactMap { $0 }
    return Element(
      isHeading ? "th" : "td",
      [
        "scope": isHeading ? "row" : nil,
        "class": styles.isEmpty ? nil : styles.joined(separator: " "),
        "data-key": column.key, "data-value": cell.value,
      ]
    ) {
      truncated(cell.text, to: 500)
      if let bar = cell.bar {
        Element("svg", ["class": "bar", "width": "100%", "height": "4", "aria-hidden": "true"]) {
          Element(
            "rect",
            [
              "width": Format.short(min(1, max(0, bar)) * 100, 2) + "%", "height": "4", "rx": "2",
              "fill": "#2b7bd6",
            ])
        }
      }
    }
  }
}

extension Table.Cell {
  static func text(_ text: String?, style: String? = nil) -> Self {
    Self(text: text ?? "–", style: style)
  }

  static func count(_ value: Int?, style: String? = nil) -> Self {
    Self(text: value.map(Format.count) ?? "–", value: value.map(String.init), style: style)
  }

  /// Any measured value, with its bare number for programs.
  static func number(_ value: Double?, _ format: (Double) -> String) -> Self {
    Self(text: value.map(format) ?? "–", value: value.flatMap { $0.isFinite ? $0.plain : nil })
  }

  /// A value in seconds; its bare number is rounded to nanoseconds.
  static func seconds(_ value: Double?, _ format: (Double) -> String) -> Self {
    Self(text: value.map(format) ?? "–", value: value.map { Format.short($0, 9) })
  }
}
