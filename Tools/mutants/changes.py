"""What can be planted in a file: one `Change` for each place and operator."""
import dataclasses
import re

from source import STATEMENTS, Source

SWAPS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "+": "-", "-": "+",
    "&+": "&-", "&-": "&+", "&&": "||", "||": "&&", "+=": "-=", "-=": "+=", "&+=": "&-=",
}
KINDS = {
    "<": "comparison", "<=": "comparison", ">": "comparison", ">=": "comparison",
    "==": "comparison", "!=": "comparison", "&&": "logic", "||": "logic",
}
ENDS = {"first": "last", "last": "first", "min": "max", "max": "min"}
COMPOUND = {"=", "+=", "-=", "*=", "/=", "|=", "&=", "&+=", "&-=", "^=", "%=", "<<=", ">>="}


@dataclasses.dataclass
class Change:
    """`text`, with `@` for the question whether it is switched on, instead of `start ..< end`."""

    file: str
    line: int
    kind: str
    start: int
    end: int
    text: str
    what: str
    # Its number among all that are planted.
    number: int = 0

    def said(self, limit=70):
        return self.what if len(self.what) <= limit else self.what[: limit - 1] + "…"


def flat(text):
    return re.sub(r"\s*\n\s*", " ", text)


def changes(file, text):
    """All that can be planted in a file, in its order."""
    source = Source(text)
    found = []
    for index in range(len(source.tokens)):
        for kind, start, end, new, what in _at(source, index):
            found.append(Change(file, source.line(start), kind, start, end, new, what))
    return found


def _at(source, index):
    token = source.tokens[index]
    if not source.is_code(index):
        return
    if token.kind == "sign" and token.spaced and token.text in SWAPS:
        if token.text.endswith("=") and token.text not in KINDS:
            yield from _compound(source, index)
        else:
            yield from _swap(source, index, SWAPS[token.text], KINDS.get(token.text, "arithmetic"))
    elif token.kind == "sign" and token.spaced and token.text == "??":
        yield from _default(source, index)
    elif token.kind == "word" and token.text in ENDS:
        yield from _other_end(source, index)
    elif token.kind == "word" and token.text in ("true", "false"):
        if not source.is_pattern(index):
            word = "(!@)" if token.text == "true" else "(@)"
            other = "false" if token.text == "true" else "true"
            yield "truth", token.start, token.end, word, _within(source, index, other)
    elif token.kind == "number":
        yield from _number(source, index)
    elif token.kind == "word" and token.text in ("if", "guard", "while"):
        yield from _negated(source, index)
    elif token.kind == "word" and token.text == "return":
        yield from _nothing(source, index)
    yield from _left_out(source, index)


def _within(source, index, other):
    """What a token becomes, told with the line around it."""
    token = source.tokens[index]
    start = source.starts[token.line - 1]
    line = source.lines[token.line - 1]
    column = token.start - start
    changed = line[:column] + other + line[column + len(token.text):]
    return f"{line.strip()} → {changed.strip()}"


def _span(source, bounds):
    first, last = source.tokens[bounds[0]], source.tokens[bounds[1]]
    return first.start, last.end


def _replaced(source, index, other, kind):
    bounds = source.expression(index)
    if bounds is None or source.is_pattern(index) or bounds[0] == bounds[1]:
        return
    start, end = _span(source, bounds)
    token = source.tokens[index]
    if token.text == "+" and _is_list(source, bounds):
        return
    old = source.text[start:end]
    new = flat(source.text[start:token.start] + other + source.text[token.end:end])
    yield kind, start, end, f"(@ ? ({new}) : ({old}))", f"{flat(old)} → {new}"


def _swap(source, index, other, kind):
    yield from _replaced(source, index, other, kind)


def _is_list(source, bounds):
    """Text and lists, from which nothing can be taken away."""
    for token in source.tokens[bounds[0]:bounds[1] + 1]:
        before = source.text[token.start - 1]
        if token.kind == "string" or token.text in ("..<", "..."):
            return True
        if token.text == "[" and not (before.isalnum() or before in "_)]?!>"):
            return True
    return False


def _compound(source, index):
    token = source.tokens[index]
    bounds = _statement(source, index)
    if bounds is None or _is_list(source, bounds):
        return
    start, end = _span(source, bounds)
    old = source.text[start:end]
    new = flat(source.text[start:token.start] + SWAPS[token.text] + source.text[token.end:end])
    yield "arithmetic", start, end, f"if @ {{ {new} }} else {{ {old} }}", f"{flat(old)} → {new}"


def _default(source, index):
    bounds = source.expression(index)
    if bounds is None or source.is_pattern(index):
        return
    # Only one `??`, and nothing that binds less: what is right of it is the default.
    signs = [i for i in range(bounds[0], bounds[1] + 1)
             if source.tokens[i].parent == source.tokens[index].parent
             and source.tokens[i].kind == "sign" and source.tokens[i].spaced]
    if signs != [index]:
        return
    start, end = _span(source, bounds)
    old = source.text[start:end]
    default = flat(source.text[source.tokens[index].end:end]).strip()
    if re.fullmatch(r"\d+", default):
        default = str(int(default) + 1)
    elif default in ("true", "false"):
        default = "false" if default == "true" else "true"
    elif default == "nil":
        return
    else:
        yield "default", start, end, f"(@ ? ({default}) : ({old}))", f"{flat(old)} → {default}"
        return
    new = flat(source.text[start:source.tokens[index].end]) + " " + default
    yield "default", start, end, f"(@ ? ({new}) : ({old}))", f"{flat(old)} → {new}"


def _other_end(source, index):
    token = source.tokens[index]
    after = source.on(index)
    before = source.tokens[index - 1]
    called = after is not None and source.tokens[after].text == "(" and \
        source.tokens[after].start == token.end
    if after is not None and source.tokens[after].text in (":", "="):
        return
    if before.kind == "dots":
        if before.spaced or source.tokens[index - 2].text in ("(", ",", "?", ":", "return"):
            return
    elif not called or token.text in ("first", "last") or before.text == "func":
        return
    yield from _replaced(source, index, ENDS[token.text], "other end")


def _number(source, index):
    token = source.tokens[index]
    text = token.text.replace("_", "")
    if not re.fullmatch(r"\d+|0x[0-9a-fA-F]+|0b[01]+", text) or source.is_pattern(index):
        return
    before = source.tokens[index - 1] if index else token
    after = source.tokens[index + 1] if index + 1 < len(source.tokens) else token
    if before.text in (".", "#", "-"):
        return
    if after.text in (":", "of") and source.tokens[index].parent is not None \
            and source.tokens[source.tokens[index].parent].text == "{":
        return
    value = int(text, 0)
    for other in (value + 1, value - 1):
        if other >= 0:
            yield ("literal", token.start, token.end, f"(@ ? {other} : {token.text})",
                   _within(source, index, str(other)))


def _negated(source, index):
    """Each condition of an `if`, `guard` or `while` that binds nothing."""
    at = source.on(index)
    first = at
    while at is not None:
        token = source.tokens[at]
        if token.text in (",", "{", "else"):
            last = at - 1
            words = {source.tokens[i].text for i in range(first, last + 1)}
            if not words & {"let", "var", "case", "#", "{", "is", "as", "try", "await", "unsafe"}:
                start, end = source.tokens[first].start, source.tokens[last].end
                old = source.text[start:end]
                if "//" not in old and old.count("\n") < 4:
                    yield ("negated", start, end, f"(@ != ({old}))",
                           f"{source.tokens[index].text} {flat(old)} → not")
            if token.text != ",":
                return
            first = source.on(at)
        at = source.on(at)


def _nothing(source, index):
    body = source.function_of(index)
    if body is None or source.tokens[index + 1].text in ("nil", "}"):
        return
    header = source.text[:source.tokens[body].start].rstrip()
    if not header.endswith("?") or source.tokens[index + 1].first:
        return
    bounds = source.expression(index + 1)
    if bounds is None or bounds[0] != index + 1:
        return
    after = source.on(bounds[1] if source.tokens[bounds[1]].text not in ")]}"
                      else source.tokens[bounds[1]].mate)
    if after is not None and not source.begins_statement(after):
        return
    start, end = _span(source, bounds)
    old = source.text[start:end]
    yield "nil", start, end, f"(@ ? nil : ({old}))", f"return {flat(old)} → return nil"


def _statement(source, index):
    """The bounds of the simple statement that a token is in, or None."""
    first = index
    while not source.begins_statement(first):
        first = source.back(first)
        if first is None:
            return None
    if source.nearest_brace(first) is None or source.tokens[first].parent is None:
        return None
    if source.brace(source.tokens[first].parent) == "type":
        return None
    last = first
    while True:
        after = source.on(last)
        if after is None or source.begins_statement(after) or source.tokens[after].text == ";":
            break
        last = after
    last = source._close(last)
    return (first, last)


def _left_out(source, index):
    token = source.tokens[index]
    if token.kind != "word" or token.text in STATEMENTS or not source.begins_statement(index):
        return
    bounds = _statement(source, index)
    if bounds is None or bounds[0] != index:
        return
    first, last = bounds
    texts = [source.tokens[i] for i in range(first, last + 1)
             if source.tokens[i].parent == token.parent]
    assigns = any(t.kind == "sign" and t.spaced and t.text in COMPOUND for t in texts)
    calls = source.tokens[last].text == ")" and not any(
        t.kind == "sign" and t.spaced for t in texts) and not any(t.text == "," for t in texts)
    if not (assigns or calls) or source.tokens[last].line - token.line > 4:
        return
    opener = source.tokens[index].parent
    body = source.function_of(index)
    if token.text == "self" and assigns and body is not None and source.is_initializer(body):
        # A property without its first value does not compile.
        return
    if not assigns and (token.text in ("min", "max") or token.text[0].isupper()
                        or token.text == "self" and source.tokens[index + 2].text == "init"):
        # A value, or the beginning of an initializer.
        return
    if not assigns and source.is_alone(first, last) and (
            body is None or source.returns_value(body) or source.brace(opener) == "closure"):
        # It may be what a body, or one branch of it, comes to.
        return
    start, end = token.start, source.tokens[last].end
    old = source.text[start:end]
    yield "left out", start, end, f"if !@ {{ {old} }}", f"{flat(old)} → left out"
