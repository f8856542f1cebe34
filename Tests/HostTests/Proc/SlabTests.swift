import Testing

@testable import Host

@Suite struct SlabTests {
  private static let text = """
    slabinfo - version: 2.1
    # name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables
    TCP                   26     26   2368   13    8 : tunables    0    0    0 : slabdata 2 2 0
    TCPv6                 12     12   2560   12    8 : tunables    0    0    0 : slabdata 1 1 0
    filp                1071   1071    192   21    1 : tunables    0    0    0 : slabdata 51 51 0

    """

  @Test func `reads the caches that are asked for`() {
    let slabs = Slab.read(Self.text, names: ["TCP", "filp", "dentry"], pageSize: 4096)
    // What a slab has over is shared among its objects: 8 pages for 13 of them.
    #expect(
      slabs == [
        "TCP": Slab(size: 2368, footprint: 2520), "filp": Slab(size: 192, footprint: 195),
      ])
  }

  @Test func `an object's part of its slab grows with the pages`() {
    let slabs = Slab.read(Self.text, names: ["TCP"], pageSize: 65_536)
    #expect(slabs["TCP"]?.footprint == 8 * 65_536 / 13)
  }

  @Test(arguments: [
    "", "\n", "TCP", "TCP 26 26 2368 13", "TCP 26 26 2368 0 8 : tunables",
    "TCP 26 26 x 13 8 : tunables", "TCP 26 26 2368 -13 8 :", "TCP: 26 26 2368 13 8",
    "tcp 26 26 2368 13 8",
  ])
  func `leaves out what is no cache`(text: String) {
    #expect(Slab.read(text, names: ["TCP"], pageSize: 4096).isEmpty)
  }
}
