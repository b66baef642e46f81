"""The official Python SDK against Stepgate. Prints a line for each claim that it checks."""

import sys
import traceback

import admin
import browser
import mail
import native


def main() -> int:
    failed = False
    for part in (native, browser, admin, mail):
        for name, claim in vars(part).items():
            if not callable(claim) or getattr(claim, "__module__", "") != part.__name__ or name[0] == "_":
                continue
            try:
                claim()
                print(f"ok {name.replace('_', ' ')}")
            except Exception as error:
                failed = True
                body = getattr(error, "body", "") or ""
                print(f"FAILED {name.replace('_', ' ')}: {error!r} {body}")
                traceback.print_exc()
    return 1 if failed else 0


sys.exit(main())
