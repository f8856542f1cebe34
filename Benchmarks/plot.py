"""A plain picture of two lines over the number of connections."""
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 300, 60, 30, 40
COLOURS = ("#1f6feb", "#bc4c00")


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
