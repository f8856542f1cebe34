/// A cache of kernel objects of one kind, as `slabinfo(5)` describes it.
package struct Slab: Sendable, Equatable {
  /// Bytes of one object.
  package var size: Int
  /// Bytes of memory that one object takes, with its share of the bytes that no object of the slab uses.
  package var footprint: Int

  package init(size: Int, footprint: Int) {
    self.size = size
    self.footprint = footprint
  }

  /// The caches in the text of `/proc/slabinfo` that have one of these names.
  ///
  /// - Parameter pageSize: bytes per page of memory: the text gives the size of slabs in pages.
  static func read(_ text: String, names: Set<Substring>, pageSize: Int) -> [String: Slab] {
    var slabs: [String: Slab] = [:]
    for line in ProcText.lines(text) {
      // Name, active objects, all objects, size, objects per slab, pages per slab.
      let words = ProcText.words(line)
      guard words.count > 5, names.contains(words[0]), let size = Int(words[3]),
        let objects = Int(words[4]), let pages = Int(words[5]), objects > 0
      else { continue }
      slabs[String(words[0])] = Slab(size: size, footprint: pages * pageSize / objects)
    }
    return slabs
  }
}
