import Testing

extension Tag {
  /// Opens real sockets on the loopback network, or looks at real processes.
  @Tag static var realKernel: Self
}
