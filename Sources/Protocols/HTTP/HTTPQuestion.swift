/// What a reader has to be told of an exchange, with every call until its head has been read. It is not kept, so
/// that a connection's row need not have it.
@safe
package struct HTTPQuestion {
  /// The method of the request that is answered; means nothing to a server.
  package var method: HTTPMethod
  /// The header that is asked for, in lower case; at most 254 bytes.
  package var name: UnsafeRawBufferPointer
  /// The value that it should have, without white space around it; at most 254 bytes.
  package var value: UnsafeRawBufferPointer

  /// No header is asked for.
  package init(method: HTTPMethod = .get) {
    self.method = method
    unsafe name = UnsafeRawBufferPointer(start: nil, count: 0)
    unsafe value = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// - Parameters:
  ///   - name: must live as long as the question does, as must `value`.
  package init(
    method: HTTPMethod = .get, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
  ) {
    self.method = method
    unsafe self.name = unsafe name
    unsafe self.value = unsafe value
  }

  var asksForField: Bool { unsafe !name.isEmpty }

  /// Whether the name goes on with this byte.
  func hasName(_ byte: UInt8, at place: UInt8) -> Bool {
    unsafe Int(place) < name.count && name[Int(place)] == byte
  }

  func isName(ofCount place: UInt8) -> Bool { unsafe name.count == Int(place) }

  /// Whether the value goes on with this byte.
  func hasValue(_ byte: UInt8, at place: UInt8) -> Bool {
    unsafe place < 255 && Int(place) < value.count && value[Int(place)] == byte
  }

  func isValue(ofCount place: UInt8) -> Bool { unsafe value.count == Int(place) }
}
