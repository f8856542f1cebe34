import Linux

/// The earlier of two instants to wake at; nil for never.
func earliest(_ left: Instant?, _ right: Instant?) -> Instant? {
  guard let left, let right else { return left ?? right }
  return min(left, right)
}
