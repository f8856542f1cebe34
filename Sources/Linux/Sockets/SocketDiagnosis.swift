package import Addressing
import CLinux
import Glibc
package import SystemPackage

/// Asks the kernel, by netlink, about the TCP sockets of a network namespace. The kernel applies the
/// conditions, so that only sockets that meet them are copied. Source: sock_diag(7), net/ipv4/inet_diag.c.
///
/// An object keeps asking about the namespace that it was made in, whichever one the thread enters
/// later. For listeners the kernel walks the table of listeners only. For any other state it walks
/// the table of all connections, which takes about a microsecond per connection that matches.
package final class SocketDiagnosis {
  private let netlink: FileDescriptor
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  /// The number of the last request. Each message of its answer repeats the number. A message with another
  /// number belongs to an earlier answer that was not read to its end.
  private var requestNumber: UInt32 = 0

  package init() throws(Errno) {
    let descriptor = socket(
      AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), Self.protocolNumber)
    guard descriptor >= 0 else { throw lastError }
    netlink = FileDescriptor(rawValue: descriptor)
    // A kernel that never ends its answer shall not hold up a run.
    var patience = timeval(tv_sec: 5, tv_usec: 0)
    _ = unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { Socket.close(netlink) }

  /// Passes to `body` every socket in one of these states that meets one of these conditions. With more than
  /// 1,000 conditions there are several requests, so a socket that meets two conditions may come twice.
  package func each(
    _ states: TCPStates, anyOf conditions: [SocketCondition], _ body: (DiagnosedSocket) -> Void
  ) throws(Errno) {
    // A filter is one netlink attribute, and so shorter than 64 KiB. A condition takes 32 bytes at most.
    var rest = conditions[...]
    while !rest.isEmpty {
      let filter = SocketFilter(rest.prefix(1000))
      rest = rest.dropFirst(1000)
      // A socket of IPv6 may speak IPv4, so both families are asked for in any case.
      for family in [AF_INET, AF_INET6] {
        requestNumber &+= 1
        try send(
          DiagnosisRequest.bytes(
            number: requestNumber, family: UInt8(family), states: states, filter: filter))
        try receive(body)
      }
    }
  }

  private func send(_ request: [UInt8]) throws(Errno) {
    let sent = unsafe request.withUnsafeBytes { bytes in
      unsafe Glibc.send(netlink.rawValue, bytes.baseAddress, bytes.count, 0)
    }
    guard sent == request.count else { throw lastError }
  }

  /// Reads one answer to its end.
  private func receive(_ body: (DiagnosedSocket) -> Void) throws(Errno) {
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe recv(netlink.rawValue, bytes.baseAddress, bytes.count, 0)
      }
      if count < 0 {
        if lastError == .interrupted { continue }
        throw lastError
      }
      var rest = buffer[..<count]
      while let message = NetlinkMessage(&rest) {
        guard message.requestNumber == requestNumber else { continue }
        switch message.type {
        case NetlinkMessage.done:
          // A kernel without tcp_diag ends its empty answer with ENOENT.
          let error = message.payload.count >= 4 ? Int32(bitPattern: message.payload.word(0)) : 0
          if error < 0 { throw Errno(rawValue: -error) }
          return
        case NetlinkMessage.error:
          throw Errno(rawValue: -Int32(truncatingIfNeeded: message.payload.word(0)))
        default:
          if let socket = DiagnosedSocket(message.payload) { body(socket) }
        }
      }
    }
  }

  /// NETLINK_SOCK_DIAG.
  private static let protocolNumber: Int32 = 4
}

/// One socket as the kernel describes it.
package struct DiagnosedSocket: Sendable, Equatable {
  package let local: SocketAddress
  package let remote: SocketAddress
  /// How often the kernel has sent the segment again that waits for an answer: the SYN, the SYN-ACK or data. Where
  /// none waits, how many keep-alive or window probes have had no answer.
  package let retransmits: Int
  /// Of a listener: connections that wait to be accepted.
  package let waiting: Int
  /// Of a listener: how many may wait, the smaller of its backlog and `net.core.somaxconn`.
  package let backlog: Int
  /// The socket's number in sockfs. No other socket has it while this one lives. 0 where no process has the
  /// socket: a connection in its listener's queue, for example.
  package let inode: UInt32
  package var hasOwner: Bool { inode != 0 }
  /// Of a listener: packets that it has dropped since it began to listen; nil where the kernel does not say. All
  /// that count as ListenDrops are among them (`tcp_listendrop`). So are others (`tcp_v4_rcv`), such as a reset of
  /// a handshake that is half done.
  package let drops: Int?
  /// Of a listener of IPv6: whether it takes no connections of IPv4.
  package let isV6Only: Bool

  /// Reads `struct inet_diag_msg` and its attributes; nil when the bytes are too few.
  init?(_ bytes: ArraySlice<UInt8>) {
    guard bytes.count >= Self.size else { return nil }
    let isV6 = Int32(bytes.byte(0)) == AF_INET6
    local = SocketAddress(bytes.address(8, isV6: isV6), bytes.bigEndian16(4))
    remote = SocketAddress(bytes.address(24, isV6: isV6), bytes.bigEndian16(6))
    retransmits = Int(bytes.byte(3))
    waiting = Int(bytes.word(56))
    backlog = Int(bytes.word(60))
    inode = bytes.word(68)
    let attributes = bytes.dropFirst(Self.size)
    // The ninth number of INET_DIAG_SKMEMINFO is SK_MEMINFO_DROPS.
    drops = Self.attribute(DiagnosisRequest.memoryInfo, of: 9 * 4, in: attributes)
      .map { Int($0.word(8 * 4)) }
    isV6Only = Self.attribute(Self.v6Only, of: 1, in: attributes).map { $0.byte(0) != 0 } ?? false
  }

  /// INET_DIAG_SKV6ONLY.
  private static let v6Only: UInt32 = 11

  /// The value of the first attribute of this kind that has at least `size` bytes.
  private static func attribute(
    _ kind: UInt32, of size: Int, in attributes: ArraySlice<UInt8>
  ) -> ArraySlice<UInt8>? {
    var rest = attributes
    while rest.count >= 4 {
      let length = Int(rest.word(0) & 0xFFFF)
      guard length >= 4, length <= rest.count else { return nil }
      if rest.word(0) >> 16 == kind, length >= 4 + size {
        return rest.dropFirst(4).prefix(length - 4)
      }
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return nil
  }

  private static let size = 72
}

extension ArraySlice<UInt8> {
  fileprivate func byte(_ offset: Int) -> UInt8 { self[startIndex + offset] }

  /// In the byte order of the machine.
  fileprivate func word(_ offset: Int) -> UInt32 {
    UInt32(littleEndian: (0..<4).reduce(0) { $0 | UInt32(byte(offset + $1)) << UInt32(8 * $1) })
  }

  fileprivate func bigEndian16(_ offset: Int) -> UInt16 {
    UInt16(byte(offset)) << 8 | UInt16(byte(offset + 1))
  }

  /// The address in these bytes. An IPv6 socket that speaks IPv4 has an IPv4-mapped address
  /// (::ffff:127.0.0.1): this returns the IPv4 address in it.
  fileprivate func address(_ offset: Int, isV6: Bool) -> IPAddress {
    let bits = (0..<(isV6 ? 16 : 4)).reduce(UInt128(0)) { $0 << 8 | UInt128(byte(offset + $1)) }
    if isV6, bits >> 32 != 0xFFFF { return .v6(bits) }
    return .v4(UInt32(truncatingIfNeeded: bits))
  }
}

/// One message of an answer. Source: netlink(7).
private struct NetlinkMessage {
  static let error: UInt32 = 2
  static let done: UInt32 = 3

  let type: UInt32
  /// The number of the request that this message answers.
  let requestNumber: UInt32
  let payload: ArraySlice<UInt8>

  /// Takes the next message off the bytes; nil when there is no whole one. Each has a header of 16 bytes and a
  /// payload of 4 or more.
  init?(_ bytes: inout ArraySlice<UInt8>) {
    guard bytes.count >= 16 else { return nil }
    let length = Int(bytes.word(0))
    guard length >= 20, length <= bytes.count else { return nil }
    type = bytes.word(4) & 0xFFFF
    requestNumber = bytes.word(8)
    payload = bytes.dropFirst(16).prefix(length - 16)
    bytes = bytes.dropFirst((length + 3) & ~3)
  }
}
