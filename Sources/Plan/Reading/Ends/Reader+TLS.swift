// Reads and writes the TLS of a plan.

extension Reader {
  private static let tlsKeys = [
    "verify", "server-name", "certificate", "key", "versions", "ciphers", "alpn",
    "resume",
  ]

  /// The plan's TLS, without the server's certificate. Nil for `off`; nil, with an error, for what
  /// cannot be read.
  mutating func tls(_ item: Item) -> PlanTLS? {
    guard case .map = item.value else {
      return word(item, as: Switch.self) == .on ? PlanTLS() : nil
    }
    guard let fields = fields(item, in: "tls", known: Self.tlsKeys) else { return nil }
    var tls = PlanTLS()
    if let verify = fields["verify"] {
      switch text(verify.item, "system, off or the name of a file") {
      case nil, "system": break
      case "off": tls.verification = .off
      case let name?: tls.verification = .file(file(name, verify.item))
      }
    }
    tls.serverName = fields["server-name"].flatMap { text($0.item, "a name") }
    tls.clientIdentity = identity(fields, of: "tls")
    if let versions = fields["versions"] {
      (tls.oldest, tls.newest) =
        value(versions.item, "versions", Self.versions) ?? (tls.oldest, tls.newest)
    }
    tls.ciphers = fields["ciphers"].flatMap { text($0.item, "ciphers") }
    if let alpn = fields["alpn"] { tls.alpn = names(alpn.item, "the name of a protocol") }
    if let resume = fields["resume"] { tls.resume = share(resume.item) ?? 0 }
    return tls
  }

  /// Reads what the built-in server has of its own into the plan's TLS: its certificate, and whose certificates it takes.
  mutating func serverTLS(_ item: Item, into tls: inout PlanTLS?) {
    let owner = "tls of the server"
    let known = ["certificate", "key", "verify"]
    guard let fields = fields(item, in: owner, known: known) else { return }
    if fields.isEmpty {
      report(item.place, "\(owner) needs 'certificate' and 'key', or 'verify'")
    }
    tls?.serverIdentity = identity(fields, of: owner)
    guard let verify = fields["verify"],
      let name = text(verify.item, "off or the name of a file"), name != "off"
    else { return }
    // Words that a plan has elsewhere, and that are hardly meant as names of files.
    guard !["system", "on"].contains(name) else {
      return report(
        verify.item.place, "expected off or a PEM file, found '\(name)'",
        hint: "name the file of the certificates that clients' ones come from")
    }
    tls?.clientAuthorities = file(name, verify.item)
  }

  private enum Switch: String, CaseIterable {
    case on, off
  }

  private mutating func identity(
    _ fields: [String: Item.Field], of owner: String
  ) -> PlanTLS.Identity? {
    switch (fields["certificate"], fields["key"]) {
    case (nil, nil): return nil
    case (let certificate?, let key?):
      guard let certificateFile = text(certificate.item, "the name of a file"),
        let keyFile = text(key.item, "the name of a file")
      else { return nil }
      return PlanTLS.Identity(
        certificate: file(certificateFile, certificate.item), key: file(keyFile, key.item))
    case (let certificate?, nil):
      report(certificate.place, "\(owner) has a 'certificate' and no 'key'")
      return nil
    case (nil, let key?):
      report(key.place, "\(owner) has a 'key' and no 'certificate'")
      return nil
    }
  }

  /// The file `name`: a name is relative to the file that has the item.
  private func file(_ name: String, _ item: Item) -> PlanTLS.File {
    let source = sources[item.place.file]
    return PlanTLS.File(
      path: FilePath.resolve(name, from: source.name),
      name: FilePath.resolve(name, from: source.path))
  }

  private mutating func names(_ item: Item, _ wanted: String) -> [String] {
    guard case .list(let items) = item.value else {
      return text(item, "\(wanted) or a list of them").map { [$0] } ?? []
    }
    if items.isEmpty { report(item.place, "alpn is an empty list") }
    return items.compactMap { text($0, wanted) }
  }

  /// `1.3` or `1.2..1.3`.
  private static func versions(
    _ text: String
  ) throws(Problem) -> (oldest: PlanTLS.Version, newest: PlanTLS.Version) {
    let dots = text.firstRange(of: "..")
    let first = String(dots.map { text[..<$0.lowerBound] } ?? text[...])
    let last = dots.map { String(text[$0.upperBound...]) } ?? first
    guard let oldest = PlanTLS.Version(rawValue: first),
      let newest = PlanTLS.Version(rawValue: last), oldest.rawValue <= newest.rawValue
    else {
      throw Problem(
        "\(quoted(text)) is none of TLS's versions", hint: "write 1.2, 1.3 or 1.2..1.3")
    }
    return (oldest, newest)
  }
}

extension PlanTLS {
  /// The value of `tls` in a plan. The server's certificate is not in it: it belongs to `server`.
  var yaml: String {
    var parts: [String] = []
    switch verification {
    case .usual: break
    case .off: parts.append("verify: off")
    case .file(let file): parts.append(file.verifyYAML)
    }
    if let serverName { parts.append("server-name: \(yamlScalar(serverName))") }
    if let clientIdentity { parts.append(clientIdentity.yaml) }
    parts.append("versions: \(oldest.rawValue)..\(newest.rawValue)")
    if let ciphers { parts.append("ciphers: \(yamlScalar(ciphers))") }
    if resume > 0 { parts.append("resume: \(yamlNumber(resume, shiftedBy: 2))%") }
    if !alpn.isEmpty { parts.append("alpn: [\(alpn.map(yamlScalar).joined(separator: ", "))]") }
    return "{\(parts.joined(separator: ", "))}"
  }

  /// The value of `tls` in `server`; nil where the server has nothing of its own.
  var serverYAML: String? {
    let parts = [serverIdentity?.yaml, clientAuthorities?.verifyYAML].compactMap(\.self)
    return parts.isEmpty ? nil : "{\(parts.joined(separator: ", "))}"
  }
}

extension PlanTLS.File {
  /// The entry `verify`. A file may be called as a word is that stands there.
  fileprivate var verifyYAML: String {
    "verify: \(yamlScalar((["off", "on", "system"].contains(name) ? "./" : "") + name))"
  }
}

extension PlanTLS.Identity {
  /// The two entries of a mapping, without its braces.
  var yaml: String { "certificate: \(yamlScalar(certificate.name)), key: \(yamlScalar(key.name))" }
}
