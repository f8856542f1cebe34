import Recording

/// Why a plan's addresses do not suffice: the two ends have different families, or there are too few
/// sources or endpoints. `Reader` finds the problem where the plan names all addresses. Where only
/// the host knows some of them, the preparation of the run finds it.
package struct AddressProblem: Error, Equatable {
  package let message: String
  /// What to do about it.
  package let hint: String

  package init(_ message: String, hint: String) {
    self.message = message
    self.hint = hint
  }

  /// - Parameter server: whether the plan has the built-in server.
  package static func mixedFamilies(server: Bool) -> AddressProblem {
    AddressProblem(
      "clients and server need addresses of one family, IPv4 or IPv6",
      hint: "set 'sources' of clients to suit "
        + (server ? "'listen' of the server" : "'target'"))
  }

  /// Every connection needs its own combination of source address, source port and endpoint. Nil
  /// when there are enough combinations for `goal` connections.
  ///
  /// - Parameters:
  ///   - ports: how many ports each source has; 1 or more.
  ///   - server: whether the endpoints are those of the built-in server.
  package static func shortage(
    goal: Int, sources: Int, ports: Int, endpoints: Int, server: Bool
  ) -> AddressProblem? {
    let room = Int128(sources) * Int128(ports) * Int128(endpoints)
    guard Int128(goal) > room else { return nil }
    let perSource = ports * endpoints
    let needed = (goal + perSource - 1) / perSource
    return AddressProblem(
      "\(Format.count(goal)) connections do not fit: \(Format.count(sources))"
        + " sources x \(Format.count(ports)) ports x \(Format.count(endpoints)) endpoints are"
        + " \(Format.count(Int(room)))",
      hint: "it takes \(Format.count(needed)) sources, or more ports or "
        + (server ? "server processes" : "targets"))
  }
}
