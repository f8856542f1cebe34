package import Addressing
package import SystemPackage

/// A connection that a listener has handed over, and where it comes from.
package struct AcceptedSocket {
  package let descriptor: FileDescriptor
  package let peer: SocketAddress

  package init(descriptor: FileDescriptor, peer: SocketAddress) {
    self.descriptor = descriptor
    self.peer = peer
  }
}
