"""What connections cost while they are held, and when they are let go."""
import collections
import contextlib
import json
import os
import pathlib
import pty
import sqlite3
import subprocess
import threading
import time

import connecting
import plot
from bench import HERE


def million(bench):
    connecting.ramp(bench, (1_000_000,), pairs=4)
    goal = 1_000_000
    print(f"\nHolding {goal:,}")
    run, memory = watched(bench, goal)
    ends = 2 * run["connections"]["established"]
    for name, size in memory.most_common():
        bench.line(f"  {name}, bytes an end", f"{size / ends:.2f}")
    total = sum(memory.values())
    bench.line("all processes (PSS), bytes an end", f"{total / ends:.1f}", total / ends <= 128)
    private = run["memory"]["user"]
    bench.line("private to the workers, bytes an end, as runner says", private, private <= 48)
    with bench.recording("million") as recording:
        spans = {name: ended - started for name, started, ended in recording.execute(
            "SELECT name, started, ended FROM phase")}
        share = coordinator_share(recording)
    bench.line("the coordinator, sampling every second, % of a core", f"{share:.2f}", share <= 0.5)
    bench.line("close with reset, s", f"{spans['close']:.1f}")
    bench.line("ramp to the same again, s (the first)",
               f"{spans['ramp-2']:.1f} ({spans['ramp']:.1f})")
    bench.line("close with FIN, s", f"{spans['close-2']:.1f}")
    after = bench.plan("ramp", goal=goal)
    bench.line("ramp of the next run, right after, s",
               f"{after['connections']['established'] / after['connect']['rate']:.1f}")


def watched(bench, goal):
    """A run of million.plan, and the memory of all its processes while it held."""
    run = subprocess.Popen(bench.command("million", goal=goal), stdout=subprocess.PIPE, text=True)
    while run.poll() is None and not is_holding(bench):
        time.sleep(1)
    # The phase has only just begun: what measures memory, and the first sample, is still to come.
    time.sleep(5)
    children = pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    memory = collections.Counter()
    for pid in [run.pid, *map(int, children)]:
        own = mapped(pid)
        if pid == run.pid:
            own = collections.Counter({"coordinator, all of it": sum(own.values())})
        memory.update(own)
    return json.loads(run.communicate()[0]), memory


def mapped(pid):
    """Bytes that a process takes of memory (PSS), by what is mapped."""
    sizes, kind = collections.Counter(), None
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            path = words[5] if len(words) > 5 else ""
            kind = ("scoreboards" if words[1].endswith("s") else
                    "heap and stack" if path.startswith("[") else
                    "program and libraries" if path else "tables and buffers")
        elif words[0] == "Pss:":
            sizes[kind] += int(words[1]) * 1024
    return sizes


def is_holding(bench):
    try:
        with contextlib.closing(bench.recording("million")) as recording:
            return recording.execute(
                "SELECT count(*) FROM phase WHERE name = 'hold' AND started IS NOT NULL"
            ).fetchone()[0] == 1
    except sqlite3.Error:
        return False


def coordinator_share(recording):
    """Percent of a processor that the coordinator took during the hold, from sample to sample."""
    points = recording.execute(
        "SELECT at, value FROM reading, phase WHERE reading.name = 'processor'"
        " AND label = 'coordinator' AND phase.name = 'hold' AND at BETWEEN started AND ended"
        " ORDER BY at").fetchall()
    (began, first), (ended, last) = points[0], points[-1]
    return 100 * (last - first) / (ended - began)


# MARK: The live view

def view(bench):
    print("\nThe coordinator in a hold, % of a core")
    bench.line("on a terminal, with its live view", f"{observed(bench, 'live'):.2f}")
    bench.line("with nothing to show", f"{observed(bench, 'none'):.2f}")


def observed(bench, progress):
    command = [word for word in bench.command("million", goal=10_000, span="10s")
               if word != "--quiet"] + ["--progress", progress]
    terminal, standard_error = pty.openpty()
    # What nobody reads would stop the run once the terminal is full.
    reader = threading.Thread(target=read_all, args=(terminal,), daemon=True)
    reader.start()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=standard_error, check=True)
    os.close(standard_error)
    with bench.recording("million") as recording:
        return coordinator_share(recording)


def read_all(terminal):
    with contextlib.suppress(OSError):
        while os.read(terminal, 65_536):
            pass


# MARK: As many as memory takes

def scale(bench):
    """One ramp beyond what memory takes, with the settings out of the way that end it before."""
    print("\nAs many as memory takes")
    with settings({"fs.epoll.max_user_watches": 20_000_000, "fs.file-max": 20_000_000}):
        run = bench.plan("scale", codes=(100,))
    held, limit, predicted = run["connections"]["established"], run["limit"], run["prediction"]
    bench.line("connections held at once", f"{held:,}", held >= 2_700_000)
    bench.line("ended by", f"{limit['end']} {limit['resource']}", limit["resource"] == "memory-guard")
    bench.line("predicted", f"{predicted['connections']:,} by {predicted['resource']}: "
                            f"{100 * (predicted['connections'] / held - 1):+.1f}%")
    with bench.recording("scale") as recording:
        points = growth(recording)
    gaps = [after[0] - before[0] for before, after in zip(points, points[1:])]
    bench.line("longest time from one sample to the next, s", f"{max(gaps):.2f}")
    print(f"  {'connections':>12}{'s':>8}{'of the last, /s':>18}{'kernel memory a pair, B':>26}")
    marks, last = [], (0, 0.0)
    for mark in range(250_000, held + 1, 250_000):
        at, count, memory = next((point for point in points if point[1] >= mark), points[-1])
        if count == last[0]:
            continue
        pace = (count - last[0]) / (at - last[1])
        print(f"  {count:12,.0f}{at:8.1f}{pace:18,.0f}{memory / count:26,.0f}")
        marks.append({"connections": count, "seconds": at, "kernel": memory})
        last = (count, at)
    bench.results["growth"] = marks
    picture = HERE.parent / "reports/scale.svg"
    picture.write_text(plot.growth(points))
    print("  drawn in reports/scale.svg")


def growth(recording):
    """Seconds since the ramp began, connections established, and bytes of kernel memory."""
    started = recording.execute("SELECT started FROM phase WHERE name = 'ramp'").fetchone()[0]
    return [(at - started, count, memory) for at, count, memory in recording.execute(
        "SELECT c.at, c.value, m.value FROM reading c JOIN reading m ON m.at = c.at, phase"
        " WHERE c.name = 'connections.established' AND m.name = 'memory.kernel'"
        " AND phase.name = 'ramp' AND c.at BETWEEN phase.started AND phase.ended ORDER BY c.at")]


@contextlib.contextmanager
def settings(wanted):
    """Kernel settings that are put back, whatever happens."""
    paths = {name: pathlib.Path("/proc/sys", *name.split(".")) for name in wanted}
    before = {name: path.read_text() for name, path in paths.items()}
    try:
        for name, value in wanted.items():
            paths[name].write_text(str(value))
        yield
    finally:
        for name, value in before.items():
            paths[name].write_text(value)
