import Foundation
import Messages
import Plan
import Recording

/// All that `capture` has recorded, in bounded memory, and the file that is made of it.
struct CaptureLog {
  /// The most bytes of all conversations together: no plan reads a larger file.
  static let mostBytes = Plan.longestMessageFile
  /// About how many bytes of memory a conversation takes beside its steps.
  private static let conversationCost = 256

  private let began = Clock.timestamp()
  private let redactions: [Redaction]
  private let marksVolatileHeaders: Bool
  private var recorders: [ConversationRecorder] = []
  /// Bytes of memory that recorded conversations may still take.
  var room = Self.mostBytes
  /// Conversations that ended, or were under way when the capture ended, whether recorded or not.
  private(set) var total = 0
  /// Those of them in which nothing was said.
  private var silent = 0
  /// Those that `file` has left out because nothing of them may be kept.
  private var silentInFile = 0

  /// - Parameter marksVolatileHeaders: whether the values of `VolatileHeaders` may be anything in a play.
  init(redactions: [Redaction], marksVolatileHeaders: Bool) {
    self.redactions = redactions
    self.marksVolatileHeaders = marksVolatileHeaders
  }

  mutating func add(_ recorder: ConversationRecorder) {
    total += 1
    guard !recorder.conversation.steps.isEmpty || recorder.isTruncated else {
      silent += 1
      return
    }
    guard room > 0 || !recorder.conversation.steps.isEmpty else { return }
    room -= Self.conversationCost
    recorders.append(recorder)
  }

  /// The file to write, without what the redactions match.
  mutating func file(forward: String) -> CaptureFile {
    let connections = recorders.compactMap { recorder -> CaptureFile.Connection? in
      let conversation = recorder.conversation
      let marked = marksVolatileHeaders ? conversation.withVolatileHeaders : conversation
      let (kept, isCut) = marked.redacted(
        by: redactions, clientEnded: recorder.clientEnded, serverEnded: recorder.serverEnded,
        most: ConversationRecorder.mostBytes)
      guard !kept.steps.isEmpty else { return nil }
      return CaptureFile.Connection(kept, isTruncated: isCut || recorder.isTruncated)
    }
    silentInFile = recorders.count - connections.count
    // As YAML the conversations may take more bytes than `room` has counted, so `playable` cuts
    // them once more.
    return CaptureFile(captured: began, forward: forward, connections: connections).playable
  }

  /// How much was recorded and how much was not, in one line.
  func summary(of file: CaptureFile, at path: String) -> String {
    let count = file.connections.count
    let truncated = file.connections.count { $0.isTruncated }
    var text = "\(Format.count(count)) \(count == 1 ? "conversation" : "conversations") in \(path)"
    if truncated > 0 {
      text += count == 1 ? ", truncated" : ", \(Format.count(truncated)) of them truncated"
    }
    let left = silent + silentInFile
    if left > 0 {
      text += "; \(Format.count(left)) more said nothing that is kept, and are not in it"
    }
    if total > count + left {
      text +=
        "; \(Format.count(total - count - left)) more came when the file was full, and are not in it: "
        + "a plan reads no more than \(Format.bytes(Self.mostBytes))"
    }
    let values = file.volatileValues
    if values > 0 {
      text += "\n\(Format.count(values)) volatile header \(values == 1 ? "value" : "values") marked"
    }
    return text
  }
}
