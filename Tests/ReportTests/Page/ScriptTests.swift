import Foundation
import Judgement
import Plan
import Recording
import Testing

@testable import Report

/// What the script adds, in a real browser: a second script plays the part of the hand.
@Suite(.serialized, .enabled(if: Chromium.isThere, "no chromium")) struct ScriptTests {
  private let folder: Folder

  init() throws {
    folder = try Folder()
    try folder.write(stylesheet, to: "report.css")
    try folder.write(script, to: "report.js")
  }

  /// The page after `hand` has run on it; whatever `hand` returns is the text of `#said`.
  private func page(_ run: Run, hand: String) throws -> XMLNode {
    let play = """
      addEventListener("load", () => {
        const chart = (id) => document.getElementById("chart-" + id);
        const plot = (id) => chart(id).querySelector("svg.plot");
        const send = (id, type, place) => {
          const box = plot(id).getBoundingClientRect();
          plot(id).dispatchEvent(new PointerEvent(type, {
            bubbles: true, pointerType: "mouse", clientX: box.left + box.width * place,
            clientY: box.top + 60,
          }));
        };
        const press = (id, key) =>
          plot(id).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        const tip = (id) => [...chart(id).querySelectorAll(".tip div")]
          .map((row) => row.innerText.replace(/\\s+/g, " ").trim()).join("; ");
        const said = document.createElement("p");
        said.id = "said";
        said.textContent = (() => { \(hand) })();
        document.body.append(said);
      });
      """
    try folder.write(Array(play.utf8), to: "hand.js")
    let page = String(decoding: html(run.recording, run.judgement), as: UTF8.self)
      .replacing("</head>", with: "<script src=\"hand.js\"></script></head>")
    let visit = try Chromium().visit(folder.write(Array(page.utf8), to: "report.html"))
    #expect(visit.console == [])
    return try XMLNode.parse(visit.page, as: .html)
  }

  private func said(_ run: Run, hand: String) throws -> String {
    try page(run, hand: hand).all.first { $0["id"] == "said" }?.text ?? "nothing"
  }

  @Test func `the pointer shows what every line says at that instant`() throws {
    let said = try said(
      .named("limit"),
      hand: "send('connections', 'pointermove', 0.5); return tip('connections')")
    // The run took 4.5 s, and its samples say 20,064 and 19,936 from 1 s on.
    #expect(said == "2.25 s; client: established 20,100; server: accepted 19,900")
  }

  @Test func `percentiles and bars say what they span and how high they are`() throws {
    let said = try said(
      .named("passed"),
      hand: """
        send('latency', 'pointermove', 0.05);
        const first = tip('latency');
        send('latency-distribution', 'pointermove', 0.205);
        return first + ' | ' + tip('latency-distribution');
        """)
    let parts = said.split(separator: "|")
    #expect(parts.count == 2)
    #expect(parts[0].contains("p90 to p99 95 µs to 95 µs; "), "\(said)")
    #expect(parts[0].contains("; p50 40."), "\(said)")
    #expect(parts[1].contains("connections 44,900"), "\(said)")
  }

  @Test func `no minute has sixty seconds`() throws {
    var recording = Sample.limited
    recording.duration = 239.4
    for index in recording.series.indices {
      let count = Double(max(1, recording.series[index].points.count - 1))
      for point in recording.series[index].points.indices {
        recording.series[index].points[point].at = 239.4 * Double(point) / count
      }
    }
    let said = try said(
      Run(name: "long", recording: recording, judgement: Sample.limitedJudgement),
      hand: "send('connections', 'pointermove', 0.5); return tip('connections')")
    #expect(said.hasPrefix("2 min 0 s; "), "\(said)")
  }

  @Test func `what is shown goes when the pointer does`() throws {
    let said = try said(
      .named("limit"),
      hand: """
        send('connections', 'pointermove', 0.5);
        const there = document.querySelectorAll('.tip, .cursor').length;
        plot('connections').dispatchEvent(new PointerEvent('pointerleave'));
        return there + ' ' + document.querySelectorAll('.tip, .cursor').length;
        """)
    #expect(said == "2 0")
  }

  @Test func `arrow keys move along the chart`() throws {
    let said = try said(
      .named("limit"),
      hand: """
        press('connections', 'ArrowRight');
        const first = tip('connections');
        for (let step = 0; step < 20; step++) press('connections', 'ArrowRight');
        return first.split(';')[0] + ' ' + tip('connections').split(';')[0];
        """)
    #expect(said == "2.27 s 2.72 s")
  }

  @Test func `dragging shows a stretch of every chart over time, and a button all of it`() throws {
    let drag = """
      const box = () => plot('rate').querySelector('svg.data').getAttribute('viewBox');
      const ticks = () => [...plot('rate').querySelectorAll('.instants text')]
        .map((text) => text.textContent).join(' ');
      const before = box() + ' ' + ticks();
      send('connections', 'pointerdown', 0.25);
      send('connections', 'pointermove', 0.5);
      send('connections', 'pointerup', 0.75);
      const inside = box() + ' | ' + ticks();
      const hidden = [...plot('rate').querySelectorAll('.moves *')]
        .filter((element) => element.style.display === 'none').length;
      const still = plot('latency-distribution').querySelector('svg.data').getAttribute('viewBox');
      document.querySelector('button.reset').click();
      const after = box() + ' ' + ticks();
      return [inside, hidden, still, after === before, document.querySelector('.reset')].join(' | ');
      """
    let said = try said(.named("limit"), hand: drag)
    #expect(said == "250 0 500 220 | 1.5 s 2 s 2.5 s 3 s | 2 | 0 0 1000 180 | true | ")
  }
}
