import Judgement
import Recording

/// Charts as SVG with presentation attributes only, so that they show under the strictest content
/// security policy.
///
/// Labels stand at percentages of the picture's width and keep their size; only the data stretches,
/// in a nested `svg`. That way one chart fits a phone, a screen and a page of paper.
extension Chart {
  /// Width of the data's own coordinates.
  private static let width = 1000.0
  /// Height in pixels of the strip that has the names of the phases.
  private static let strip = 22

  /// The class of the groups that `report.js` moves and stretches when the user zooms.
  private static let zoomed = "moves"

  private var top: Int { bands.isEmpty || isSmall ? 8 : Self.strip + 4 }
  private var bottom: Int { top + height }

  var figure: Element {
    Element("figure", ["class": isSmall ? "chart small" : "chart", "id": id]) {
      Element("figcaption") {
        Element(isSmall ? "span" : "h3", ["class": isSmall ? "code" : nil], title)
        if layers.count > 1 { legend }
      }
      Element(
        "svg",
        [
          "class": "plot", "width": "100%", "height": String(bottom + 26), "overflow": "visible",
          "role": "img", "aria-labelledby": "\(id)-title \(id)-text", "font-size": "11",
          "font-family": "system-ui, sans-serif",
        ]
      ) {
        Element("title", ["id": "\(id)-title"], title)
        Element("desc", ["id": "\(id)-text"], description)
        if !bands.isEmpty { Element("g", ["class": Self.zoomed]) { phaseBands } }
        grid
        data
        levelLines
        if !markers.isEmpty { Element("g", ["class": Self.zoomed]) { markerLines } }
      }
    }
  }

  private var legend: Element {
    Element("ul", ["class": "legend"]) {
      for layer in layers {
        Element("li") {
          Element("svg", ["width": "22", "height": "10", "aria-hidden": "true"]) {
            swatch(layer)
          }
          Element("span", [:], layer.name)
        }
      }
    }
  }

  private func swatch(_ layer: Layer) -> Element {
    switch layer.shape {
    case .line, .filled:
      Element("line", ["x1": "1", "y1": "5", "x2": "21", "y2": "5"]).stroked(layer.ink)
    case .area, .bars:
      Element("rect", ["width": "22", "height": "10"]).filled(layer.ink)
    }
  }

  @MarkupBuilder private var phaseBands: [Node] {
    for (index, band) in bands.enumerated() {
      let from = x.position(band.from)
      let width = x.position(band.to) - from
      Element(
        "rect",
        [
          "class": "band", "x": percent(from), "y": "0", "width": percent(width),
          "height": String(bottom), "fill": "currentColor",
          "fill-opacity": index.isMultiple(of: 2) ? "0.035" : "0.075",
        ]
      ) {
        Element("title", [:], band.name)
      }
      if hasRoom(for: band.name, width) {
        // A nested `svg` clips the name to the band.
        Element("svg", ["x": percent(from), "width": percent(width), "height": "\(Self.strip)"]) {
          Element(
            "text", ["class": "phase", "x": "6", "y": "15", "fill": "currentColor"], band.name)
        }
      }
    }
  }

  /// Whether the name fits into its band, in a picture 400 pixels wide and with letters of 7
  /// pixels. Half a name says nothing.
  private func hasRoom(for name: String, _ share: Double) -> Bool {
    !isSmall && share * 400 >= Double(name.count * 7 + 6)
  }

  @MarkupBuilder private var grid: [Node] {
    for tick in y.ticks {
      let offset = pixel(tick.value)
      Element(
        "line",
        [
          "class": "grid", "x1": "0", "x2": "100%", "y1": offset, "y2": offset,
          "stroke": "currentColor", "stroke-opacity": tick.value == 0 ? "0.4" : "0.14",
        ])
      Element(
        "text",
        [
          "class": "tick", "x": "-8", "y": offset, "dy": "0.32em", "text-anchor": "end",
          "fill": "currentColor",
        ], tick.label)
    }
    Element("g", ["class": "instants"]) {
      for tick in x.ticks {
        let place = x.position(tick.value)
        Element(
          "line",
          [
            "class": "grid", "x1": percent(place), "x2": percent(place), "y1": String(bottom),
            "y2": String(bottom + 5), "stroke": "currentColor", "stroke-opacity": "0.4",
          ])
        Element(
          "text",
          [
            "class": "tick", "x": percent(place), "y": String(bottom + 19),
            "text-anchor": "middle", "fill": "currentColor",
          ], tick.label)
      }
    }
  }

  private var data: Element {
    Element(
      "svg",
      [
        "class": "data", "y": String(top), "width": "100%", "height": String(height),
        "viewBox": "0 0 1000 \(height)", "preserveAspectRatio": "none",
        "data-x": scale(x), "data-y": scale(y),
      ]
    ) {
      for layer in layers { shape(layer) }
    }
  }

  /// The axis as `report.js` reads it to turn a place into a value: unit, scale, first and last
  /// value.
  private func scale(_ axis: Axis) -> String {
    let ends = [axis.domain.lowerBound, axis.domain.upperBound].map { Format.short($0, 9) }
    return "\(axis.unit.rawValue) \(axis.scale.rawValue) \(ends.joined(separator: " "))"
  }

  @MarkupBuilder private func shape(_ layer: Layer) -> [Node] {
    switch layer.shape {
    case .line(let curve):
      Element("path", ["data-line": layer.name, "d": path(curve)]).stroked(layer.ink)
      // A dash of no length is not drawn, so points that stand alone are drawn once more.
      let alone = curve.pieces.filter { $0.count == 1 }
      if layer.ink.dash != nil, !alone.isEmpty {
        Element("path", ["d": path(alone)]).stroked(layer.ink.solid)
      }
    case .filled(let curve):
      Element("path", ["d": curve.pieces.map(closedPath).joined()]).filled(layer.ink.tint)
      Element("path", ["data-line": layer.name, "d": path(curve)]).stroked(layer.ink)
    case .area(let ribbons):
      let outlines = ribbons.map { outline($0.upper + $0.lower.reversed()) }
      Element("path", ["data-area": layer.name, "d": outlines.joined()]).filled(layer.ink)
    case .bars(let bars):
      Element("path", ["data-bars": layer.name, "d": bars.map(outline).joined()])
        .filled(layer.ink)
    }
  }

  @MarkupBuilder private var levelLines: [Node] {
    for level in levels {
      let offset = pixel(level.value)
      Element(
        "line",
        [
          "class": "level", "x1": "0", "x2": "100%", "y1": offset, "y2": offset,
          "stroke": "currentColor", "stroke-opacity": "0.65", "stroke-dasharray": "2 4",
        ])
      Element(
        "text",
        [
          "class": "note", "x": "100%", "y": offset, "dx": "-6", "dy": "-6", "text-anchor": "end",
          "fill": "currentColor",
        ], level.label)
    }
  }

  @MarkupBuilder private var markerLines: [Node] {
    for (index, marker) in markers.enumerated() {
      let place = x.position(marker.at)
      let isRight = place > 0.6
      let style = marker.isLimit ? "limit" : "measure"
      let colour = marker.isLimit ? "#c0392b" : "currentColor"
      Element(
        "line",
        [
          "class": "\(style)-line", "x1": percent(place), "x2": percent(place), "y1": "\(top - 4)",
          "y2": String(bottom), "stroke": colour, "stroke-width": marker.isLimit ? "1.5" : "1",
          "stroke-dasharray": marker.isLimit ? nil : "3 3",
        ])
      Element(
        "text",
        [
          "class": "\(style)-text", "x": percent(place), "dx": isRight ? "-6" : "6",
          "y": String(top + 12 + index * 15), "text-anchor": isRight ? "end" : "start",
          "fill": colour, "font-weight": marker.isLimit ? "600" : nil,
        ], marker.label)
    }
  }

  /// The picture in words, for those who cannot see it.
  private var description: String {
    layers.map { layer in
      switch layer.shape {
      case .line(let curve), .filled(let curve):
        let range = [curve.lowest, curve.highest].compactMap { $0 }.map(y.unit.text)
        return "\(layer.name): \(range.joined(separator: " to "))."
      case .area, .bars: return "\(layer.name)."
      }
    }
    .joined(separator: " ")
  }
}

// Coordinates.
extension Chart {
  private func percent(_ position: Double) -> String { Format.short(position * 100, 3) + "%" }

  private func pixel(_ value: Double) -> String {
    Format.short(Double(top) + (1 - y.position(value)) * Double(height), 1)
  }

  private func coordinates(_ point: Series.Point) -> String {
    Format.short(x.position(point.at) * Self.width, 1) + ","
      + Format.short((1 - y.position(point.value)) * Double(height), 1)
  }

  private func path(_ curve: Curve) -> String { path(curve.pieces) }

  /// A point that stands alone becomes a line of no length. Its round ends show it as a dot; a
  /// dashed line has no round ends (`stroked`), and shows nothing.
  private func path(_ pieces: [[Series.Point]]) -> String {
    pieces.map { piece in
      piece.count == 1
        ? "M" + coordinates(piece[0]) + "h0"
        : "M" + piece.map(coordinates).joined(separator: "L")
    }
    .joined()
  }

  private func closedPath(_ piece: [Series.Point]) -> String {
    guard let first = piece.first, let last = piece.last else { return "" }
    let floor = y.domain.lowerBound
    return outline(
      [.init(at: first.at, value: floor)] + piece + [.init(at: last.at, value: floor)])
  }

  private func outline(_ points: [Series.Point]) -> String {
    points.isEmpty ? "" : "M" + points.map(coordinates).joined(separator: "L") + "Z"
  }

  private func outline(_ bar: Bar) -> String {
    let floor = y.domain.lowerBound
    return outline([
      .init(at: bar.from, value: floor), .init(at: bar.from, value: bar.value),
      .init(at: bar.to, value: bar.value), .init(at: bar.to, value: floor),
    ])
  }
}

extension Element {
  fileprivate func stroked(_ ink: Ink) -> Element {
    var element = self
    element.add("class", ink.style + " line")
    element.add("fill", "none")
    element.add("stroke", ink.colour)
    element.add("stroke-width", "2")
    element.add("stroke-linecap", ink.dash == nil ? "round" : "butt")
    element.add("stroke-linejoin", "round")
    if let dash = ink.dash { element.add("stroke-dasharray", dash) }
    element.add("vector-effect", "non-scaling-stroke")
    return element
  }

  fileprivate func filled(_ ink: Ink) -> Element {
    var element = self
    element.add("class", ink.style + " area")
    element.add("fill", ink.colour)
    if let opacity = ink.opacity { element.add("fill-opacity", Format.short(opacity, 2)) }
    return element
  }

  private mutating func add(_ name: String, _ value: String) {
    attributes.append(Attribute(name: name, value: value))
  }
}
