/// A plan's text in which placeholders hide some characters from the YAML parser. Each takes the
/// place of one character, so every line and column stays what it was.
///
/// Two things are kept from the parser:
/// - Yams throws at the first mapping that repeats a key, and no further error would be found. So
///   the last character of every plain key that is recognised has a placeholder of its own: to
///   Yams, no two keys are alike.
/// - Anchors and aliases let a small file unfold into a tree of any size. So `&` and `*` are hidden:
///   no alias is ever resolved, and the reader can point at each of them.
///
/// Placeholders come from the private-use planes, whose characters `SourceText` refuses.
struct HiddenCharacters {
  /// First scalar of the private-use planes 15 and 16.
  static let first: UInt32 = 0xF0000

  let text: String
  /// The hidden scalars: the n-th stands behind the n-th placeholder.
  private let hidden: [Unicode.Scalar]

  private static let anchor = Unicode.Scalar(0xF0000)!
  private static let alias = Unicode.Scalar(0xF0001)!

  init(_ plain: String) {
    var scalars = Array(plain.unicodeScalars)
    var hidden: [Unicode.Scalar] = ["&", "*"]
    for index in scalars.indices {
      switch scalars[index] {
      case "&": scalars[index] = Self.anchor
      case "*": scalars[index] = Self.alias
      case ":" where Self.endsKey(at: index, in: scalars):
        // When the placeholders are used up (131,000 keys in a plan), Yams reports repeated keys.
        guard let placeholder = Self.placeholder(hidden.count) else { continue }
        hidden.append(scalars[index - 1])
        scalars[index - 1] = placeholder
      default: break
      }
    }
    self.text = String(String.UnicodeScalarView(scalars))
    self.hidden = hidden
  }

  /// `parsed`, which may have placeholders, with the hidden characters put back, as the user wrote it.
  func restored(_ parsed: String) -> String {
    guard parsed.unicodeScalars.contains(where: { $0.value >= Self.first }) else { return parsed }
    return String(
      String.UnicodeScalarView(
        parsed.unicodeScalars.map { scalar in
          guard scalar.value >= Self.first else { return scalar }
          let offset = Self.offset(of: scalar)
          return hidden.indices.contains(offset) ? hidden[offset] : scalar
        }))
  }

  /// Whether a text has scalars that are kept for placeholders, so that no plan may have it.
  static func stand(in text: String) -> Bool {
    text.unicodeScalars.contains { $0.value >= first }
  }

  /// Whether a plain scalar, with its placeholders, is what YAML takes for an anchor or an alias.
  static func isAnchorOrAlias(_ parsed: String) -> Bool {
    parsed.unicodeScalars.first == anchor || parsed.unicodeScalars.first == alias
  }

  /// Whether the colon at `index` ends a plain word that stands where a key can. A word in a
  /// string or a comment may be taken for a key, which does no harm: `restored` puts back what was
  /// hidden in the string, and nobody reads the comment.
  private static func endsKey(at index: Int, in scalars: [Unicode.Scalar]) -> Bool {
    if index + 1 < scalars.count, !" \n\r\t".unicodeScalars.contains(scalars[index + 1]) {
      return false
    }
    var start = index
    // Keys are short words. A longer one is not hidden, so Yams itself reports its repetition.
    while start > 0, index - start < 64, isWord(scalars[start - 1]) { start -= 1 }
    guard start < index else { return false }
    return start == 0 || " \n\r{[,".unicodeScalars.contains(scalars[start - 1])
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".": true
    default: false
    }
  }

  /// The n-th scalar, from 0, of planes 15 and 16 without the two noncharacters that end each plane;
  /// nil when there are no more.
  private static func placeholder(_ offset: Int) -> Unicode.Scalar? {
    let perPlane = 0xFFFE
    guard offset < 2 * perPlane else { return nil }
    return Unicode.Scalar(
      Self.first + UInt32(offset / perPlane) * 0x10000 + UInt32(offset % perPlane))
  }

  /// The inverse of `placeholder`.
  private static func offset(of scalar: Unicode.Scalar) -> Int {
    let distance = Int(scalar.value - first)
    return distance / 0x10000 * 0xFFFE + distance % 0x10000
  }
}
