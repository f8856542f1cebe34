import GoldenFiles
import Protocols
import Testing

@Suite struct MQTTTextTests {
  private func fault(
    _ text: String, _ form: MQTTText.Form, _ version: MQTTVersion = .v5
  ) -> MQTTMalformation? {
    MQTTText.fault(in: text.utf8, as: form, version)
  }

  // MARK: 3.1.1: 1.5.3; 5.0: 1.5.4

  @Test(
    arguments: [
      // The standard's example, the ends of every length, and what is beyond them.
      ("41 F0 AA 9B 94", nil), ("7F", nil), ("C2 80", nil), ("DF BF", nil), ("E0 A0 80", nil),
      ("ED 9F BF", nil), ("EE 80 80", nil), ("EF BB BF", nil), ("EF BF BF", nil),
      ("F0 90 80 80", nil), ("F4 8F BF BF", nil), ("01 1F", nil), ("", nil),
      ("00", MQTTMalformation.nullCharacter), ("C3 A4 00", .nullCharacter),
      ("80", .utf8), ("BF", .utf8), ("C0 80", .utf8), ("C1 BF", .utf8), ("C2", .utf8),
      ("C2 41", .utf8), ("C2 C2", .utf8), ("C2 00", .utf8), ("E0 9F BF", .utf8),
      ("ED A0 80", .utf8), ("ED BF BF", .utf8), ("E1 80", .utf8), ("F0 8F BF BF", .utf8),
      ("F4 90 80 80", .utf8), ("F5 80 80 80", .utf8), ("F1 80 80", .utf8), ("FF", .utf8),
    ] as [(String, MQTTMalformation?)])
  func `a string is UTF-8 without U+0000`(bytes: String, rule: MQTTMalformation?) {
    #expect(MQTTText.fault(in: mqtt(bytes), as: .string, .v311) == rule)
    #expect(MQTTText.fault(in: mqtt(bytes), as: .binary, .v311) == nil)
  }

  @Test func `what is UTF-8 is what the standard library says`() {
    var chance = Chance(3)
    let starts: [UInt8] = [
      0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF,
      0xF0, 0xF1, 0xF4, 0xF5,
    ]
    var valid = 0
    for _ in 0..<20_000 {
      let bytes = (0..<chance.below(6)).map { _ in chance.pick(starts) }
      let isValid = String(validating: bytes, as: UTF8.self) != nil
      valid += isValid ? 1 : 0
      let fault = MQTTText.fault(in: bytes, as: .string, .v5)
      if (fault == nil) != isValid { Issue.record("\(bytes)") }
    }
    #expect(valid > 2000)
  }

  @Test func `a text is at most 65,535 bytes long`() {
    let most = [UInt8](repeating: 0x61, count: 65_535)
    for form: MQTTText.Form in [.binary, .string, .topic, .filter] {
      #expect(MQTTText.fault(in: most, as: form, .v5) == nil)
      #expect(MQTTText.fault(in: most + [0x61], as: form, .v5) == .textLength)
    }
  }

  // MARK: 4.7

  @Test func `topic names`() {
    for name in ["a", "/", "a/b", "/a", "a/", "a//b", "$SYS/x", "sport/tennis", "A b", "ä/🚗"] {
      #expect(fault(name, .topic) == nil)
    }
    #expect(fault("", .topic) == .emptyTopic)
    for name in ["+", "#", "a/+/b", "a#", "a+"] {
      #expect(fault(name, .topic) == .wildcardInTopic)
    }
  }

  /// The standard's examples, and more.
  @Test(
    arguments: [
      ("sport/tennis/player1/#", nil), ("sport/#", nil), ("#", nil), ("sport/tennis/#", nil),
      ("+", nil), ("+/tennis/#", nil), ("sport/+/player1", nil), ("/+", nil), ("+/+", nil),
      ("/", nil), ("/finance", nil), ("//", nil), ("a/", nil), ("$SYS/#", nil),
      ("$SYS/monitor/+", nil), ("+/", nil), ("ä/+/🚗", nil),
      ("sport/tennis#", MQTTMalformation.multiLevelWildcard),
      ("sport/tennis/#/ranking", .multiLevelWildcard), ("##", .multiLevelWildcard),
      ("#/", .multiLevelWildcard), ("#a", .multiLevelWildcard), ("#+", .multiLevelWildcard),
      ("ä#", .multiLevelWildcard), ("sport+", .singleLevelWildcard), ("+a", .singleLevelWildcard),
      ("++", .singleLevelWildcard), ("+#", .singleLevelWildcard), ("a/+b/c", .singleLevelWildcard),
      ("$+", .singleLevelWildcard), ("", .emptyTopic),
    ] as [(String, MQTTMalformation?)])
  func `topic filters`(filter: String, rule: MQTTMalformation?) {
    #expect(fault(filter, .filter, .v311) == rule)
    #expect(fault(filter, .filter, .v5) == rule)
  }

  // MARK: 5.0: 4.8.2

  @Test(
    arguments: [
      ("$share/consumer1/sport/tennis/+", nil), ("$share/consumer2//finance", nil),
      ("$share/g/#", nil), ("$share/g/+", nil), ("$share/ä/a", nil), ("$share/g//", nil),
      ("$share", nil), ("$shar/+", nil), ("$shared/+", nil), ("$sharf/#", nil),
      ("/$share/+/a", nil),
      ("a$share/+/a", nil),
      ("$share/", MQTTMalformation.shareName), ("$share//", .shareName), ("$share/g", .shareName),
      ("$share/g/", .shareName), ("$share//a", .shareName), ("$share/+/a", .shareName),
      ("$share/#/a", .shareName), ("$share/g+/a", .shareName), ("$share/g#", .shareName),
      ("$share+/g/a", .singleLevelWildcard), ("$share#", .multiLevelWildcard),
      ("$share/g/a#", .multiLevelWildcard), ("$share/g/a+", .singleLevelWildcard),
      ("$share/g/#/", .multiLevelWildcard),
    ] as [(String, MQTTMalformation?)])
  func `shared subscriptions`(filter: String, rule: MQTTMalformation?) {
    #expect(fault(filter, .filter) == rule)
    // 3.1.1 knows the wildcards in it only.
    if rule == .shareName, !filter.contains("+"), !filter.contains("#") {
      #expect(fault(filter, .filter, .v311) == nil)
    }
  }

  /// The rules of 4.7.1 and 4.8.2 once more, of a whole filter, level by level.
  private func isValid(filter: String, _ version: MQTTVersion) -> Bool {
    var levels = filter.split(separator: "/", omittingEmptySubsequences: false)[...]
    if version == .v5, levels.count > 1, levels[0] == "$share" {
      let name = levels[1]
      if name.isEmpty || name.contains("+") || name.contains("#") { return false }
      levels = levels.dropFirst(2)
      if levels.isEmpty || levels.count == 1 && levels.first == "" { return false }
    }
    for (place, level) in zip(levels.indices, levels) {
      if level.contains("+"), level != "+" { return false }
      if level.contains("#"), level != "#" || place != levels.indices.last { return false }
    }
    return !filter.isEmpty
  }

  @Test func `a filter byte by byte is what its levels are`() {
    var chance = Chance(5)
    var valid = 0
    for _ in 0..<15_000 {
      let start = chance.pick(["", "", "$share", "$share/", "$share/g", "$shar", "$share/g/"])
      let rest = (0..<chance.below(7)).map { _ in
        chance.pick(["/", "/", "+", "#", "a", "$", "e"])
      }
      let filter = start + rest.joined()
      for version in MQTTVersion.allCases {
        let isValid = isValid(filter: filter, version)
        valid += isValid ? 1 : 0
        if (fault(filter, .filter, version) == nil) != isValid {
          Issue.record("\(filter) in \(version)")
        }
      }
    }
    #expect(valid > 2000)
  }
}
