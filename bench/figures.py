"""What bench/compare measured, as Markdown tables and as a chart."""
import os
import platform
import statistics
import subprocess

# figure: its title, unit, and the goals for mtls by kind of keys, as a part of what nginx needs
NAMES = {
    "full": ("full handshake and one request", "µs", {"E": 0.45, "R": 0.58}),
    "resumed": ("resumed handshake and one request", "µs", {"E": 0.38, "R": 0.38}),
    "strangers": ("full handshake of a client never seen and one request", "µs", {"E": 0.55}),
    "requests": ("keep-alive request, HTTP/1.1", "µs", {"E": 0.80}),
    "h2": ("request, HTTP/2 with 16 streams", "µs", {"E": 0.28}),
    "large": ("1 MiB body", "µs", {"E": 0.75}),
    "idle": ("memory of an idle connection", "KiB", {}),
    "start": ("process start to first answer", "ms", {"E": 0.5, "R": 0.5}),
}
KEYS = {"E": "P-256 everywhere", "R": "RSA-2048 leaves under an RSA-4096 CA"}
IDLE_GOAL_KIB = 16
PEER = "nginx"
QUIET = "mtls tuned"  # the table's verdict is about the other, as installed
SILENT = "nginx tuned", "haproxy", "h2o"


def spread(values):
    """Median and quartiles; of one value, itself."""
    if len(values) == 1:
        return values * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return [middle, low, high]


def ratios(ours, theirs):
    """Round by round, for what drifts does so for both."""
    return [a / b for a, b in zip(ours, theirs)]


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def verdict(figure, keys, row):
    title, _, goals = NAMES[figure]
    if "mtls" not in row:
        return "`mtls` was not measured."
    text = []
    if figure == "idle":
        mine = spread(row["mtls"])[0]
        text.append(f"Goal: {IDLE_GOAL_KIB} KiB: {'met' if mine <= IDLE_GOAL_KIB else 'MISSED'}.")
    elif keys in goals and PEER in row:
        ratio = spread(ratios(row["mtls"], row[PEER]))[0]
        met = "met" if ratio <= goals[keys] else "MISSED"
        text.append(f"Goal: {goals[keys]:.2f} of {PEER}; measured {ratio:.2f}: {met}.")
    ahead = [name for name in row if not name.startswith("mtls") and
             statistics.median(row[name]) < statistics.median(row["mtls"])]
    text.append(f"Ahead of mtls: {', '.join(ahead)}." if ahead else "No other server is ahead.")
    return " ".join(text + like_for_like(row))


def like_for_like(row):
    """Those that log nothing beside mtls where it does not either."""
    silent = [name for name in row if name in SILENT]
    if QUIET not in row or not silent:
        return []
    times = [f"{spread(ratios(row[QUIET], row[name]))[0]:.2f} of {name}" for name in silent]
    return [f"Without a log of requests on either side: {QUIET} needs {', '.join(times)}."]


def table(figure, keys, row, limit):
    title, unit, _ = NAMES[figure]
    lines = [f"### {title[0].upper() + title[1:]}, {keys}", "",
             f"| server | {unit} | quartiles | to {PEER} | mtls to it |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, values in row.items():
        middle, low, high = spread(values)
        to_peer = spread(ratios(values, row[PEER]))[0] if PEER in row else None
        mine = spread(ratios(row["mtls"], values)) if "mtls" in row else None
        lines.append(f"| {name} | {number(middle)} | {number(low)} to {number(high)} | "
                     + (f"{to_peer:.2f} | " if to_peer else "| ")
                     + (f"{mine[0]:.2f} ({mine[1]:.2f} to {mine[2]:.2f}) |" if mine else "|"))
    if figure == "full" and keys in limit:
        times = statistics.median(row["mtls"]) / limit[keys] if "mtls" in row else 0
        lines += ["", f"The cryptography that must be done takes {number(limit[keys])} µs; mtls needs "
                      f"{times:.2f} times that."]
    if figure == "large":
        lines += ["", "In GB a second of one core: " + ", ".join(
            f"{name} {1048.576 / statistics.median(values):.2f}" for name, values in row.items()) + "."]
    return lines + ["", verdict(figure, keys, row), ""]


def version(words):
    try:
        done = subprocess.run(words, capture_output=True, text=True)
        return (done.stdout + done.stderr).strip().splitlines()[0]
    except (OSError, IndexError):
        return ""


def processor():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return f"{len(names)} cores of {names[0]}" if names else platform.machine()


def tables(rows, void, missing, limit, options):
    lines = ["# Measurements", "",
             "Made by `./dev bench --results bench/RESULTS.md`; `bench/compare` says how. CPU time of the",
             "server for one operation, all of its processes (without the plain server behind hitch and",
             "stunnel); medians and quartiles of alternating rounds, ratios round by round.",
             "Compare only within one table: absolute figures drift with the machine.", "",
             f"- {processor()}, Linux {platform.release()}, load average {os.getloadavg()[0]:.1f} at the end",
             f"- {version(['openssl', 'version'])}; {version([os.environ['MTLS'], '--version'])}",
             f"- {options.rounds} rounds of {options.seconds} s",
             *[f"- {keys}: {KEYS[keys]}" for keys in options.keys],
             "- nginx: its installed nginx.conf, but a connection may ask more than 1000 times; "
             "\"tuned\": sessions in memory, no tickets, no log",
             "- mtls logs two lines a request, as nginx one; \"tuned\", it is silent about those that went well",
             "- h2o: as packaged it asks for no client certificate, so it has less to do"]
    lines += [f"- {name} was not measured: {why} is not installed" for name, why in missing.items()]
    for (figure, keys, name), why in sorted(void.items()):
        lines.append(f"- void: {name}, {figure} {keys}, {len(why)} rounds: {why[0]}")
    lines.append("")
    for (figure, keys), row in rows.items():
        lines += table(figure, keys, row, limit)
    return "\n".join(lines)


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def chart(rows):
    """Bars for each server, as a part of what nginx needs: shorter is better."""
    shown = [(figure, keys, row) for (figure, keys), row in rows.items()
             if PEER in row and "mtls" in row and keys == "E" or figure in ("full", "resumed")]
    left, bar, gap, width = 190, 14, 34, 720
    parts, y = [], 40
    for figure, keys, row in shown:
        if PEER not in row:
            continue
        base = statistics.median(row[PEER])
        parts.append(f'<text x="8" y="{y}" class="title">{escape(NAMES[figure][0])}, {keys}</text>')
        y += 8
        for name, values in sorted(row.items(), key=lambda item: statistics.median(item[1])):
            ratio = statistics.median(values) / base
            length = min(ratio, 3) / 3 * (width - left - 70)
            kind = "ours" if name == "mtls" else "theirs"
            parts.append(f'<text x="{left - 8}" y="{y + 11}" text-anchor="end">{escape(name)}</text>'
                         f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 2}" class="{kind}"/>'
                         f'<text x="{left + length + 6:.1f}" y="{y + 11}">{ratio:.2f}</text>')
            y += bar + 2
        y += gap - 8
    style = ("text{font:12px sans-serif;fill:#444}.title{font-weight:bold}"
             ".ours{fill:#2a7f62}.theirs{fill:#9aa5b1}"
             "@media(prefers-color-scheme:dark){text{fill:#ccc}}")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" '
            f'viewBox="0 0 {width} {y}" role="img"><title>What each server needs, nginx as installed = 1'
            f'</title><style>{style}</style><text x="8" y="18">nginx as installed = 1; shorter is '
            f'better; bars end at 3</text>{"".join(parts)}</svg>\n')
