"""Plain pictures: two lines over the number of connections, or several over time."""
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 300, 60, 30, 40
COLOURS = ("#1f6feb", "#bc4c00", "#1a7f37")


def growth(points):
    """Seconds and kernel memory over connections, each to its own maximum."""
    most = max(count for _, count, _ in points)
    seconds, memory = (max(point[axis] for point in points) for axis in (0, 2))
    lines = [
        (f"time, to {seconds:.0f} s", [(count, at / seconds) for at, count, _ in points]),
        (f"kernel memory, to {memory / 2**30:.1f} GiB",
         [(count, size / memory) for _, count, size in points]),
    ]
    right, bottom = WIDTH - 20, HEIGHT - BOTTOM

    def x(count):
        return LEFT + (right - LEFT) * count / most

    def y(share):
        return bottom - (bottom - TOP) * share

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#57606a"/>',
        # What would be straight.
        f'<path d="M{LEFT} {bottom}L{right} {TOP}" stroke="#d0d7de" stroke-dasharray="4 4"/>',
    ]
    for count in range(500_000, int(most) + 1, 500_000):
        parts.append(f'<path d="M{x(count):.1f} {bottom}v5" stroke="#57606a"/>'
                     f'<text x="{x(count):.1f}" y="{bottom + 20}" text-anchor="middle">'
                     f'{count / 1e6:g}M</text>')
    for place, ((label, line), colour) in enumerate(zip(lines, COLOURS)):
        path = "L".join(f"{x(count):.1f} {y(share):.1f}" for count, share in line)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{LEFT + 12}" y="{TOP + 14 + 18 * place}" fill="{colour}">'
                     f'{label}</text>')
    return "\n".join([*parts, "</svg>", ""])


def panels(pictures, shaded):
    """Pictures below one another, each a title and its named lines of (seconds, value), from zero on.

    What is between the two instants of `shaded` has a ground of its own.
    """
    height, right = 190, WIDTH - 20
    last = max(at for _, lines in pictures for _, points in lines for at, _ in points)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height * len(pictures)}"'
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height * len(pictures)}" fill="#ffffff"/>',
    ]

    def x(at):
        return LEFT + (right - LEFT) * at / last

    for place, (title, lines) in enumerate(pictures):
        top, bottom = place * height + TOP, (place + 1) * height - BOTTOM
        most = max(value for _, points in lines for _, value in points) or 1

        def y(value):
            return bottom - (bottom - top) * value / most

        parts.append(
            f'<rect x="{x(shaded[0]):.1f}" y="{top}" width="{x(shaded[1]) - x(shaded[0]):.1f}"'
            f' height="{bottom - top}" fill="#f0f3f6"/>'
            f'<path d="M{LEFT} {top}V{bottom}H{right}" fill="none" stroke="#57606a"/>'
            f'<text x="{LEFT}" y="{top - 10}">{title}</text>'
            f'<text x="{LEFT - 6}" y="{top + 5}" text-anchor="end">{most:,.4g}</text>'
            f'<text x="{LEFT - 6}" y="{bottom}" text-anchor="end">0</text>')
        for share in (0, 0.25, 0.5, 0.75, 1):
            parts.append(f'<text x="{x(last * share):.1f}" y="{bottom + 18}" text-anchor="middle">'
                         f'{last * share:.0f} s</text>')
        for number, ((label, points), colour) in enumerate(zip(lines, COLOURS)):
            path = "L".join(f"{x(at):.1f} {y(value):.1f}" for at, value in points)
            parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
                         f'<text x="{right - 130 * (len(lines) - number) + 120}" y="{top - 10}"'
                         f' text-anchor="end" fill="{colour}">{label}</text>')
    return "\n".join([*parts, "</svg>", ""])
