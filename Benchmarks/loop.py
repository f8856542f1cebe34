"""What the workers' loops call, read from the program as it was built."""
import re
import subprocess

from bench import RUNNER, output

# The loops, specialised for the real kernel.
ROOTS = re.compile(r"5Probe(6Client|6Server)V(?!.*(9TLSKernelV|13SessionKernelV)).*4turnSbyF.*11LinuxKernelV")
OWN = ("$s5Probe", "$s5Linux", "$s8Messages")
# Allocation, counting of references, witness tables, metadata, and calls through a pointer; and copies
# of a whole value, which Swift makes for a method that changes nothing and is not inlined.
COSTLY = re.compile(r"swift_(bridgeObject)?(retain|release)|swift_alloc|alloc|swift_getWitness"
                    r"|[Mm]etadata|swift_beginAccess|^memcpy$|^\*")
# What an order begins, once a phase; and what happens only when a socket is full, a push is due
# or an answer is searched for an expression. No connection and no plain message comes here.
RARE = re.compile(r"^(specialized MessageEngine<>\.(begin\(_:_:|play\(|plan\(|search)"
                  r"|specialized Client<>\.(begin|beginChurn|open\(upTo:|seek)"
                  r"|specialized Server<>\.(keep|flush|pushMore|forget|hasUnsent|putAside|answerWaitingRequests))")


def loop(bench):
    print("\nCalls in the workers' loops that cost: allocation, reference counts, witnesses")
    calls = functions()
    roots = [name for name in calls if ROOTS.search(name)]
    assert len(roots) == 2, f"the loops are not where they were: {roots}"
    names = reached(roots, calls)
    words = dict(zip(names, output_of(["swift", "demangle", "--simplified"], names)))
    rare = [name for name in names if RARE.match(words[name])]
    often = reached(roots, calls, without=set(rare))
    costly = {words[name]: found for name in often
              if (found := sorted({call for call in calls[name] if COSTLY.search(call)}))}
    bench.line("functions that a turn leads to", len(often))
    bench.line("of them with a call that costs", len(costly), len(costly) == 0)
    for name, found in costly.items():
        bench.line(f"  {name}", ", ".join(found))
    bench.line("functions of orders and of rare events, apart", len(rare))


def functions():
    """The names of what each function of the program calls."""
    calls, own = {}, None
    text = output(["objdump", "-d", "--no-show-raw-insn", RUNNER])
    for line in text.splitlines():
        if line.endswith(">:"):
            own = calls.setdefault(line[line.index("<") + 1:-2], set())
        elif match := re.search(r"\s(call|jmp)\s+(\*?\S+)(?: <([^+>]+)>)?", line):
            # A jump within a function carries an offset; one without is a call at its end.
            if match[3]:
                own.add(match[3].split("@")[0])
            elif match[1] == "call":
                own.add(match[2])
    return calls


def reached(roots, calls, without=frozenset()):
    seen, rest = set(), list(roots)
    while rest:
        name = rest.pop()
        if name in seen or name in without:
            continue
        seen.add(name)
        rest += [call for call in calls[name] if call in calls and call.startswith(OWN)]
    return sorted(seen)


def output_of(command, lines):
    return subprocess.run(command, input="\n".join(lines), capture_output=True, text=True,
                          check=True).stdout.splitlines()
