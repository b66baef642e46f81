"""What the benchmark needs of people.

    people.py register ADDRESS PASSWORD DATABASE   registers somebody; prints the stored hash
    people.py tokens COUNT                         some session tokens, one a line
    people.py cookies ADDRESS PASSWORD COUNT       signs some in as browsers; their cookies
"""

import http.client
import json
import random
import sqlite3
import sys
from urllib.parse import urlencode, urlsplit

import fill

TOKENS = 20_000
COOKIES = 200


def chosen(count: int, some: int) -> list[int]:
    return random.Random(1).sample(range(count), min(count, some))


def register(address: str, password: str, database: str) -> str:
    api = http.client.HTTPConnection(address)

    def ask(method: str, target: str, body=None):
        api.request(method, target, body and json.dumps(body), {"Content-Type": "application/json"})
        return json.loads(api.getresponse().read())

    flow = ask("GET", "/self-service/registration/api")["id"]
    answer = ask("POST", f"/self-service/registration?flow={flow}", {
        "method": "password", "password": password, "traits": {"email": "first@bank.example"}})
    assert "identity" in answer, answer
    rows = sqlite3.connect(database).execute("SELECT config FROM credentials WHERE kind = 'password'")
    return json.loads(rows.fetchone()[0])["hashed_password"]


def cookie(address: str, email: str, password: str) -> str:
    api = http.client.HTTPConnection(address)
    jar: dict[str, str] = {}

    def ask(method: str, target: str, body=None):
        headers = {"Accept": "application/json", "Cookie": "; ".join(f"{k}={v}" for k, v in jar.items())}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        api.request(method, target, body and urlencode(body), headers)
        answer = api.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            jar[name] = value
        return json.loads(answer.read())

    flow = ask("GET", "/self-service/login/browser")
    action = urlsplit(flow["ui"]["action"])
    csrf = next(node["attributes"]["value"] for node in flow["ui"]["nodes"]
                if node["attributes"].get("name") == "csrf_token")
    answer = ask("POST", f"{action.path}?{action.query}", {
        "method": "password", "identifier": email, "password": password, "csrf_token": csrf})
    assert "session" in answer, answer
    return next(f"{name}={value}" for name, value in jar.items() if "session" in name)


def main() -> None:
    match sys.argv[1:]:
        case ["register", address, password, database]:
            print(register(address, password, database))
        case ["tokens", count]:
            print("\n".join(fill.token(number) for number in chosen(int(count), TOKENS)))
        case ["cookies", address, password, count]:
            for number in chosen(int(count), COOKIES):
                print(cookie(address, f"p{number}@bank.example", password))


main()
