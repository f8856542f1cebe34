import Addressing
import Coordination
import Linux
import Plan
import SystemPackage

/// The address at which `capture` listens, and the one to which it forwards clients.
struct CaptureRoute: Equatable {
  /// Why `capture` cannot use the addresses and, in most cases, what to do about it.
  struct Refusal: Error, Equatable, CustomStringConvertible {
    let description: String
  }

  let listen: SocketAddress
  let forward: SocketAddress

  init(
    listen: Target, forward: Target, allowPublic: Bool, lookup: AddressLookup = .host
  ) throws(Refusal) {
    self.listen = try Self.address(of: listen, "--listen", lookup)
    self.forward = try Self.address(of: forward, "--forward", lookup)
    // The proxy would connect to itself until no descriptor is left.
    guard self.listen != self.forward else {
      throw Refusal(description: "--listen and --forward are both \(self.listen)")
    }
    if Self.leadsBack(self.forward, to: self.listen, lookup) {
      throw Refusal(
        description: "--forward \(forward) leads back to --listen \(self.listen), which hears it; "
          + "listen on another port, or lead to another host")
    }
    guard !allowPublic else { return }
    guard self.listen.ip.isNearby else {
      throw Refusal(
        description: "--listen \(listen) may be reached by strangers, who would then reach "
          + "\(forward); --allow-public lets them")
    }
    guard self.forward.ip.isNearby || lookup.isOwn(self.forward.ip) else {
      let refusal = PublicTargetRefusal(forward, self.forward.ip)
      throw Refusal(description: "\(refusal.message); \(refusal.hint)")
    }
  }

  /// Whether a connection to `forward` reaches the listener. A listener on 0.0.0.0 accepts
  /// connections to any IPv4 address of this host, and one on :: those to any address of either
  /// family. A connection to 0.0.0.0 goes to 127.0.0.1, and one to :: goes to ::1.
  private static func leadsBack(
    _ forward: SocketAddress, to listen: SocketAddress, _ lookup: AddressLookup
  ) -> Bool {
    guard forward.port == listen.port else { return false }
    let (target, own) = (forward.ip.unmapped, listen.ip.unmapped)
    if own.isUnspecified {
      return (own.isV6 || !target.isV6) && (target.isUnspecified || lookup.isOwn(target))
    }
    let reached = target.isUnspecified ? IPAddress(target.isV6 ? "::1" : "127.0.0.1") : target
    return reached == own
  }

  /// The address of a target: an IPv4 address where its name has several of both families.
  private static func address(
    of target: Target, _ option: String, _ lookup: AddressLookup
  ) throws(Refusal) -> SocketAddress {
    do throws(NameLookup.Failure) {
      let found = try lookup.addresses(of: target)
      return SocketAddress(found.first { !$0.isV6 } ?? found[0], target.port)
    } catch {
      throw Refusal(description: "\(option) \(target): \(error)")
    }
  }
}
