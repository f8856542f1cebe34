import Judgement
import Recording

/// A picture of values over time or over another value. All charts of the report are of this type.
struct Chart {
  /// The id of the chart's element, unique on the page. The ids of elements inside begin with it.
  var id: String
  var title: String
  var x: Axis
  var y: Axis
  var layers: [Layer]
  /// The phases of the run, drawn as stripes behind the data.
  var bands: [Band] = []
  /// Places on the x axis that matter, such as the instant at which the limit was met.
  var markers: [Marker] = []
  /// Values on the y axis that matter, such as the goal.
  var levels: [Level] = []
  /// The height of the data in pixels, without the labels above and below.
  var height = 220
  /// Whether this is one of many charts side by side. These have a plain title and no names of
  /// phases.
  var isSmall = false

  /// One set of values, drawn in one ink and named in the legend.
  struct Layer {
    enum Shape {
      case line(Curve)
      /// A line with the space below it tinted.
      case filled(Curve)
      /// The space between pairs of lines.
      case area([Ribbon])
      case bars([Bar])
    }

    var name: String
    var ink: Ink
    var shape: Shape
  }

  /// The space between two lines.
  struct Ribbon {
    var lower: [Series.Point]
    var upper: [Series.Point]
  }

  /// A bar on the x axis.
  struct Bar {
    var from: Double
    var to: Double
    /// The height of the bar, on the y axis.
    var value: Double
  }

  /// A phase and its time.
  struct Band {
    var name: String
    var from: Double
    var to: Double
  }

  /// A vertical line with a label.
  struct Marker {
    /// Its place on the x axis.
    var at: Double
    var label: String
    /// Whether the marker stands for the limit of the run, and is drawn in red; else it stands for
    /// a measured value.
    var isLimit = true
  }

  /// A horizontal line with a label.
  struct Level {
    /// Its place on the y axis.
    var value: Double
    var label: String
  }
}

/// How a layer is drawn. Dashes tell lines apart without any colour.
struct Ink {
  /// The class by which the stylesheet colours the layer.
  var style: String
  /// The colour without the stylesheet, legible on white and on black.
  var colour: String
  /// `stroke-dasharray` of SVG; nil for a line without dashes.
  var dash: String?
  /// Of an area, from 0 to 1; nil for an opaque one.
  var opacity: Double?

  static let client = Ink(style: "client", colour: "#2b7bd6")
  static let server = Ink(style: "server", colour: "#d9690f", dash: "7 4")
  static let planned = Ink(style: "planned", colour: "#7a8290", dash: "2 4")
  /// For the areas of one distribution, from the most opaque to the least.
  static let shares = [
    Ink(style: "client", colour: "#2b7bd6", opacity: 0.45),
    Ink(style: "client", colour: "#2b7bd6", opacity: 0.28),
    Ink(style: "client", colour: "#2b7bd6", opacity: 0.14),
  ]

  private static let kinds = [
    Ink(style: "kind-1", colour: "#c0392b"), Ink(style: "kind-2", colour: "#7d4bb0", dash: "7 4"),
    Ink(style: "kind-3", colour: "#12897a", dash: "2 3"),
    Ink(style: "kind-4", colour: "#8f7400", dash: "9 3 2 3"),
    Ink(style: "kind-5", colour: "#2b7bd6", dash: "4 3"),
    Ink(style: "kind-6", colour: "#7a8290", dash: "1 3"),
  ]

  /// The same ink without dashes, for a line that need not be told apart from others.
  var solid: Ink { Ink(style: style, colour: colour, opacity: opacity) }

  /// The same ink, nearly transparent, for the space below a line.
  var tint: Ink { Ink(style: style, colour: colour, opacity: 0.12) }

  /// The ink of a line that is neither the client's nor the server's, by its place among such
  /// lines.
  static func kind(_ index: Int) -> Ink { kinds[index % kinds.count] }
  /// The number of different inks that `kind(_:)` gives.
  static let mostKinds = 6
}
