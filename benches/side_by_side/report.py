"""The report: Markdown and a chart."""

import statistics

QUIET = 0.2  # of a core; a slice in which strangers took more counts only where nothing is quieter


def quiet(slices: list) -> list:
    calm = [s for s in slices if s["strangers"] < QUIET]
    if len(calm) >= 3:
        return calm
    return sorted(slices, key=lambda s: s["strangers"])[:max(3, len(slices) // 2)]


def spread(values: list, form: str) -> str:
    return f"{statistics.median(values):{form}} [{min(values):{form}}-{max(values):{form}}]"


def summary(name: str, entry: dict) -> dict:
    chosen = quiet(entry["slices"])
    take = lambda key: [s[key] for s in chosen]
    ratio = [s["cpu_us"] / s["base_cpu_us"] for s in chosen]
    rate = [s["rate"] / s["base_rate"] for s in chosen]
    return {"name": name, "sessions": entry["sessions"], "rate": take("rate"),
            "cpu": take("cpu_us"), "ratio": ratio, "relative": rate,
            "p50": statistics.median(take("p50")), "p99": statistics.median(take("p99")),
            "errors": sum(s["errors"] for s in entry["slices"]),
            "used": f"{len(chosen)}/{len(entry['slices'])}, "
                    f"{sum(s['strangers'] < QUIET for s in chosen)} quiet",
            "start": entry["start_ms"], "rest": entry["rest_mb"], "full": entry["full_mb"],
            "calls": statistics.median(s["calls"] for s in entry["slices"])}


def markdown(results: dict, facts: dict) -> str:
    rows = [summary(name, entry) for name, entry in results.items() if entry["slices"]]
    lines = ["# Side by side: Stepgate, nginx, and other decision services", "",
             f"Measured {facts['date']} by `benches/side_by_side/run.py {facts['arguments']}`.", ""]
    lines += [how(facts), "", *costs(rows), "",
              "![CPU per request against plain nginx](chart.svg)", "", *sizes(rows), "",
              "## The bars", ""]
    lines += [f"- {text}" for text in bars_text(rows)]
    beside = fronts_text(rows)
    lines += ["", "## The same front, asking another", ""] if beside else []
    lines += [f"- {text}" for text in beside]
    if facts["missing"]:
        lines += ["", "## Left out", ""]
        lines += [f"- {name}: {' and '.join(missing)} not found"
                  for name, missing in facts["missing"].items()]
    lines += ["", "## Machine and versions", ""]
    lines += [f"- {key}: {value}" for key, value in facts["versions"].items()]
    return "\n".join(lines) + "\n"


def how(facts: dict) -> str:
    return (
        "One gateway at a time on core 0, all its processes counted together; application, "
        "identity stub and load (wrk, h2load) on core 1. "
        f"{facts['connections']} keep-alive HTTP/1.1 connections, bodies of about 200 bytes; over "
        f"gRPC {facts['connections']} questions at a time about one session. Before it counts, "
        "each gateway has refused somebody without a session and let somebody in by name, and "
        "its cache, where it has one, has been shown every session. Every slice of "
        f"{facts['seconds']} s follows one second on a plain nginx that runs all the time, and "
        "the ratios are medians of these pairs, so that they compare neighbours in time; rounds "
        "alternate their order. Slices in which strangers took more than 0.2 of a core are left "
        "out where at least three quieter ones exist. Figures are medians [least-most]. "
        "Differences under 15 % are noise.")


def costs(rows: list) -> list:
    lines = ["| gateway | sessions | requests/s | CPU us/request | CPU, x plain nginx | "
             "rate, x plain nginx | p50 / p99 us | whoami calls/request | errors | slices used |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    for row in rows:
        waits = f"{row['p50']:.0f} / {row['p99']:.0f}" if row["p99"] else "-"
        lines.append(
            f"| {row['name']} | {row['sessions']:,} | {spread(row['rate'], ',.0f')} | "
            f"{spread(row['cpu'], '.1f')} | {spread(row['ratio'], '.2f')} | "
            f"{spread(row['relative'], '.3f')} | {waits} | {row['calls']:.3f} | "
            f"{row['errors']} | {row['used']} |")
    return lines


def sizes(rows: list) -> list:
    lines = ["| gateway | start to first answer, ms | resident at rest, MB | after load, MB |",
             "|---|---|---|---|"]
    return lines + [f"| {row['name']} | {spread(row['start'], '.0f')} | "
                    f"{spread(row['rest'], '.1f')} | {spread(row['full'], '.1f')} |"
                    for row in rows]


# What is measured, against whom, by which of its figures, and what is held against it.
BARS = [
    ("CPU of a proxied request", "stepgate", None, "ratio", 1.0),
    ("Rate of proxied requests", "stepgate", "nginx auth_request", "relative", 4.0),
    ("Rate of forward-auth", "stepgate, forward-auth", "stepgate", "relative", 2.0),
    ("Rate of forward-auth", "stepgate, forward-auth", "heimdall, forward-auth", "relative", 8.0),
    ("Rate of ext_authz over gRPC", "stepgate, ext_authz gRPC", "stepgate", "relative", 0.6),
    ("Rate of ext_authz over gRPC", "stepgate, ext_authz gRPC", "heimdall, ext_authz gRPC",
     "relative", 3.0),
]
CALLED = {None: "plain nginx", "stepgate": "proxied requests",
          "nginx auth_request": "nginx auth_request as documented"}


def bars_text(rows: list) -> list:
    """Each bar with what was measured; rates are each in relation to the plain nginx beside it."""
    found = {row["name"]: row for row in rows}
    text = []
    for what, ours, theirs, figure, bar in BARS:
        if ours not in found or (theirs and theirs not in found):
            text.append(f"{what} against {CALLED.get(theirs, theirs)}: not measured; the bar is "
                        f"{bar:g}x.")
            continue
        times, beside = statistics.median(found[ours][figure]), ""
        if theirs:
            times /= statistics.median(found[theirs][figure])
            cpu = (statistics.median(found[theirs]["ratio"])
                   / statistics.median(found[ours]["ratio"]))
            beside = f" (by CPU per request: {cpu:.2f}x)"
        met = times <= bar if figure == "ratio" else times >= bar
        text.append(f"{what} against {CALLED.get(theirs, theirs)}: {times:.2f}x{beside}; the bar "
                    f"is {'at most' if figure == 'ratio' else 'at least'} {bar:g}x: "
                    f"**{'met' if met else 'missed'}**.")
    return text


def fronts_text(rows: list) -> list:
    """nginx, Envoy, Traefik and Caddy asking Stepgate, against the same asking somebody else."""
    found = {row["name"]: row for row in rows}
    text = []
    for front in ("nginx", "envoy", "traefik", "caddy"):
        ours = found.get(f"{front} asking stepgate")
        rivals = [name for name in found if name.startswith(f"{front} asking ")
                  and not name.endswith("stepgate")]
        rivals += ["nginx auth_request"] if front == "nginx" else []
        for name in rivals if ours else []:
            if name not in found:
                continue
            cpu = statistics.median(found[name]["ratio"]) / statistics.median(ours["ratio"])
            rate = statistics.median(ours["relative"]) / statistics.median(found[name]["relative"])
            text.append(f"{front} asking stepgate serves {rate:.2f}x the rate of {name}, which "
                        f"takes {cpu:.2f}x its CPU per request.")
    return text


LONGEST = 12  # a bar of more times plain nginx ends at the edge; its figure stands beside it


def chart(results: dict) -> str:
    rows = [summary(name, entry) for name, entry in results.items() if entry["slices"]]
    most = min(max(max(row["ratio"]) for row in rows), LONGEST)
    left, width, height = 210, 480, 34
    scale = lambda value: left + min(value, most) / most * width
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 90} '
           f'{len(rows) * height + 60}" font-family="system-ui, sans-serif" font-size="13">',
           '<style>text{fill:#1f2937}@media(prefers-color-scheme:dark){text{fill:#e5e7eb}}</style>',
           '<text x="8" y="20" font-weight="600">CPU per request, times plain nginx '
           '(median, line: least to most)</text>']
    for at, row in enumerate(rows):
        out += bar(row, 40 + at * height, left, scale, most)
    one = scale(1)
    out += [f'<line x1="{one:.1f}" x2="{one:.1f}" y1="32" y2="{40 + len(rows) * height}" '
            'stroke="#dc2626" stroke-dasharray="4 3"/>', "</svg>"]
    return "\n".join(out) + "\n"


def bar(row: dict, y: int, left: int, scale, most: float) -> list:
    median, middle, end = statistics.median(row["ratio"]), y + 10, scale(max(row["ratio"]))
    colour = "#2563eb" if "stepgate" in row["name"] else "#9ca3af"
    beyond = " \u00bb" if median > most else ""
    return [
        f'<text x="{left - 10}" y="{y + 15}" text-anchor="end">{row["name"]}</text>',
        f'<rect x="{left}" y="{y}" width="{scale(median) - left:.1f}" height="20" rx="3" '
        f'fill="{colour}"/>',
        f'<line x1="{scale(min(row["ratio"])):.1f}" x2="{end:.1f}" '
        f'y1="{middle}" y2="{middle}" stroke="#111827" stroke-width="1.5"/>',
        f'<text x="{end + 8:.1f}" y="{y + 15}">{median:.2f}{beyond}</text>']
