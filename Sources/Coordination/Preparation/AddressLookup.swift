package import Addressing
import Host
package import Linux
package import Plan
import SystemPackage

/// How names, interfaces and ports are looked up; a value, so that a test can make up a host.
package struct AddressLookup: Sendable {
  var addresses: @Sendable (_ name: String) throws(NameLookup.Failure) -> [IPAddress]
  var interfaces: @Sendable () throws(Errno) -> [NetworkInterface]
  /// The ports that connections come from where the plan names none.
  package var ports: @Sendable () -> PortSet = { PortSet(HostDescription.unprivilegedPorts) }
  /// The ports that the kernel gives to any program's connections; nil where that is not known.
  var ephemeralPorts: @Sendable () -> ClosedRange<UInt16>? = { nil }

  package static var host: AddressLookup {
    AddressLookup(
      addresses: NameLookup.addresses(of:), interfaces: NetworkInterface.all,
      ports: { HostDescription.current().sourcePorts },
      ephemeralPorts: { HostDescription.current().ephemeralPorts })
  }

  /// A host without names and without interfaces. Loopback addresses are its own all the same (`isOwn`).
  package static var loopback: AddressLookup {
    AddressLookup(
      addresses: { name throws(NameLookup.Failure) in [] },
      interfaces: { () throws(Errno) in [] })
  }

  /// Every address that a target may have: the one that it names, or those of its host name.
  package func addresses(of target: Target) throws(NameLookup.Failure) -> [IPAddress] {
    if let address = target.address { return [address] }
    return try addresses(target.host)
  }

  /// Whether an address is one of this host's own, as far as its interfaces tell. To connect to `0.0.0.0` or
  /// `::` is to connect to the host itself.
  package func isOwn(_ address: IPAddress) -> Bool {
    let address = address.unmapped
    guard !address.isLoopback, !address.isUnspecified else { return true }
    do throws(Errno) {
      return try interfaces().contains { $0.addresses.contains(address) }
    } catch {
      return false
    }
  }
}
