import Addressing
import Messages
import SystemPackage

/// Makes the messages that differ from connection to connection.
///
/// The message made last is kept: a long one is written and compared in many pieces, and making it
/// anew for each piece would take longer than all the rest.
struct MessageMaker: ~Copyable {
  /// Which message is in the buffer.
  struct Made: BitwiseCopyable {
    fileprivate var template = -1
    fileprivate var connection: UInt64 = 0
    fileprivate var sequence: UInt64 = 0
    /// A connection that comes back has another port, and may have another source.
    fileprivate var port: UInt16 = 0
    fileprivate var source = IPAddress.v4(0)
    fileprivate var count = 0
  }

  /// Where the steps and texts of a template stand among those of all templates.
  struct Place: BitwiseCopyable {
    fileprivate var firstStep: Int
    fileprivate var steps: Int
    fileprivate var firstText: Int
  }

  private let places: Column<Place>
  private let steps: Scratch<MessageTemplate.Step>
  private let texts: Scratch<UInt8>
  private let buffer: Scratch<UInt8>
  private let last: Column<Made>
  /// Kept only so that they live as long as `steps`, which point into their memory.
  private let columns: [DataColumn]

  init(_ templates: [MessageTemplate]) throws(Errno) {
    let buffer = try Scratch<UInt8>(count: templates.reduce(1) { max($0, $1.longest) })
    let last = try Column<Made>(count: 1)
    last[0] = Made()
    let places = try Column<Place>(count: templates.count)
    var allSteps: [MessageTemplate.Step] = []
    var allTexts: [UInt8] = []
    for (index, template) in templates.enumerated() {
      let (steps, texts) = template.steps
      places[UInt32(index)] = Place(
        firstStep: allSteps.count, steps: steps.count, firstText: allTexts.count)
      allSteps += steps
      allTexts += texts
    }
    let steps = try Scratch<MessageTemplate.Step>(count: max(1, allSteps.count))
    let texts = try Scratch<UInt8>(count: max(1, allTexts.count))
    _ = unsafe steps.buffer.update(from: allSteps)
    _ = unsafe texts.buffer.update(from: allTexts)
    self.places = places
    self.steps = steps
    self.texts = texts
    self.buffer = buffer
    self.last = last
    columns = templates.flatMap(\.parts).flatMap { part in
      if case .length(_, let varying, _) = part { varying } else { [part] }
    }.compactMap { part in
      if case .data(let column) = part { column } else { nil }
    }
  }

  /// The bytes of a whole message. Good until the next one is made.
  ///
  /// - Parameter facts: worker and seed are always the same, so they are not compared with those of the message made
  ///   last.
  func message(_ template: Int, _ facts: MessageTemplate.Facts) -> UnsafeRawBufferPointer {
    var made = last[0]
    if made.template != template || made.connection != facts.connection
      || made.sequence != facts.sequence || made.port != facts.port
      || made.source != facts.source
    {
      made = Made(
        template: template, connection: facts.connection, sequence: facts.sequence,
        port: facts.port, source: facts.source)
      let place = places[UInt32(template)]
      made.count = unsafe MessageTemplate.render(
        UnsafeBufferPointer(
          rebasing: steps.buffer[place.firstStep..<place.firstStep + place.steps]),
        texts: UnsafeRawBufferPointer(
          rebasing: UnsafeRawBufferPointer(texts.buffer)[place.firstText...]),
        facts, into: UnsafeMutableRawBufferPointer(buffer.buffer))
      last[0] = made
    }
    return unsafe UnsafeRawBufferPointer(
      rebasing: UnsafeRawBufferPointer(buffer.buffer)[..<made.count])
  }
}
