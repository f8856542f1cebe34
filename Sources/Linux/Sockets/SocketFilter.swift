package import Addressing
import CLinux
import Glibc

/// A condition that a socket must meet for the kernel to report it.
package enum SocketCondition: Sendable, Equatable {
  /// The socket has this address and port.
  case local(SocketAddress)
  /// The socket has this port, whatever its address.
  case localPort(UInt16)
  /// The socket has this address, whatever its port.
  case localAddress(IPAddress)
  /// The peer has this address and port.
  case remote(SocketAddress)
  /// The peer has this port, whatever its address.
  case remotePort(UInt16)
  /// The peer has this address, whatever its port.
  case remoteAddress(IPAddress)
}

extension SocketCondition {
  /// The socket is the listener at an endpoint, or the server end of a connection to it. Where the endpoint
  /// has the wildcard address, the condition is on the port alone: each connection has the address that its
  /// client connected to.
  package static func serves(_ endpoint: SocketAddress) -> SocketCondition {
    endpoint.ip.isUnspecified ? .localPort(endpoint.port) : .local(endpoint)
  }

  /// The socket is connected to an endpoint. The wildcard address stands for any, as in `serves`.
  package static func uses(_ endpoint: SocketAddress) -> SocketCondition {
    endpoint.ip.isUnspecified ? .remotePort(endpoint.port) : .remote(endpoint)
  }
}

/// Conditions of which at least one must hold, as a program that the kernel runs for each socket.
/// Source: `inet_diag_bc_run` in net/ipv4/inet_diag.c.
struct SocketFilter {
  private(set) var bytes: [UInt8] = []

  /// Operations of `inet_diag_bc_op`: a jump, and comparisons with the socket's own and with its
  /// peer's address and port.
  private static let jump: UInt8 = 1
  private static let own: UInt8 = 7
  private static let peer: UInt8 = 8

  /// A program that comes to its end accepts the socket; one that goes on four bytes past its end refuses
  /// it. A jump to the end follows each condition but the last, and a condition that does not hold skips
  /// its jump. The last condition is followed by the end, and where it does not hold, the program goes on
  /// past it.
  init(_ conditions: ArraySlice<SocketCondition>) {
    let operands = conditions.map(Self.operand)
    // How many bytes lie between the start of the next operation and the end of the program.
    var toEnd = operands.reduce(0) { $0 + 4 + $1.bytes.count } + 4 * (operands.count - 1)
    for (index, operand) in operands.enumerated() {
      let size = 4 + operand.bytes.count
      let isLast = index == operands.count - 1
      append(operand.code, yes: size, no: isLast ? toEnd + 4 : size + 4)
      bytes += operand.bytes
      toEnd -= size
      guard !isLast else { break }
      // A jump never holds, so it goes on by `no`.
      append(Self.jump, yes: 4, no: toEnd)
      toEnd -= 4
    }
  }

  /// Appends a `struct inet_diag_bc_op`. The program goes on `yes` bytes further where the operation
  /// holds, and `no` bytes further where it does not.
  private mutating func append(_ code: UInt8, yes: Int, no: Int) {
    bytes += [code, UInt8(yes)]
    bytes.append(native: UInt16(no))
  }

  /// `struct inet_diag_hostcond`: family, length of the prefix, port, address.
  private static func operand(
    _ condition: SocketCondition
  ) -> (code: UInt8, bytes: [UInt8]) {
    switch condition {
    case .localPort(let port): (own, host(family: AF_UNSPEC, prefix: 0, port: UInt32(port), []))
    case .remotePort(let port): (peer, host(family: AF_UNSPEC, prefix: 0, port: UInt32(port), []))
    case .localAddress(let address): (own, host(address, port: anyPort))
    case .local(let address): (own, host(address.ip, port: UInt32(address.port)))
    case .remoteAddress(let address): (peer, host(address, port: anyPort))
    case .remote(let address): (peer, host(address.ip, port: UInt32(address.port)))
    }
  }

  /// -1 stands for any port.
  private static let anyPort = UInt32.max

  private static func host(_ address: IPAddress, port: UInt32) -> [UInt8] {
    switch address {
    case .v4(let bits):
      host(
        family: AF_INET, prefix: 32, port: port,
        (0..<4).map { UInt8(truncatingIfNeeded: bits >> UInt32(24 - 8 * $0)) })
    case .v6(let bits):
      host(
        family: AF_INET6, prefix: 128, port: port,
        (0..<16).map { UInt8(truncatingIfNeeded: bits >> UInt128(120 - 8 * $0)) })
    }
  }

  private static func host(
    family: Int32, prefix: UInt8, port: UInt32, _ address: [UInt8]
  ) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(family), prefix, 0, 0]
    bytes.append(native: port)
    return bytes + address
  }
}

/// A request for sockets: `struct nlmsghdr`, `struct inet_diag_req_v2` and the filter.
enum DiagnosisRequest {
  /// INET_DIAG_SKMEMINFO.
  static let memoryInfo: UInt32 = 7
  /// SOCK_DIAG_BY_FAMILY.
  private static let byFamily: UInt16 = 20
  /// NLM_F_REQUEST and NLM_F_DUMP.
  private static let all: UInt16 = 0x301

  /// - Parameter number: the request's number, which each message of the answer repeats.
  static func bytes(
    number: UInt32, family: UInt8, states: TCPStates, filter: SocketFilter
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(native: UInt32(16 + 56 + 4 + filter.bytes.count))
    bytes.append(native: byFamily)
    bytes.append(native: all)
    bytes.append(native: number)
    // The netlink port of the sender: the kernel knows it without being told.
    bytes.append(native: UInt32(0))

    // The memory information has a listener's drops. A request without listeners does not ask for it, because
    // each attribute lengthens every message of the answer.
    let wanted = states.contains(.listen) ? UInt8(1 << (memoryInfo - 1)) : 0
    bytes += [family, UInt8(IPPROTO_TCP), wanted, 0]
    bytes.append(native: states.rawValue)
    bytes += [UInt8](repeating: 0, count: 40)
    // INET_DIAG_NOCOOKIE.
    bytes += [UInt8](repeating: 0xFF, count: 8)

    // INET_DIAG_REQ_BYTECODE.
    bytes.append(native: UInt16(4 + filter.bytes.count))
    bytes.append(native: UInt16(1))
    return bytes + filter.bytes
  }
}

extension [UInt8] {
  /// Netlink takes numbers in the byte order of the machine. This one is little-endian, as on x86-64 and
  /// AArch64.
  fileprivate mutating func append(native value: UInt32) {
    for shift in [0, 8, 16, 24] as [UInt32] { append(UInt8(truncatingIfNeeded: value >> shift)) }
  }

  fileprivate mutating func append(native value: UInt16) {
    for shift in [0, 8] as [UInt16] { append(UInt8(truncatingIfNeeded: value >> shift)) }
  }
}
