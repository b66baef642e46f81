"""Checks by name, and the files that they have looked at."""

import pathlib
import traceback

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
USED = set()

passed = failed = 0


def check(name, doing, *arguments):
    """Runs one check; whatever it raises is its failure."""
    global passed, failed
    try:
        result = doing(*arguments)
    except Exception as error:  # noqa: BLE001: a check fails by any exception
        failed += 1
        print(f"FAILED {name}: {error}")
        if not isinstance(error, (AssertionError, ValueError)):
            traceback.print_exc()
        return None
    passed += 1
    print(f"ok     {name}")
    return result


class Strict(yaml.SafeLoader):
    """YAML in which no key is given twice."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise ValueError(f"keys given twice: {twice} in line {node.start_mark.line + 1}")
        return super().construct_mapping(node, deep)


def read(path):
    """The text of a file of deploy/, which counts as used from now on."""
    USED.add(str(path.relative_to(ROOT)))
    return path.read_text()


def documents(text):
    return [one for one in yaml.load_all(text, Strict) if one is not None]
