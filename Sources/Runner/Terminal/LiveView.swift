import Coordination
import Linux
import Recording
import Report

/// A few lines on a terminal, redrawn in place.
///
/// The view changes no mode of the terminal, and every picture ends with a line end. So there is nothing to
/// restore, whatever ends or stops the program: the cursor stands on a fresh line below the last picture. Only
/// where the terminal took no more than a part of a picture, the cursor stands within that part.
struct LiveView: Progress {
  private static let interval = 0.2
  private let paint: Paint
  /// The width of each line of the picture, in columns; the cursor stands below the last one.
  private var drawnWidths: [Int] = []
  /// Whether only a part of the last picture was written.
  private var isCut = false
  /// When to draw next, in seconds since the run started.
  private var nextDraw = 0.0
  private var rate = Rate()
  /// The terminal's foreground process group when the run began. No picture is drawn while another
  /// group has the terminal; notes are written all the same.
  private let initialForeground = Terminal.foreground
  private let resumptions = Resumptions()

  init(colour: Bool) {
    paint = Paint(colour)
  }

  /// Notices that the program goes on after it was stopped. Other programs may have written below the
  /// picture meanwhile, so that picture is left alone, and the next one is drawn below.
  private final class Resumptions {
    private var source: SignalSource?

    init() { source = try? SignalSource([Signal.resume]) }

    /// Whether the program was resumed since the last call.
    func take() -> Bool {
      var happened = false
      while source?.next() != nil { happened = true }
      return happened
    }
  }

  /// By how much the number of established connections has grown per second, over the last three seconds.
  private struct Rate {
    private var points: [(at: Double, count: Int)] = []

    mutating func add(_ count: Int, at: Double) -> Double {
      points.append((at, count))
      points.removeAll { $0.at < at - 3 }
      guard let first = points.first, at > first.at else { return 0 }
      return Double(count - first.count) / (at - first.at)
    }
  }

  mutating func phaseChanged(_ state: ProgressState) {
    rate = Rate()
    nextDraw = 0
    update(state)
  }

  mutating func update(_ state: ProgressState) {
    guard state.elapsed >= nextDraw else { return }
    nextDraw = state.elapsed + Self.interval
    let rate = rate.add(state.established, at: state.elapsed)
    draw(lines(state, rate: rate))
  }

  mutating func note(_ text: String) {
    draw([])
    StandardError.offer(text + "\n")
  }

  mutating func finish() { draw([]) }

  private func lines(_ state: ProgressState, rate: Double) -> [Clipped] {
    let width = Terminal.width ?? 80
    var lines = [paint.bold(onOneLine(state.plan)) + "  \(onOneLine(state.phase))"]
    lines.append(bar(state, rate: rate, width: width))
    var counts = "established \(Format.count(state.established))"
    if let accepted = state.accepted { counts += "   accepted \(Format.count(accepted))" }
    counts += "   connecting \(Format.count(state.connecting))"
    counts += "   failed \(Format.count(state.failures))"
    lines.append(counts)
    if let messages = state.messages { lines.append("messages \(messages.text)") }
    var rateLine = "rate \(Format.rate(max(0, rate.rounded())))"
    if let memory = state.memoryAvailable { rateLine += "   memory left \(Format.bytes(memory))" }
    rateLine += "   \(Format.duration(seconds: state.elapsed.rounded(.down)))"
    lines.append(rateLine)
    if let limit = state.limit { lines.append(paint.yellow("limit: \(limit)")) }
    return lines.map { Clipped($0, to: width) }
  }

  private func bar(_ state: ProgressState, rate: Double, width: Int) -> String {
    let share: Double
    var words: String
    if let goal = state.goal, goal > 0 {
      share = min(1, Double(state.established) / Double(goal))
      words = " \(Int(share * 100))% of \(Format.count(goal))"
      let left = Double(goal - state.established)
      if left > 0, rate > 0 {
        words += ", \(Format.duration(seconds: (left / rate).rounded(.up))) left"
      }
    } else if let planned = state.planned, planned > 0 {
      share = min(1, state.phaseElapsed / planned)
      let left = max(0, planned - state.phaseElapsed).rounded(.up)
      words = " \(Format.duration(seconds: left)) left"
    } else {
      share = 0
      words = " \(Format.duration(seconds: state.phaseElapsed.rounded(.down)))"
    }
    let room = max(10, min(50, width - words.count - 2))
    let full = Int(share * Double(room))
    return paint.cyan(String(repeating: "█", count: full))
      + String(repeating: "░", count: room - full) + words
  }

  /// Replaces the picture by these lines; without lines, erases it.
  private mutating func draw(_ lines: [Clipped]) {
    if resumptions.take() { drawnWidths = [] }
    guard Terminal.foreground == initialForeground else {
      drawnWidths = []
      return
    }
    var text = ""
    // Goes to the first column, too: the terminal may have echoed a Ctrl-C.
    if !drawnWidths.isEmpty { text += "\r\u{1B}[\(drawnRows)A\u{1B}[J" }
    text += lines.map { $0.text + "\n" }.joined()
    if isCut { text = "\n" + text }
    switch StandardError.draw(text) {
    case .whole:
      drawnWidths = lines.map(\.columns)
      isCut = false
    // The last picture stays, and the next one replaces it.
    case .nothing: break
    // The cursor stands somewhere in the cut picture, so the next one begins below.
    case .part:
      drawnWidths = []
      isCut = true
    }
  }

  /// Rows that the picture takes now: a terminal that has become narrower has wrapped its lines.
  private var drawnRows: Int {
    let width = max(1, Terminal.width ?? 80)
    return drawnWidths.reduce(0) { $0 + max(1, ($1 + width - 1) / width) }
  }

  /// A line cut where it would wrap, since a wrapped line would break the redrawing.
  private struct Clipped {
    private(set) var text = ""
    private(set) var columns = 0

    /// Escape sequences take no columns, so they are kept whole.
    init(_ line: String, to width: Int) {
      var inEscape = false
      for character in line {
        if character == "\u{1B}" { inEscape = true }
        if inEscape {
          text.append(character)
          if character.isLetter { inEscape = false }
        } else if columns < width {
          text.append(character)
          columns += 1
        }
      }
    }
  }
}
