package import Judgement
import Plan
package import Recording

/// The run as one HTML page, to be opened from disk or as a CI artifact beside `report.css`.
///
/// The page needs no network and holds no style of its own, so it reads the same under the
/// strictest content policy. `report.js` beside it only adds values under the pointer, and zoom.
package func html(
  _ recording: Recording, _ judgement: Judgement, earlier: EarlierRuns = .none
) -> [UInt8] {
  HTMLReport(recording, judgement, earlier: earlier).document.bytes()
}

/// Everything that the parts of the page draw from.
struct HTMLReport {
  let recording: Recording
  let judgement: Judgement
  let earlier: EarlierRuns
  let metrics: Metrics

  init(_ recording: Recording, _ judgement: Judgement, earlier: EarlierRuns = .none) {
    self.recording = recording
    self.judgement = judgement
    self.earlier = earlier
    metrics = Metrics(recording)
  }

  /// A part of the page with a heading; without content it is left out.
  struct Section {
    var id: String
    var title: String
    var content: [Node]

    init(_ id: String, _ title: String, @MarkupBuilder _ content: () -> [Node]) {
      self.id = id
      self.title = title
      self.content = content()
    }
  }

  private var sections: [Section] {
    [
      goalSection, connectionsSection, searchSection, rateSection, latencySection, secureSection,
      messageSection,
      roundTripSection, memorySection, kernelSection,
      phasesSection, thresholdsSection, endsSection, predictionSection, hostSection, planSection,
      comparisonSection, historySection,
    ].filter { !$0.content.isEmpty }
  }

  var document: Document {
    let sections = sections
    let name = brief(recording.planName)
    return Document(
      .html,
      Element("html", ["lang": "en"]) {
        Element("head") {
          Element("meta", ["charset": "utf-8"])
          Element("title", [:], "\(name): \(judgement.verdict.rawValue)")
          Element(
            "meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
          Element("meta", ["name": "color-scheme", "content": "light dark"])
          Element("link", ["rel": "stylesheet", "href": "report.css"])
          Element("script", ["src": "report.js", "defer": ""])
        }
        Element("body", ["data-verdict": judgement.verdict.rawValue]) {
          header(name)
          Element("main") {
            verdictSection
            navigation(sections)
            for section in sections { element(section) }
          }
          footer
        }
      })
  }

  private func header(_ name: String) -> Element {
    Element("header", ["class": "top"]) {
      Element("p", ["class": "kicker"], "Connection capacity")
      Element("h1", [:], name)
      Element("p", ["class": "facts"], recording.circumstances.joined(separator: "  ·  "))
    }
  }

  private func navigation(_ sections: [Section]) -> Element {
    Element("nav", ["aria-label": "Sections"]) {
      Element("ul") {
        for section in sections {
          Element("li") { Element("a", ["href": "#\(section.id)"], section.title) }
        }
      }
    }
  }

  private func element(_ section: Section) -> Element {
    Element("section", ["id": section.id, "aria-labelledby": "\(section.id)-heading"]) {
      Element("h2", ["id": "\(section.id)-heading"], section.title)
      section.content
    }
  }

  private var footer: Element {
    let version = recording.programVersion.isEmpty ? "" : " \(brief(recording.programVersion))"
    return Element("footer") {
      Element(
        "p", [:], "runner\(version)  ·  seed \(recording.seed)  ·  \(brief(recording.planFile))")
    }
  }
}
