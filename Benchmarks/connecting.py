"""What a connection costs until it is established."""
import re
import statistics
import subprocess

from bench import NotMeasured, Row


def ramp(bench, sizes=(100_000, 200_000), pairs=None):
    # User time is told by the clock's ticks, of which a run to 100,000 has a dozen.
    pairs = pairs or 2 * bench.pairs
    for connections in sizes:
        processes = max(2, -(-connections // 19_800))

        def runner():
            result = bench.plan("ramp", goal=connections, processes=processes)
            held = result["connections"]["established"]
            if held != connections:
                raise NotMeasured(f"only {held} of {connections} connections")
            return {"seconds": held / result["connect"]["rate"], **processor(bench)}

        bench.compare(
            f"Ramp to {connections:,}, {processes} + {processes} processes, {pairs} pairs",
            lambda: bench.c("floor", connections, processes), runner,
            [Row("ramp", "seconds", 1, "s", at_most=1.05),
             Row("user time an end", "user", 1e6, "µs", at_most=1.5),
             Row("system time an end", "system", 1e6, "µs")], pairs)


def tls(bench, connections=10_000):
    handshakes(bench, connections, "Full handshakes", resume=0)
    handshakes(bench, connections, "Handshakes, nine of ten resumed,", resume=90)


def handshakes(bench, connections, title, resume):
    def runner():
        result = bench.plan("tls", goal=connections, resume=f"{resume}%")
        held = result["connections"]["established"]
        if held != connections:
            raise NotMeasured(f"only {held} of {connections} connections")
        times = processor(bench, "tls")
        return {"rate": result["connect"]["rate"], "time": times["user"] + times["system"],
                "memory": result["memory"]["user"], "resumed": result["tls"]["resumed"]}

    bench.compare(
        f"{title} of TLS 1.3, {connections:,} connections, 1 + 1 processes",
        lambda: bench.c("tls", connections, resume), runner,
        [Row("handshakes", "rate", 1, "/s", at_least=0.95),
         Row("processor time an end", "time", 1e6, "µs"),
         Row("private memory an end", "memory", 1, "B")]
        + ([Row("resumed", "resumed", 100, "%", at_least=0.95)] if resume else []))


def processor(bench, name="ramp"):
    """Seconds that all workers have taken, for each end of a connection."""
    with bench.recording(name) as recording:
        user, system, ends = recording.execute(
            "SELECT sum(user_time), sum(system_time), sum(connections) FROM worker").fetchone()
    return {"user": user / ends, "system": system / ends}


def batch(bench):
    """The floor alone, as it makes runner's calls: the size that costs it least is runner's too."""
    print("\nRamp to 100,000 in C, by connections opened between two looks at the events")
    sizes = (1, 4, 16, 64, 256)
    rounds = [[bench.c("floor", 100_000, 6, size) for size in sizes] for _ in range(bench.pairs)]
    for place, size in enumerate(sizes):
        seconds = statistics.median(results[place]["seconds"] for results in rounds)
        time = statistics.median(
            results[place]["user"] + results[place]["system"] for results in rounds)
        bench.line(f"{size} at a time", f"{seconds:.2f} s, {time * 1e6:.1f} µs an end")


# MARK: System calls

CALLS = ("socket", "setsockopt", "bind", "connect", "accept4", "epoll_ctl", "epoll_wait",
         "epoll_pwait2", "close")
EVENTS = {name: f"syscalls:sys_enter_{name}" for name in CALLS} | {"all": "raw_syscalls:sys_enter"}


def calls(bench):
    connections, processes = 100_000, 6
    print(f"\nSystem calls a connection, both ends together, ramp to {connections:,}")
    floor = counted([bench.program("floor"), connections, processes])
    runner = counted(bench.command("ramp", goal=connections, processes=processes))
    print(f"  {'':20}{'C':>10}{'runner':>10}")
    for name in EVENTS:
        print(f"  {name:20}{floor[name] / connections:10.3f}{runner[name] / connections:10.3f}")
    bench.results["system calls"] = {"C": floor, "runner": runner, "connections": connections}


def counted(command):
    """How often each system call was made, by all processes together, from start to end."""
    done = subprocess.run(
        ["perf", "stat", "-x,", "-e", ",".join(EVENTS.values()), *map(str, command)],
        capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise NotMeasured(f"perf stat failed:\n{done.stderr}")
    counts = {line.split(",")[2]: int(line.split(",")[0])
              for line in done.stderr.splitlines() if ":sys_enter" in line}
    return {name: counts[event] for name, event in EVENTS.items()}


# MARK: One source to its last port

def cliff(bench):
    print("\nOne source address, filled with connections: time of bind and connect together")
    naive = bench.c("cliff", 0.7)
    bench.line("bind(ip, 0) in C, at 70% of the ports, last tenth to first",
               f"{naive['last'] / naive['first']:.0f}")
    medians, slow = [], []
    for _ in range(bench.pairs):
        times = traced(bench)
        tenth = len(times) // 10
        first, last = times[:tenth], times[-tenth:]
        start = statistics.median(first)
        medians.append(statistics.median(last) / start)
        slow.append([sum(time > 2 * start for time in part) / tenth for part in (first, last)])
    bench.line("runner, at 99%, last tenth to first, medians",
               f"{statistics.median(medians):.2f} ({min(medians):.2f} to {max(medians):.2f})",
               statistics.median(medians) <= 2)
    first, last = (100 * statistics.median(share) for share in zip(*slow))
    bench.line("slower than twice the median at the start",
               f"{first:.2f}% of the first tenth, {last:.2f}% of the last")


TRACED = re.compile(r"^\s*([\d.]+) \(\s*([\d.]+) ms\):\s+\S*?/?(\d+)\s.*?\b(bind|connect)\(.*"
                    r"= (0|-1 EINPROGRESS)")


def traced(bench):
    """Milliseconds in bind and connect of every connection, in the order of their connects."""
    log = bench.folder / "cliff.trace"
    done = subprocess.run(
        ["perf", "trace", "-e", "bind,connect", "-m", "4096", "-o", log,
         *map(str, bench.command("cliff"))], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise NotMeasured(f"perf trace failed:\n{done.stderr}")
    bound, times = {}, []
    for line in log.read_text(errors="replace").splitlines():
        match = TRACED.match(line)
        if match is None:
            continue
        at, took, process, call = match[1], float(match[2]), match[3], match[4]
        if call == "bind":
            bound[process] = took
        elif process in bound:
            times.append((float(at), bound.pop(process) + took))
    if len(times) < 60_000:
        raise NotMeasured(f"perf trace has only seen {len(times)} connections")
    return [took for _, took in sorted(times)]
