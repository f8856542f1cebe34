import Linux
import SystemPackage

/// Values side by side, most often one field of every connection, in memory that the kernel zeroes and that
/// costs nothing until it is touched. The size is fixed: growing would copy, and memory use would jump.
///
/// Every index is checked in every build, as peers decide how many connections there are and which of them
/// have events. A comparison and a branch are cheap beside the system call that brought the index.
@safe
struct Column<Value: BitwiseCopyable>: ~Copyable {
  private let base: UnsafeMutablePointer<Value>
  let count: Int

  init(count: Int) throws(Errno) {
    self.count = max(1, count)
    let bytes = self.count * MemoryLayout<Value>.stride
    unsafe base = try Memory.map(bytes: bytes, shared: false).bindMemory(
      to: Value.self, capacity: self.count)
  }

  deinit {
    unsafe Memory.unmap(UnsafeMutableRawPointer(base), bytes: count * MemoryLayout<Value>.stride)
  }

  subscript(index: UInt32) -> Value {
    @inline(__always) get {
      precondition(Int(index) < count)
      return unsafe base[Int(index)]
    }
    @inline(__always) nonmutating set {
      precondition(Int(index) < count)
      unsafe base[Int(index)] = newValue
    }
  }

  /// The values from `index` on.
  func pointer(at index: UInt32) -> UnsafeMutablePointer<Value> {
    precondition(Int(index) < count)
    return unsafe base + Int(index)
  }
}

/// A buffer of fixed size. Some buffers are used again on every turn, such as the one for the bytes of a
/// read. Others hold what never changes, such as the texts of a plan.
@safe
struct Scratch<Value: BitwiseCopyable>: ~Copyable {
  let buffer: UnsafeMutableBufferPointer<Value>

  init(count: Int) throws(Errno) {
    let bytes = max(1, count) * MemoryLayout<Value>.stride
    let base = unsafe try Memory.map(bytes: bytes, shared: false)
    unsafe buffer = UnsafeMutableBufferPointer(
      start: base.bindMemory(to: Value.self, capacity: count), count: count)
  }

  init(copying values: [Value]) throws(Errno) {
    try self.init(count: values.count)
    for (index, value) in values.enumerated() { unsafe buffer[index] = value }
  }

  deinit {
    unsafe Memory.unmap(
      UnsafeMutableRawPointer(buffer.baseAddress!),
      bytes: max(1, buffer.count) * MemoryLayout<Value>.stride)
  }
}
