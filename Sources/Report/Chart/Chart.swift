import Judgement
import Recording

/// A picture of values over time or over another value: the one chart of the report.
struct Chart {
  /// Unique on the page; other elements are named after it.
  var id: String
  var title: String
  var x: Axis
  var y: Axis
  var layers: [Layer]
  /// The phases, as stripes behind the data.
  var bands: [Band] = []
  /// Instants that matter, such as the one where the limit was met.
  var markers: [Marker] = []
  /// Values that matter, such as the goal.
  var levels: [Level] = []
  /// In pixels, without the labels.
  var height = 220
  /// One of many that stand side by side: with a plain title, and without the phases' names.
  var isSmall = false

  struct Layer {
    enum Shape {
      case line(Curve)
      /// A line with the space below it tinted.
      case filled(Curve)
      case area([Ribbon])
      case bars([Bar])
    }

    var name: String
    var ink: Ink
    var shape: Shape
  }

  /// What lies between two lines.
  struct Ribbon {
    var lower: [Series.Point]
    var upper: [Series.Point]
  }

  struct Bar {
    var from: Double
    var to: Double
    var value: Double
  }

  struct Band {
    var name: String
    var from: Double
    var to: Double
  }

  struct Marker {
    var at: Double
    var label: String
    /// The limit; anything else is a mark of measure.
    var isLimit = true
  }

  struct Level {
    var value: Double
    var label: String
  }
}

/// How a layer is drawn. The colours are what remains when the stylesheet is missing; they are
/// legible on white and on black. Dashes tell lines apart without any colour.
struct Ink {
  var style: String
  var colour: String
  var dash: String?
  var opacity: Double?

  static let client = Ink(style: "client", colour: "#2b7bd6")
  static let server = Ink(style: "server", colour: "#d9690f", dash: "7 4")
  static let planned = Ink(style: "planned", colour: "#7a8290", dash: "2 4")
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

  /// Without dashes: for a line that has no other to be told apart from.
  var solid: Ink { Ink(style: style, colour: colour, opacity: opacity) }

  /// For the space below a line.
  var tint: Ink { Ink(style: style, colour: colour, opacity: 0.12) }

  /// For lines that belong to neither end.
  static func kind(_ index: Int) -> Ink { kinds[index % kinds.count] }
  static let mostKinds = 6
}
