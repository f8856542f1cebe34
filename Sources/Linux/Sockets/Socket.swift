package import Addressing
public import CLinux
import Glibc
public import SystemPackage

/// TCP sockets, always non-blocking and closed on exec. Source: socket(7), tcp(7), ip(7).
///
/// The calls that move bytes are inlinable: the workers' loops do nothing more often.
@usableFromInline
package enum Socket {
  package static func open(v6: Bool) throws(Errno) -> FileDescriptor {
    let kind =
      Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
      | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(v6 ? AF_INET6 : AF_INET, kind, 0)
    guard descriptor >= 0 else { throw lastError }
    return FileDescriptor(rawValue: descriptor)
  }

  /// Lets the socket be bound to an address that connections of other sockets still use, also those in
  /// TIME_WAIT.
  package static func reuseAddress(_ socket: FileDescriptor) throws(Errno) {
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    guard unsafe setsockopt(socket.rawValue, SOL_SOCKET, SO_REUSEADDR, &on, size) == 0 else {
      throw lastError
    }
  }

  /// With `true`, closing sends RST and leaves no TIME_WAIT, even when the process is killed.
  package static func resetOnClose(_ socket: FileDescriptor, _ on: Bool) throws(Errno) {
    var option = linger(l_onoff: on ? 1 : 0, l_linger: 0)
    let size = socklen_t(MemoryLayout<linger>.size)
    guard unsafe setsockopt(socket.rawValue, SOL_SOCKET, SO_LINGER, &option, size) == 0 else {
      throw lastError
    }
  }

  package static func bind(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno) {
    let result = unsafe withRaw(address) { unsafe CLinux.bind(socket.rawValue, $0, $1) }
    guard result == 0 else { throw lastError }
  }

  package static func listen(_ socket: FileDescriptor, backlog: Int32) throws(Errno) {
    guard CLinux.listen(socket.rawValue, backlog) == 0 else { throw lastError }
  }

  /// Starts the handshake. When this returns, the handshake need not be over.
  package static func connect(_ socket: FileDescriptor, to address: SocketAddress) throws(Errno) {
    let result = unsafe withRaw(address) { unsafe CLinux.connect(socket.rawValue, $0, $1) }
    guard result != 0 else { return }
    let error = lastError
    // A signal does not stop a handshake that has begun; it goes on in the background.
    guard error == .nowInProgress || error == .interrupted else { throw error }
  }

  /// The next connection that waits at a listener; nil when none does.
  package static func accept(_ listener: FileDescriptor) throws(Errno) -> AcceptedSocket? {
    var peer = sockaddr_in6()
    while true {
      let descriptor = unsafe runner_accept(listener.rawValue, &peer)
      if descriptor >= 0 {
        return AcceptedSocket(
          descriptor: FileDescriptor(rawValue: descriptor),
          // The port is at the same place in either family's address.
          peer: SocketAddress(IPAddress(peer), UInt16(bigEndian: peer.sin6_port)))
      }
      let error = lastError
      if error == .resourceTemporarilyUnavailable { return nil }
      // The peer gave up while it waited: not our failure, and the next connection may be fine.
      guard error == .interrupted || error == .connectionAbort else { throw error }
    }
  }

  /// Whether an address belongs to this network namespace by its routes, even if no interface has it. To find
  /// out, this function binds a socket to the address. It returns false also where that proves nothing: no
  /// socket can be opened, or `ip_nonlocal_bind` lets any address be bound.
  package static func isLocal(_ ip: IPAddress) -> Bool {
    let setting = "/proc/sys/net/\(ip.isV6 ? "ipv6" : "ipv4")/ip_nonlocal_bind"
    guard ProcFile.text(of: setting)?.hasPrefix("0") == true, let socket = try? open(v6: ip.isV6)
    else { return false }
    defer { close(socket) }
    do throws(Errno) {
      try bind(socket, to: SocketAddress(ip, 0))
    } catch {
      // The address is this namespace's, but all of its ports are taken.
      return error == .addressInUse
    }
    return true
  }

  /// The error that an asynchronous operation left on the socket (SO_ERROR); nil for none.
  package static func pendingError(_ socket: FileDescriptor) -> Errno? {
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard unsafe getsockopt(socket.rawValue, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else {
      return lastError
    }
    return code == 0 ? nil : Errno(rawValue: code)
  }

  /// The address that the socket is bound to; nil when the kernel does not tell.
  package static func localAddress(of socket: FileDescriptor) -> SocketAddress? {
    unsafe address { unsafe getsockname(socket.rawValue, $0, $1) }
  }

  /// The address that the socket is connected to; nil when it is not connected.
  package static func peerAddress(of socket: FileDescriptor) -> SocketAddress? {
    unsafe address { unsafe getpeername(socket.rawValue, $0, $1) }
  }

  private static func address(
    _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> SocketAddress? {
    var raw = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return unsafe withUnsafeMutableBytes(of: &raw) { bytes in
      let address = unsafe bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
      guard unsafe call(address, &size) == 0 else { return nil }
      return unsafe SocketAddress(raw: address)
    }
  }

  /// Makes the socket send bytes as soon as they are written, without waiting for more
  /// (TCP_NODELAY).
  package static func sendAtOnce(_ socket: FileDescriptor) throws(Errno) {
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    guard unsafe setsockopt(socket.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size) == 0 else {
      throw lastError
    }
  }

  @inlinable
  package static func receive(
    _ socket: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer
  ) -> Transfer {
    while true {
      let count = unsafe recv(socket.rawValue, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return .moved(count) }
      if count == 0 { return .closed }
      // Not a switch: to match a pattern, Swift first boxes an `Errno` as an error, and boxing allocates.
      let error = lastError
      if error == .interrupted { continue }
      return error == .resourceTemporarilyUnavailable ? .wouldBlock : .failed(error)
    }
  }

  @inlinable
  package static func send(_ socket: FileDescriptor, _ bytes: UnsafeRawBufferPointer) -> Transfer {
    while true {
      // Without MSG_NOSIGNAL a reset peer would kill the process by SIGPIPE.
      let count = unsafe CLinux.send(
        socket.rawValue, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      if count >= 0 { return .moved(count) }
      let error = lastError
      if error == .interrupted { continue }
      return error == .resourceTemporarilyUnavailable ? .wouldBlock : .failed(error)
    }
  }

  /// How many bytes the peer has not acknowledged yet; 0 where that cannot be told, as of a connection that is gone.
  package static func unacknowledged(_ socket: FileDescriptor) -> Int {
    max(0, Int(runner_unacknowledged(socket.rawValue)))
  }

  /// Sends FIN after what has been written; reading goes on. Source: shutdown(2).
  package static func finishSending(_ socket: FileDescriptor) throws(Errno) {
    guard shutdown(socket.rawValue, Int32(SHUT_WR)) == 0 else { throw lastError }
  }

  /// Closes without a retry: on Linux the descriptor is gone even when close reports EINTR.
  package static func close(_ descriptor: FileDescriptor) {
    _ = CLinux.close(descriptor.rawValue)
  }

  private static func withRaw(
    _ address: SocketAddress, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    switch address.ip {
    case .v4(let bits):
      var raw = sockaddr_in()
      raw.sin_family = sa_family_t(AF_INET)
      raw.sin_port = address.port.bigEndian
      raw.sin_addr.s_addr = bits.bigEndian
      return unsafe withUnsafeBytes(of: &raw) { bytes in
        unsafe body(
          bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
      }
    case .v6(let bits):
      var raw = sockaddr_in6()
      raw.sin6_family = sa_family_t(AF_INET6)
      raw.sin6_port = address.port.bigEndian
      unsafe withUnsafeMutableBytes(of: &raw.sin6_addr) { target in
        unsafe withUnsafeBytes(of: bits.bigEndian) { unsafe target.copyMemory(from: $0) }
      }
      return unsafe withUnsafeBytes(of: &raw) { bytes in
        unsafe body(
          bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
      }
    }
  }
}
