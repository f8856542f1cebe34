import Addressing
import Coordination
import Linux
import Plan
import Probe
import SystemPackage

/// The sources from which `connect` opens connections, and the endpoint to which they lead.
struct ConnectRoute {
  /// Why `connect` cannot use the addresses and, in most cases, what to do about it.
  struct Refusal: Error, Equatable, CustomStringConvertible {
    let description: String
  }

  let endpoint: SocketAddress
  /// Whether the server's address is one of this host's own.
  let isHere: Bool
  /// The addresses to connect from; empty where the kernel chooses.
  let sources: [IPAddress]
  /// The ports to connect from; nil where the kernel chooses.
  let ports: PortSet?
  /// The order in which pairs of source and port are tried; nil where the kernel chooses.
  private var walk: SourceWalk?

  /// 127.0.0.2 to 127.0.0.21, the default of plans.
  private static let loopbackSources = (2...21).map { IPAddress.v4(0x7F00_0000 + $0) }

  /// - Parameters:
  ///   - sources: nil means 127.0.0.2 to 127.0.0.21 where the target is an IPv4 loopback address,
  ///     else the kernel's choice.
  ///   - ports: nil means the ports that other programs can spare where there are sources, else the
  ///     kernel's choice.
  init(
    to target: Target, sources: AddressRange?, ports: ClosedRange<UInt16>?, allowPublic: Bool,
    lookup: AddressLookup = .host
  ) throws(Refusal) {
    let found: [IPAddress]
    do throws(NameLookup.Failure) {
      found = try lookup.addresses(of: target)
    } catch {
      throw Refusal(description: "target \(target): \(error)")
    }
    let v6 = sources?.first.isV6 ?? !found.contains { !$0.isV6 }
    guard let address = found.first(where: { $0.isV6 == v6 }) else {
      throw Refusal(
        description: "target \(target) is \(found[0]): --sources must be of its family, "
          + (found[0].isV6 ? "IPv6" : "IPv4"))
    }
    isHere = lookup.isOwn(address)
    if !allowPublic, !address.isNearby, !isHere {
      let refusal = PublicTargetRefusal(target, address)
      throw Refusal(description: "\(refusal.message); \(refusal.hint)")
    }
    if let source = sources?.first, source.isLoopback, !isHere {
      throw Refusal(
        description: "target \(target) is another host, and nothing gets there from \(source); "
          + "--sources takes addresses that lead there")
    }
    endpoint = SocketAddress(address, target.port)
    let isLoopbackV4 = address.isLoopback && !v6
    self.sources = sources?.addresses ?? (isLoopbackV4 ? Self.loopbackSources : [])
    self.ports = ports.map { PortSet($0) } ?? (self.sources.isEmpty ? nil : lookup.ports())
    if let ports = self.ports {
      walk = SourceWalk(
        sources: max(1, self.sources.count), ports: ports, endpoints: 1,
        share: WorkerShare(index: 0, count: 1))
    }
  }

  /// The number of pairs of source and port; 1 where the kernel chooses. When this many tries in a
  /// row have found their pair taken, all pairs are.
  var tupleCount: UInt64 { walk?.count ?? 1 }

  /// The next source and port to bind; nil where the kernel chooses.
  mutating func nextSource() -> SocketAddress? {
    guard let position = walk?.next(), let step = walk?.step(at: position) else { return nil }
    // Without sources the socket is bound to its port on the unspecified address: then the kernel
    // chooses the address.
    let any: IPAddress = endpoint.ip.isV6 ? .v6(0) : .v4(0)
    return SocketAddress(sources.isEmpty ? any : sources[step.source], step.port)
  }
}
