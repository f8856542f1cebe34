import Recording

/// The input is what a server does, line by line (`AnswerScene`), to a client that plays one pattern.
/// Whatever comes, the client's message counts add up; and they are the same however the bytes were cut on
/// the way.
func answersFinding(in bytes: [UInt8]) -> String? {
  let scene = AnswerScene(String(decoding: bytes, as: UTF8.self))
  guard let pattern = scene.pattern else { return nil }
  do {
    let whole = try AnswerStage.play(scene, pattern, pieceSize: .max)
    if let finding = whole.finding { return finding }
    for pieceSize in [1, 3] {
      let cut = try AnswerStage.play(scene, pattern, pieceSize: pieceSize)
      if let finding = cut.finding { return "in pieces of \(pieceSize): \(finding)" }
      // Unsolicited bytes that are read only after the next message was sent count as its answer: then the
      // outcomes depend on the pieces.
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
