/// The input says what somebody in the middle of a connection does (`SessionScene`), of a client and a server that
/// speak a protocol, TLS or both. Whatever that is, both ends must come to an end, every message of the client must have
/// one outcome, no descriptor may be left or closed twice, and all must be the same however the bytes were cut into
/// reads and writes.
func sessionsFinding(in bytes: [UInt8]) -> String? {
  guard let scene = SessionScene(bytes) else { return nil }
  do {
    let whole = try SessionStage.play(scene, pieceSize: .max)
    if let finding = whole.finding { return finding }
    for pieceSize in [1, 7] {
      let cut = try SessionStage.play(scene, pieceSize: .max, serverPieceSize: pieceSize)
      // A server sends a message back piece by piece, as it has come. The client may notice that: where somebody else
      // has spoken meanwhile, bytes of other pieces are taken for the next frame.
      if let finding = cut.finding { return "in pieces of \(pieceSize) at the server: \(finding)" }
    }
    // TLS draws random bytes, and its records are cut by the size of what is sent.
    if scene.hasTLS { return try SessionStage.play(scene, pieceSize: 7).finding }
    for pieceSize in [Int.max, 1, 3] {
      let cut = try SessionStage.play(scene, pieceSize: pieceSize)
      if cut == whole { continue }
      let how = pieceSize == .max ? "played again" : "in pieces of \(pieceSize)"
      return "\(how): \(cut), and \(whole) in one"
    }
    return nil
  } catch {
    return "the scene cannot be played: \(error)"
  }
}
