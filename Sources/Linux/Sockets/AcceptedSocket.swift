package import Addressing
package import SystemPackage

/// A connection that a listener has handed over, and the address that it comes from.
package struct AcceptedSocket {
  package let descriptor: FileDescriptor
  package let peer: IPAddress

  package init(descriptor: FileDescriptor, peer: IPAddress) {
    self.descriptor = descriptor
    self.peer = peer
  }
}
