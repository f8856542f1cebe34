import FoundationEssentials
import Judgement
import Plan
import Recording
import Report

/// The runs of a plan before a given recording, as `history/` beside that recording keeps them.
struct History {
  /// Oldest first.
  private let paths: [String]

  /// - Parameters:
  ///   - recording: the path of the given recording.
  ///   - started: when its run began, as the recording has it.
  init(of recording: String, started: String) {
    let directory = RunFiles.parent(of: recording) + "/history"
    let name = RunFiles.historyName(ofStart: started)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    paths = names.filter { $0.hasSuffix(".recording") && $0 < name }.sorted()
      .map { "\(directory)/\($0)" }
  }

  /// The path of the newest recording before the given one; nil when there is none.
  var last: String? { paths.last }

  /// The newest runs, as many as a page shows beside its own. Leaves out a recording that cannot be
  /// read, such as the empty file of a run that was killed while it created its recording.
  var summaries: [RecordingSummary] {
    paths.suffix(EarlierRuns.mostRuns - 1).compactMap { path in
      try? RecordingSummary.read(from: path)
    }
  }
}

extension EarlierRuns {
  /// What `history/` has of the runs before a recording, and how the recording compares with one.
  ///
  /// - Parameters:
  ///   - path: where the recording is.
  ///   - before: the path of the recording to compare with; nil for none.
  ///   - remark: gets one line: how the two compare, or why they cannot be compared. An earlier
  ///     recording that cannot be read is no error of this run.
  init(
    of recording: Recording, at path: String, before: String?, remark: (String) -> Void = { _ in }
  ) {
    self.init(history: History(of: path, started: recording.started).summaries)
    guard let before else { return }
    do throws(RecordingError) {
      let base = try Recording.read(from: before)
      let comparison = Comparison(base: base, new: recording)
      self.base = base
      self.comparison = comparison
      remark(comparisonLine(comparison, base: base))
    } catch {
      remark("not compared with the run before: \(error)")
    }
  }
}
