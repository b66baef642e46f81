"""Holds the kit's results against the list of scenarios that are known to differ.

not_yet.txt: one scenario a line as `profile/name  reason`; the line `profile/*  reason` stands for
a whole profile. Prints what is new either way and `N passed, N failed` as the last line.
"""

import json
import sys


def main() -> int:
    results = json.load(open(sys.argv[1]))["results"]
    known = {}
    for line in open(sys.argv[2]):
        line = line.split("#")[0].strip()
        if line:
            name, _, reason = line.partition(" ")
            known[name] = reason.strip()
    passed = failed = waiting = 0
    for result in results:
        name = f"{result['profile']}/{result['scenario']}"
        expected = known.get(name) or known.get(f"{result['profile']}/*")
        if result["passed"]:
            passed += 1
            if name in known:
                print(f"holds now, take it out of not_yet.txt: {name}")
                failed += 1
        elif expected:
            waiting += 1
        else:
            print(f"differs: {name}")
            failed += 1
    print(f"{waiting} known to differ (tests/conformance/not_yet.txt)")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
