import Addressing
import Linux
import Plan
import SystemPackage

/// What only the host knows of names and interfaces; a value, so that a test can make up a host.
struct AddressLookup: Sendable {
  var addresses: @Sendable (_ name: String) throws(NameLookup.Failure) -> [IPAddress]
  var interfaces: @Sendable () throws(Errno) -> [NetworkInterface]

  static var host: AddressLookup {
    AddressLookup(addresses: NameLookup.addresses(of:), interfaces: NetworkInterface.all)
  }

  /// All that a target may be; an address is looked up nowhere.
  func addresses(of target: Target) throws(NameLookup.Failure) -> [IPAddress] {
    if let address = target.address { return [address] }
    return try addresses(target.host)
  }

  /// Whether an address is one of this host's own, as far as its interfaces tell.
  func isOwn(_ address: IPAddress) -> Bool {
    guard !address.isLoopback else { return true }
    do throws(Errno) {
      return try interfaces().contains { $0.addresses.contains(address) }
    } catch {
      return false
    }
  }
}
