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
    return {"name": name, "rate": take("rate"), "cpu": take("cpu_us"), "ratio": ratio,
            "relative": rate, "p50": statistics.median(take("p50")),
            "p99": statistics.median(take("p99")),
            "errors": sum(s["errors"] for s in entry["slices"]),
            "used": f"{len(chosen)}/{len(entry['slices'])}",
            "start": entry["start_ms"], "rest": entry["rest_mb"], "full": entry["full_mb"],
            "calls": statistics.median(s["calls"] for s in entry["slices"])}


def markdown(results: dict, facts: dict, bars: dict) -> str:
    rows = [summary(name, entry) for name, entry in results.items() if entry["slices"]]
    lines = [
        "# Side by side: Stepgate, nginx, nginx with auth_request", "",
        f"Measured {facts['date']} by `benches/side_by_side/run.py {facts['arguments']}`.", "",
        "One gateway at a time on core 0; application, identity stub and load (wrk) on core 1. "
        f"{facts['connections']} keep-alive HTTP/1.1 connections, bodies of about 200 bytes, "
        f"{facts['sessions']} distinct session cookies. Every slice of {facts['seconds']} s "
        "follows one second on a plain nginx that runs all the time, and the ratios are medians "
        "of these pairs, so that they compare neighbours in time; rounds alternate their order. "
        "Slices in which strangers took more than 0.2 of a core are left out where at least "
        "three quieter ones exist. Figures are medians [least-most]. Differences under 15 % are "
        "noise.", "",
        "| gateway | requests/s | CPU us/request | CPU, x plain nginx | rate, x plain nginx | "
        "p50 / p99 us | whoami calls/request | errors | slices used |",
        "|---|---|---|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(
            f"| {row['name']} | {spread(row['rate'], '.0f')} | {spread(row['cpu'], '.1f')} | "
            f"{spread(row['ratio'], '.2f')} | {spread(row['relative'], '.2f')} | "
            f"{row['p50']:.0f} / {row['p99']:.0f} | {row['calls']:.3f} | {row['errors']} | "
            f"{row['used']} |")
    lines += ["", "![CPU per request against plain nginx](chart.svg)", "",
              "| gateway | start to first answer, ms | resident at rest, MB | after load, MB |",
              "|---|---|---|---|"]
    for row in rows:
        lines.append(f"| {row['name']} | {spread(row['start'], '.0f')} | "
                     f"{spread(row['rest'], '.1f')} | {spread(row['full'], '.1f')} |")
    lines += ["", "## What it says about the bars", ""]
    lines += [f"- {text}" for text in bars_text(rows, bars)]
    lines += ["", "## Machine and versions", ""]
    lines += [f"- {key}: {value}" for key, value in facts["versions"].items()]
    return "\n".join(lines) + "\n"


def bars_text(rows: list, bars: dict) -> list:
    found = {row["name"]: row for row in rows}
    text = []
    ours, documented = found.get("stepgate"), found.get("nginx auth_request")
    if ours:
        ratio = statistics.median(ours["ratio"])
        verdict = "reached" if ratio <= bars["cpu"] else "missed"
        text.append(f"CPU per request against plain nginx, access log off: {ratio:.2f}; the bar "
                    f"is {bars['cpu']} ({verdict}).")
    if ours and documented:
        times = statistics.median(ours["rate"]) / statistics.median(documented["rate"])
        verdict = "reached" if times >= bars["times"] else "missed"
        text.append(f"Rate against nginx auth_request as documented: {times:.1f}x; the bar is "
                    f"{bars['times']}x ({verdict}).")
    for name, bar in (("stepgate, forward-auth", bars["forward_auth"]),
                      ("stepgate, ext_authz gRPC", bars["grpc"])):
        door = found.get(name)
        if ours and door:
            times = statistics.median(door["relative"]) / statistics.median(ours["relative"])
            verdict = "reached" if times >= bar else "missed"
            text.append(f"Decisions by {name.split(', ')[1]} against proxied requests: "
                        f"{times:.2f}x the rate; the bar is {bar}x ({verdict}).")
    asking, documented = found.get("nginx asking stepgate"), found.get("nginx auth_request")
    if asking and documented:
        times = statistics.median(documented["ratio"]) / statistics.median(asking["ratio"])
        text.append(f"nginx asking Stepgate takes 1/{times:.2f} of the CPU of nginx asking the "
                    "identity service as documented, both processes counted.")
    return text


def chart(results: dict) -> str:
    rows = [summary(name, entry) for name, entry in results.items() if entry["slices"]]
    most = max(max(row["ratio"]) for row in rows)
    left, width, height = 210, 480, 34
    scale = lambda value: left + value / most * width
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 90} '
           f'{len(rows) * height + 60}" font-family="system-ui, sans-serif" font-size="13">',
           '<style>text{fill:#1f2937}@media(prefers-color-scheme:dark){text{fill:#e5e7eb}}</style>',
           '<text x="8" y="20" font-weight="600">CPU per request, times plain nginx '
           '(median, line: least to most)</text>']
    for at, row in enumerate(rows):
        y = 40 + at * height
        median = statistics.median(row["ratio"])
        colour = "#2563eb" if row["name"].startswith("stepgate") else "#9ca3af"
        middle = y + 10
        out += [
            f'<text x="{left - 10}" y="{y + 15}" text-anchor="end">{row["name"]}</text>',
            f'<rect x="{left}" y="{y}" width="{scale(median) - left:.1f}" height="20" rx="3" '
            f'fill="{colour}"/>',
            f'<line x1="{scale(min(row["ratio"])):.1f}" x2="{scale(max(row["ratio"])):.1f}" '
            f'y1="{middle}" y2="{middle}" stroke="#111827" stroke-width="1.5"/>',
            f'<text x="{scale(max(row["ratio"])) + 8:.1f}" y="{y + 15}">{median:.2f}</text>']
    one = scale(1)
    out += [f'<line x1="{one:.1f}" x2="{one:.1f}" y1="32" y2="{40 + len(rows) * height}" '
            'stroke="#dc2626" stroke-dasharray="4 3"/>', "</svg>"]
    return "\n".join(out) + "\n"
