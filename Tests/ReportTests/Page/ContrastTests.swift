import Foundation
import Testing

@testable import Report

/// The colours of `report.css`, held against WCAG 2.1: 4.5 for text, 3 for lines and bars.
@Suite struct ContrastTests {
  enum Medium: String, CaseIterable {
    case light, dark, print
  }

  /// The variables of `:root` as a medium has them: the light ones, and what it puts over them.
  private static func colours(_ medium: Medium) throws -> [String: Colour] {
    let css = String(decoding: stylesheet, as: UTF8.self)
    let roots = css.matches(of: /:root\s*\{([^}]*)\}/)
    #expect(roots.count == Medium.allCases.count)
    var colours: [String: Colour] = [:]
    for (index, root) in roots.enumerated() where index == 0 || medium == Medium.allCases[index] {
      for line in root.output.1.matches(of: /--([a-z0-9-]+):\s*(#[0-9a-f]{3,6})\b/) {
        let colour: Colour = try #require(Colour(String(line.output.2)))
        colours[String(line.output.1)] = colour
      }
    }
    return colours
  }

  private static let texts = [
    ("text", "page"), ("text", "card"), ("text", "sunk"), ("soft", "page"), ("soft", "card"),
    ("soft", "sunk"), ("good", "card"), ("good", "good-tint"), ("bad", "card"),
    ("bad", "bad-tint"), ("warn", "card"), ("warn", "warn-tint"),
  ]

  private static let lines = [
    "client", "server", "soft", "bad", "kind-1", "kind-2", "kind-3", "kind-4", "kind-6",
  ]

  @Test(arguments: Medium.allCases)
  func `text can be read on whatever it stands on`(medium: Medium) throws {
    let colours = try Self.colours(medium)
    for (front, back) in Self.texts {
      let contrast = try #require(colours[front]).contrast(to: try #require(colours[back]))
      #expect(contrast >= 4.5, "\(front) on \(back): \(contrast)")
    }
  }

  /// A band of a chart is its text's colour, let through by at most 7.5%.
  @Test(arguments: Medium.allCases)
  func `names of phases can be read on their bands`(medium: Medium) throws {
    let colours = try Self.colours(medium)
    let band = try #require(colours["card"]).under(try #require(colours["text"]), opacity: 0.075)
    for front in ["soft", "bad"] {
      let contrast = try #require(colours[front]).contrast(to: band)
      #expect(contrast >= 4.5, "\(front): \(contrast)")
    }
  }

  @Test(arguments: Medium.allCases)
  func `lines stand out from the card, and the two ends from each other without hue`(
    medium: Medium
  ) throws {
    let colours = try Self.colours(medium)
    let card = try #require(colours["card"])
    for line in Self.lines {
      let contrast = try #require(colours[line]).contrast(to: card)
      #expect(contrast >= 3, "\(line): \(contrast)")
    }
    #expect(Ink.client.dash == nil)
    #expect(Ink.server.dash != nil)
  }

  @Test func `black on white is 21`() throws {
    let (black, white) = (try #require(Colour("#000")), try #require(Colour("#ffffff")))
    #expect(black.contrast(to: white) == 21)
    #expect(white.contrast(to: white) == 1)
    #expect(Colour("#12") == nil)
  }
}

/// A colour in sRGB, each part from 0 to 1.
private struct Colour {
  private let parts: [Double]

  /// `#123` or `#112233`.
  init?(_ text: String) {
    var digits = text.dropFirst().map(String.init)
    if digits.count == 3 { digits = digits.flatMap { [$0, $0] } }
    guard digits.count == 6 else { return nil }
    let values = stride(from: 0, to: 6, by: 2).compactMap {
      UInt8(digits[$0] + digits[$0 + 1], radix: 16)
    }
    guard values.count == 3 else { return nil }
    parts = values.map { Double($0) / 255 }
  }

  private init(parts: [Double]) { self.parts = parts }

  func under(_ front: Colour, opacity: Double) -> Colour {
    Colour(parts: zip(parts, front.parts).map { $0 * (1 - opacity) + $1 * opacity })
  }

  /// Source: WCAG 2.1, "relative luminance".
  private var luminance: Double {
    let linear = parts.map { $0 <= 0.04045 ? $0 / 12.92 : pow(($0 + 0.055) / 1.055, 2.4) }
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
  }

  func contrast(to other: Colour) -> Double {
    let pair = [luminance, other.luminance].sorted()
    return ((pair[1] + 0.05) / (pair[0] + 0.05) * 1000).rounded() / 1000
  }
}
