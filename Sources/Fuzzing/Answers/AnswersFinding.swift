import Recording

/// The input says, line by line (`AnswerScene`), what a server does to a client that plays one pattern.
/// Whatever the server does, the client's message counts must add up, and must be the same however the bytes
/// were cut on the way.
func answersFinding(in bytes: [UInt8]) -> String? {
  let scene = AnswerScene(String(decoding: bytes, as: UTF8.self))
  guard let pattern = scene.pattern else { return nil }
  do {
    let whole = try AnswerStage.play(scene, pattern, pieceSize: .max)
    if let finding = whole.finding { return finding }
    for pieceSize in [1, 3] {
      let cut = try AnswerStage.play(scene, pattern, pieceSize: pieceSize)
      if let finding = cut.finding { return "in pieces of \(pieceSize): \(finding)" }
      // The client takes unsolicited bytes for the answer to the next message where it reads them only after
      // it has sent that message. So the outcomes depend on the pieces.
      let isComparable =
        scene.isIndependentOfPieces && !whole.hasUnsolicitedBytes && !cut.hasUnsolicitedBytes
      if isComparable, cut.outcomes != whole.outcomes {
        return "\(cut.outcomes) in pieces of \(pieceSize), \(whole.outcomes) in one"
      }
    }
    return nil
  } catch {
    return "the scene cannot be played: \(error)"
  }
}
