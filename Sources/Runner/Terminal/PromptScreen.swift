import Linux
import SystemPackage

/// Keeps output and a prompt apart: each text gets lines of its own, and the prompt stands below.
struct PromptScreen {
  private let hasPrompt: Bool
  private let mayErase: Bool
  private var isPrompting = false
  /// Output for which there is no room is left out once this descriptor is readable; nil to wait for room.
  var interruption: FileDescriptor?

  /// - Parameters:
  ///   - hasPrompt: whether standard input and standard output are both terminals.
  ///   - mayErase: whether the terminal knows escape sequences.
  init(hasPrompt: Bool, mayErase: Bool) {
    self.hasPrompt = hasPrompt
    self.mayErase = mayErase
  }

  /// Writes results to standard output. The text is whole lines.
  mutating func say(_ text: String) {
    leavePrompt()
    StandardOutput.show(text, until: interruption)
  }

  /// Writes diagnostics to standard error. The text is whole lines.
  mutating func warn(_ text: String) {
    leavePrompt()
    StandardError.write(text, until: interruption)
  }

  /// Shows that a line may be typed.
  mutating func prompt() {
    guard hasPrompt, !isPrompting else { return }
    isPrompting = true
    StandardOutput.show("> ", until: interruption)
  }

  /// A line was typed, so the cursor stands below the prompt.
  mutating func lineEntered() { isPrompting = false }

  /// Erases the prompt, or ends its line. A half-typed command is not lost: the terminal keeps it
  /// until the line is finished.
  mutating func leavePrompt() {
    guard isPrompting else { return }
    isPrompting = false
    StandardOutput.show(mayErase ? "\r\u{1B}[K" : "\n", until: interruption)
  }
}
