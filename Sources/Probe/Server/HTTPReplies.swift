import Messages
import Protocols
import SystemPackage

/// The responses of a server that speaks HTTP, made once. A last response says that the connection closes.
///
/// The methods are inlined: for a call of one that is not, Swift would copy the whole value.
struct HTTPReplies: ~Copyable {
  /// A part of `texts`.
  private struct Text: BitwiseCopyable {
    var start = 0
    var count = 0
  }

  private let texts: Scratch<UInt8>
  private let usual: Text
  private let usualLast: Text
  private let toHead: Text
  private let toHeadLast: Text
  private let echo: Text
  private let echoLast: Text
  private let lineEnds: Text
  private let continues: Text
  private let bad: Text
  private let noLength: Text
  private let noTunnel: Text

  init(_ reply: ServerReply) throws(Errno) {
    var bytes: [UInt8] = []
    func keep(_ more: [UInt8]) -> Text {
      defer { bytes += more }
      return Text(start: bytes.count, count: more.count)
    }
    // `HTTPWriter` refuses none of these: their status codes and headers are our own.
    func keep(
      _ status: UInt16, _ body: [UInt8] = [], toHead: Bool = false, isLast: Bool = false
    ) -> Text {
      let fields = isLast ? [HTTPWriter.Field("Connection", "close")] : []
      let response = try? HTTPWriter.response(
        status: status, fields: fields, body: body, answersHead: toHead)
      return keep(response ?? [])
    }
    // 200 also for a server that echoes: a request without a body gets an empty one back.
    let status: UInt16 = reply == .echo || reply.ownAnswer != nil ? 200 : 204
    let body = reply.ownAnswer ?? []
    usual = keep(status, body)
    usualLast = keep(status, body, isLast: true)
    toHead = keep(status, body, toHead: true)
    toHeadLast = keep(status, body, toHead: true, isLast: true)
    echo = keep(Array("HTTP/1.1 200 OK\r\nContent-Length: ".utf8))
    echoLast = keep(Array("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ".utf8))
    lineEnds = keep(Array("\r\n\r\n".utf8))
    continues = keep(100)
    bad = keep(400, isLast: true)
    noLength = keep(411, isLast: true)
    noTunnel = keep(501, isLast: true)
    let texts = try Scratch<UInt8>(count: max(1, bytes.count))
    unsafe UnsafeMutableRawBufferPointer(texts.buffer).copyBytes(from: bytes)
    self.texts = texts
  }

  /// The whole response to a request, unless its body is sent back (`echo`).
  @inline(__always)
  func response(toHead: Bool, isLast: Bool) -> UnsafeRawBufferPointer {
    if toHead { return unsafe bytes(isLast ? toHeadLast : self.toHead) }
    return unsafe bytes(isLast ? usualLast : usual)
  }

  /// The beginning of a response that sends a body back. The length of the body follows it, then `endOfHead`, then the
  /// body.
  @inline(__always)
  func echo(isLast: Bool) -> UnsafeRawBufferPointer { unsafe bytes(isLast ? echoLast : echo) }
  @inline(__always)
  var endOfHead: UnsafeRawBufferPointer { unsafe bytes(lineEnds) }
  /// 100 Continue.
  @inline(__always)
  var interim: UnsafeRawBufferPointer { unsafe bytes(continues) }
  /// 400 Bad Request, as a last response.
  @inline(__always)
  var badRequest: UnsafeRawBufferPointer { unsafe bytes(bad) }
  /// 411 Length Required, as a last response.
  @inline(__always)
  var lengthRequired: UnsafeRawBufferPointer { unsafe bytes(noLength) }
  /// 501 Not Implemented, as a last response.
  @inline(__always)
  var notImplemented: UnsafeRawBufferPointer { unsafe bytes(noTunnel) }

  @inline(__always)
  private func bytes(_ text: Text) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(
      rebasing: UnsafeRawBufferPointer(texts.buffer)[text.start..<text.start + text.count])
  }
}
