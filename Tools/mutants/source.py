"""Reads Swift as far as planting needs it: tokens, brackets, statements and expressions."""
import bisect
import re

# Strings are one token each with all that is interpolated: nothing is planted in them.
TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+)|(?P<line>\n)|(?P<note>//[^\n]*)|(?P<block>/\*)|(?P<string>\#*\"{1,3})
    |(?P<number>0x[0-9a-fA-F_]+(?:\.[0-9a-fA-F]+)?(?:p[+-]?\d+)?|0b[01_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?)
    |(?P<word>`[^`\n]*`|[$A-Za-z_][A-Za-z0-9_]*)
    |(?P<dots>\.\.\.|\.\.<|\.)|(?P<sign>[/=\-+!*%<>&|^~?]+)|(?P<mark>[(){}\[\],;:@\#\\])""",
    re.X,
)
OPENERS, CLOSERS = set("([{"), set(")]}")
CONTROL = {"if", "guard", "while", "for", "switch", "catch"}
TYPES = {"struct", "class", "enum", "extension", "protocol", "actor"}
FUNCTIONS = {"func", "init", "deinit", "subscript", "get", "set", "willSet", "didSet"}
OTHERS = {"var", "let", "do", "else", "repeat", "defer", "case", "default", "in", "return"}
# Words that no expression reaches over.
ENDS = {
    "return", "if", "guard", "while", "where", "in", "case", "let", "var", "else", "throw", "switch",
    "for", "try", "await", "unsafe", "is", "as", "do", "catch", "default", "repeat", "some", "any",
}
STATEMENTS = CONTROL | TYPES | FUNCTIONS | OTHERS | {
    "throw", "break", "continue", "fallthrough", "import", "typealias", "static", "private",
    "package", "public", "internal", "fileprivate", "mutating", "nonisolated", "precondition", "super",
}


class Token:
    __slots__ = ("kind", "text", "start", "end", "line", "first", "spaced", "parent", "mate")

    def __init__(self, kind, text, start, line, first, before):
        self.kind, self.text, self.start, self.end = kind, text, start, start + len(text)
        self.line, self.first = line, first
        # Spaces on both sides; the second is filled in by the token after it.
        self.spaced = before
        self.parent = self.mate = None


class Source:
    """One file: `tokens`, each with the bracket that it is in (`parent`, an index or None)."""

    def __init__(self, text):
        self.text = text
        self.lines = text.split("\n")
        self.starts = [0]
        for line in self.lines[:-1]:
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.notes = []
        self.tokens = []
        self._read()
        self._match()
        self.inlined = self._ranges_of_inlinable()

    def line(self, at):
        return bisect.bisect_right(self.starts, at)

    def _read(self):
        text, at, first, space, line = self.text, 0, True, True, 1
        while at < len(text):
            found = TOKEN.match(text, at)
            if not found:
                at += 1
                continue
            kind, start, end = found.lastgroup, at, found.end()
            if kind == "block":
                end = self._end_of_block(at)
                kind = "space"
                self.notes.append(start)
            elif kind == "note":
                self.notes.append(start)
            elif kind == "string":
                end = self._end_of_string(at, found.group())
            at = end
            if kind in ("space", "note", "line"):
                line += text.count("\n", start, end)
                first = first or kind == "line" or "\n" in text[start:end]
                space = True
                continue
            if self.tokens and not space:
                self.tokens[-1].spaced = False
            self.tokens.append(Token(kind, text[start:end], start, line, first, space))
            line += text.count("\n", start, end)
            first = space = False

    def _end_of_block(self, at):
        depth, place = 0, at
        for found in re.finditer(r"/\*|\*/", self.text[at:]):
            depth += 1 if found.group() == "/*" else -1
            place = at + found.end()
            if depth == 0:
                return place
        return len(self.text)

    def _end_of_string(self, at, opening):
        hashes = opening.count("#")
        quotes = opening[hashes:]
        if quotes == '""':
            return at + len(opening) + hashes
        place = at + len(opening)
        escape = "\\" + "#" * hashes
        closing = quotes + "#" * hashes
        while place < len(self.text):
            if self.text.startswith(escape + "(", place):
                place = self._end_of_interpolation(place + len(escape))
            elif self.text.startswith(escape, place):
                place += len(escape) + 1
            elif self.text.startswith(closing, place):
                return place + len(closing)
            else:
                place += 1
        return place

    def _end_of_interpolation(self, at):
        depth, place = 0, at
        while place < len(self.text):
            letter = self.text[place]
            if letter == '"':
                opening = re.compile(r'"{1,3}').match(self.text, place).group()
                place = self._end_of_string(place, opening)
                continue
            depth += {"(": 1, ")": -1}.get(letter, 0)
            place += 1
            if depth == 0:
                return place
        return place

    def _match(self):
        open_ones = []
        for index, token in enumerate(self.tokens):
            if token.kind == "mark" and token.text in CLOSERS and open_ones:
                opener = open_ones.pop()
                token.mate, self.tokens[opener].mate = opener, index
            token.parent = open_ones[-1] if open_ones else None
            if token.kind == "mark" and token.text in OPENERS:
                open_ones.append(index)

    def back(self, index):
        """The token before, at the same depth: a group is one step. None at its opener."""
        before = index - 1
        if before < 0 or before == self.tokens[index].parent:
            return None
        mate = self.tokens[before].mate
        return mate if self.tokens[before].text in CLOSERS and mate is not None else before

    def on(self, index):
        """The token after, at the same depth. None at the end of the group."""
        token = self.tokens[index]
        after = (token.mate if token.text in OPENERS and token.mate is not None else index) + 1
        if after >= len(self.tokens) or self.tokens[after].text in CLOSERS:
            return None
        return after

    def begins_statement(self, index):
        """Whether a statement begins with this token, as far as lines tell."""
        token = self.tokens[index]
        opener = token.parent
        if opener is not None and self.tokens[opener].text != "{":
            return False
        before = index - 1
        if before < 0 or before == opener:
            return True
        last = self.tokens[before]
        if last.text == ";":
            return True
        if last.text == ":" and self._closes_case(before):
            return True
        if last.text == "in" and last.parent == opener and opener is not None:
            return self.brace(opener) == "closure" and self._is_head(before)
        if not token.first:
            return False
        if token.kind == "dots" or token.text in ("?", ":", "else", "where") or last.text == ",":
            return token.kind == "dots" and last.text == ":"
        return not (
            (token.kind == "sign" and token.spaced) or (last.kind == "sign" and last.spaced))

    def _is_head(self, index):
        """Whether nothing but a closure's parameters is before this `in`."""
        at = self.back(index)
        while at is not None:
            if self.tokens[at].text in ("for", "{"):
                return False
            at = self.back(at)
        return True

    def _closes_case(self, index):
        at = self.back(index)
        while at is not None:
            word = self.tokens[at].text
            if word in ("case", "default"):
                return True
            if word in (";", "?", ":", "{"):
                return False
            at = self.back(at)
        return False

    def head(self, index):
        """The index of the nearest word before that says what a statement is, and the word."""
        at = index
        while at is not None:
            token = self.tokens[at]
            if token.kind == "word" and token.text in CONTROL | TYPES | FUNCTIONS | OTHERS:
                before = self.tokens[at - 1].text if at else ""
                if before != ".":
                    return at, token.text
            if at != index and (token.text == ";" or self.begins_statement(at)):
                return at, ""
            at = self.back(at)
        return None, ""

    def brace(self, index):
        """What a `{` opens: type, function, control or closure."""
        before = self.back(index)
        if before is None:
            return "closure"
        at = before
        while at is not None:
            token = self.tokens[at]
            word = token.text if token.kind == "word" else ""
            if at and self.tokens[at - 1].text == ".":
                word = ""
            if word in TYPES:
                return "type"
            if word in FUNCTIONS:
                return "function"
            if word in CONTROL | {"do", "else", "repeat", "defer"}:
                return "control"
            if word in ("var", "let"):
                between = [self.tokens[i].text for i in range(at, index)
                           if self.tokens[i].parent == token.parent]
                return "closure" if "=" in between else "function"
            if word in ("case", "default", "in", "return") or token.text in (";", "="):
                return "closure"
            if self.begins_statement(at) and token.text not in (")", "->"):
                # A header may run over lines: `) -> Value {`, `where Element == Byte {`.
                return "closure"
            at = self.back(at)
        return "closure"

    def nearest_brace(self, index):
        at = self.tokens[index].parent
        while at is not None and self.tokens[at].text != "{":
            at = self.tokens[at].parent
        return at

    def function_of(self, index):
        """The `{` of the function or accessor that a token is in, unless a closure is between."""
        at = self.nearest_brace(index)
        while at is not None:
            kind = self.brace(at)
            if kind == "function":
                return at
            if kind != "control":
                return None
            at = self.nearest_brace(at)
        return None

    def is_initializer(self, brace):
        at = self.back(brace)
        while at is not None and not self.begins_statement(at):
            if self.tokens[at].text == "init":
                return True
            at = self.back(at)
        return at is not None and self.tokens[at].text == "init"

    def is_alone(self, first, last):
        """Whether a statement is the only one of its body, or of its case."""
        before, after = first - 1, last + 1
        begins = before == self.tokens[first].parent or self.tokens[before].text == ":"
        ends = after >= len(self.tokens) or self.tokens[after].text in ("}", "case", "default")
        return begins and ends

    def returns_value(self, brace):
        at = self.back(brace)
        while at is not None:
            word = self.tokens[at].text
            if word in ("->", "var", "get", "subscript"):
                return True
            if word in ("func", "init", "deinit", "set", "willSet", "didSet"):
                return False
            at = self.back(at)
        return False

    def expression(self, index):
        """The first and last token of the whole infix expression around a token, or None."""
        first = last = index
        at = self.back(index)
        stop = None
        while at is not None:
            token = self.tokens[at]
            if self.begins_statement(first):
                break
            if token.text == "{":
                return None
            if self._ends(at):
                stop = at
                break
            first = at
            at = self.back(at)
        if stop is None and at is None and self.tokens[first].parent is None:
            return None
        at = last
        while True:
            after = self.on(at)
            if after is None:
                at = self._close(at)
                break
            token = self.tokens[after]
            if token.text == "{":
                if not self._in_control(first, stop):
                    return None
                at = self._close(at)
                break
            if self._ends(after) or self.begins_statement(after):
                at = self._close(at)
                break
            at = after
        if stop is not None and self.tokens[stop].text in ("case", "let", "var", "for", "any", "some",
                                                           "is", "as", "#", "@", "->"):
            return None
        if any(self.tokens[i].text in ("{", "#", "@", "as", "is") for i in range(first, at + 1)):
            return None
        if any(self.tokens[first].start < note < self.tokens[at].end for note in self.notes):
            return None
        return (first, at) if self.tokens[at].line - self.tokens[first].line < 4 else None

    def _close(self, index):
        token = self.tokens[index]
        return token.mate if token.text in OPENERS and token.mate is not None else index

    def _ends(self, index):
        token = self.tokens[index]
        if token.kind == "word":
            previous = self.tokens[index - 1].text if index else ""
            return token.text in ENDS and previous != "."
        if token.kind == "sign":
            return token.text in ("=", "->", "?") and token.spaced or (
                token.text.endswith("=") and token.spaced
                and token.text not in ("==", "!=", "<=", ">=", "===", "!=="))
        return token.text in (",", ";", ":", "#", "@")

    def _in_control(self, first, stop):
        at = stop if stop is not None else first
        while at is not None:
            token = self.tokens[at]
            if token.text in CONTROL or token.text == "where":
                return True
            if token.text == "{" or (at != first and self.begins_statement(at)):
                return False
            at = self.back(at)
        return False

    def is_pattern(self, index):
        """Whether a token is in the pattern of a `case`."""
        at = index
        while at is not None:
            back = self.back(at)
            while back is not None and not self.begins_statement(back):
                text = self.tokens[back].text
                if text == "case":
                    return True
                if text in ("=", "where", ":", "in", "return", "{", "?"):
                    break
                back = self.back(back)
            if back is not None and self.tokens[back].text == "case":
                return True
            parent = self.tokens[at].parent
            if parent is None or self.tokens[parent].text == "{":
                return False
            at = parent
        return False

    def is_code(self, index):
        """In a body, or the initial value of a property; in no attribute or signature."""
        at = self.tokens[index].parent
        while at is not None and self.tokens[at].text != "{":
            before = self.tokens[at - 1].text if at else ""
            early = self.tokens[at - 2].text if at > 1 else ""
            if early in ("@", "#", "func") or before in ("subscript",):
                return False
            if before == "init" and early != ".":
                return False
            at = self.tokens[at].parent
        if any(low <= index <= high for low, high in self.inlined):
            return False
        if at is not None and self.brace(at) != "type":
            return True
        level, seen = index, False
        while self.tokens[level].parent != at:
            level = self.tokens[level].parent
        while level is not None:
            token = self.tokens[level]
            seen = seen or (token.text == "=" and token.spaced)
            if token.text in ("func", "case", "init", "subscript", "typealias", "import", "{"):
                return False
            if token.text in ("var", "let"):
                return seen
            level = self.back(level)
        return False

    def _ranges_of_inlinable(self):
        ranges = []
        for index, token in enumerate(self.tokens):
            if token.text in ("inlinable", "_transparent", "_alwaysEmitIntoClient"):
                end = index
                while end is not None and self.tokens[end].text != "{":
                    end = self.on(end)
                if end is not None:
                    ranges.append((index, self.tokens[end].mate or end))
        return ranges
