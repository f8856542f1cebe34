package import Judgement
import Plan
package import Probe
package import Recording

/// A run that is over, and what it comes to.
package struct EndedRun {
  package let recording: Recording
  package let judgement: Judgement
  /// Why the recording file lacks the rest of the run; nil where it has all of it.
  package let writeError: RecordingError?

  package init(recording: Recording, judgement: Judgement, writeError: RecordingError? = nil) {
    self.recording = recording
    self.judgement = judgement
    self.writeError = writeError
  }
}

/// A run from the end of its last phase to its judged recording.
///
/// Where the file cannot be written any more, the run is judged from memory, and the recording has a fault.
package struct RunEnding {
  private let writer: RecordingWriter
  /// The recording as it was known before the first phase: without samples, and without what phases came to.
  private let recordingAtStart: Recording
  private let replay: Replay?
  private let clock: any RunClock
  private var end = RunEnd(duration: 0, state: RunState())
  /// As `EndedRun.writeError`.
  private var writeError: RecordingError?

  package init(
    writer: RecordingWriter, recordingAtStart: Recording, replay: Replay?, clock: any RunClock
  ) {
    self.writer = writer
    self.recordingAtStart = recordingAtStart
    self.replay = replay
    self.clock = clock
  }

  /// - Parameter writeError: why nothing could be added to the recording any more, which ended the run.
  package mutating func noteEnd(_ end: RunEnd, writeError: RecordingError? = nil) {
    self.end = end
    self.writeError = writeError
  }

  /// Writes the end, judges the run and closes the file.
  ///
  /// The end is written first, and from then on signals may end this process: judging a long run takes time, and
  /// whatever happens meanwhile a recording that could be written has its end.
  package mutating func finish() -> EndedRun {
    let isWhole = writeError == nil
    let known = end
    write { writer throws(RecordingError) in try writer.write(known) }
    // The first signal of a run only asks for its end, which is near anyway. The second ends the process. An
    // interrupted run has had its first signal already.
    clock.endProcess(afterSignals: end.interrupted ? 1 : 2, code: ExitStatus.interrupted)
    var whole = result(isWhole: isWhole)
    end.replay = replay?.record(of: whole)
    whole.replay = end.replay
    var judgement = judge(whole)
    whole.verdict = judgement.verdict
    whole.thresholds = judgement.thresholds
    (end.verdict, end.thresholds) = (whole.verdict, whole.thresholds)
    let judged = end
    write { writer throws(RecordingError) in try writer.finish(judged) }
    if let writeError {
      whole.fault = "\(writeError) What is in memory: \(judgement.headline)"
      whole.verdict = nil
      judgement = judge(whole)
      judgement.exitCode = ExitStatus.notWritten
    }
    return EndedRun(recording: whole, judgement: judgement, writeError: writeError)
  }

  /// What the file has, completed with the end of the run as this process has it in memory.
  private func result(isWhole: Bool) -> Recording {
    var whole: Recording
    do throws(RecordingError) {
      whole = try writer.snapshot()
    } catch {
      // The file cannot be read either. Phases, failures and limits are in memory all the same.
      whole = recordingAtStart
    }
    whole.complete = isWhole
    whole.duration = end.duration
    whole.interrupted = end.interrupted
    whole.state = end.state
    return whole
  }

  /// Writes to the recording, unless an earlier write has failed.
  private mutating func write(
    _ body: (RecordingWriter) throws(RecordingError) -> Void
  ) {
    guard writeError == nil else { return }
    do throws(RecordingError) { try body(writer) } catch { writeError = error }
  }
}
