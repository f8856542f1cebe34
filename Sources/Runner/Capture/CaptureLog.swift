import Foundation
import Messages
import Plan
import Recording

/// All that `capture` has recorded, in bounded memory, and its file.
struct CaptureLog {
  /// Bytes of all conversations together: no plan reads a larger file.
  static let mostBytes = Plan.longestMessageFile
  /// What a conversation costs beside its steps, about.
  private static let cost = 256

  private let captured = Clock.timestamp()
  private let redactions: [Redaction]
  private var recorders: [ConversationRecorder] = []
  /// Bytes that may still be recorded.
  var room = Self.mostBytes
  /// Conversations that ended or were under way when it was over, whether recorded or not.
  private(set) var total = 0

  init(redactions: [Redaction]) { self.redactions = redactions }

  mutating func add(_ recorder: ConversationRecorder) {
    total += 1
    guard room > 0 || !recorder.conversation.steps.isEmpty else { return }
    room -= Self.cost
    recorders.append(recorder)
  }

  /// The file as it is written: nothing in it that the expressions find.
  func file(forward: String) -> CaptureFile {
    let connections = recorders.map { recorder in
      let (kept, isCut) = recorder.conversation.redacted(
        by: redactions, clientEnded: recorder.clientEnded, serverEnded: recorder.serverEnded,
        most: ConversationRecorder.mostBytes)
      return CaptureFile.Connection(kept, isTruncated: isCut || recorder.isTruncated)
    }
    // Written down they take more than they did on their way.
    return CaptureFile(captured: captured, forward: forward, connections: connections).playable
  }

  /// What became of it all, in one line or two.
  func summary(of file: CaptureFile, at path: String) -> String {
    let count = file.connections.count
    let truncated = file.connections.count { $0.isTruncated }
    var text = "\(Format.count(count)) \(count == 1 ? "conversation" : "conversations") in \(path)"
    if truncated > 0 {
      text += count == 1 ? ", truncated" : ", \(Format.count(truncated)) of them truncated"
    }
    if total > count {
      text +=
        "; \(Format.count(total - count)) more came when the file was full, and are not in it: "
        + "a plan reads no more than \(Format.bytes(Self.mostBytes))"
    }
    return text
  }
}
