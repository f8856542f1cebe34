import GoldenFiles
import Messages
import Recording
import Testing

@testable import Plan

/// Single values, of the command line and within plans, are read and written as they were.
@Suite struct ValueStoryTests {
  @Test func `values of the command line`() throws {
    let texts =
      StoryTests.values + [
        "1M", "1G", "1T", "1.25k", "0.5k", "1_000", "1,000", "10ms", "1.5s", "90m", "2h", "3d",
        "366d", "1us",
        "0.1us", "5/m", "1.5/h", "1k/s", "10%", "0.001%", "1e9/s", "127.0.0.1-127.0.0.4",
        "10.0.0.0/8",
        "fe80::1-fe80::5", "1024-65535", "5-4", "0-5", "80", "[::1]:9000", "::1:9000",
        "127.0.0.1:9000",
        "a.b:1", "-x:1", "x..y:80", " 5", "5 ", "٣", "1K", "1 k", "k", "s", "%", "/s", "+5", "0x10",
        "00",
      ]
    func line<T>(_ body: (String) throws(CommandLineValue.Wrong) -> T, _ text: String) -> String {
      do throws(CommandLineValue.Wrong) { return told(try body(text)) } catch {
        return "! \(error)"
      }
    }
    let lines = texts.flatMap { text in
      [
        "count \(text): \(line(CommandLineValue.count, text))",
        "rate \(text): \(line(CommandLineValue.rate, text))",
        "duration \(text): \(line(CommandLineValue.duration, text))",
        "addresses \(text): \(line(CommandLineValue.addresses, text))",
        "ports \(text): \(line(CommandLineValue.ports, text))",
        "target \(text): \(line(CommandLineValue.target, text))",
      ]
    }
    #expect(try difference("values.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `texts of messages, and numbers as plans have them`() throws {
    let texts = [
      "", "a", "{connection}", "{sequence}{source}:{port} {worker}", "{random:0}", "{random:1}",
      "{random:4096}",
      "{random:4097}", "{random}", "{random:}", "{random:x}", "{random:99999999999999999999}",
      "{nothing}",
      "{conection}", "{connection:5}", "{}", "{ }", "{a b}", "{{", "}}", "{{a}}",
      "{{{connection}}}", "{", "}",
      "{\"a\": {sequence}}", "{{connection}} {connection}", "a{port", "port}", "{port}}", "{Port}",
      "{port1}",
      "{a-b}", "é{port}é",
    ]
    var lines = texts.map { text in
      do throws(TemplateText.Failure) {
        return "\(text): \(told(try TemplateText.parse(text).parts))"
      } catch {
        return "\(text): ! \(error.part): \(error.problem.message) \(error.problem.hint ?? "")"
      }
    }
    let numbers = [
      0, 1, 0.5, 0.1, 0.05, 0.001, 1e-4, 1e-5, 1.5e-7, 1e-20, 9.99, 10, 12.25, 100, 1e5, 123_456.75,
      1e15, 1e16, 1.5e17,
      1e22,
    ]
    for number in numbers {
      lines.append("\(number): \([0, 1, 2, 3].map { yamlNumber(number, shiftedBy: $0) })")
    }
    let durations: [Duration] = [
      .zero, .nanoseconds(1), .nanoseconds(999), .microseconds(1), .microseconds(999),
      .microseconds(1001),
      .nanoseconds(1_000_001), .nanoseconds(1_010_000), .milliseconds(1), .milliseconds(1500),
      .seconds(1),
      .seconds(59), .seconds(60), .seconds(90), .seconds(3600), .seconds(5400), .seconds(7200),
    ]
    lines += durations.map { "\($0): \($0.yaml)" }
    #expect(try difference("texts.txt", lines.joined(separator: "\n") + "\n") == nil)
  }
}
