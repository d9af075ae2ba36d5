"""A program that tells addresses something by apprise.

Standard input: `{"urls": [...], "title": "...", "text": "...", "kind": "failure"}`. Output: for
each address whether it took all of the text, or null where apprise can't use it; then nothing is
told.
"""

import json
import sys

import apprise


def main() -> None:
    """Tell every address, whatever becomes of the others."""
    asked = json.load(sys.stdin)
    places = [apprise.Apprise.instantiate(url) for url in asked["urls"]]
    kind = apprise.NotifyType(asked["kind"])
    usable = [place for place in places if place is not None]
    taken: list[bool | None] = [None if place is None else False for place in places]
    if len(usable) == len(places):
        taken = [_tell(place, asked["title"], asked["text"], kind) for place in usable]
    print(json.dumps(taken))


def _tell(place: apprise.NotifyBase, title: str, text: str, kind: apprise.NotifyType) -> bool:
    # In as many messages as the service needs; by default it would refuse, or cut.
    place.overflow_mode = apprise.OverflowMode.SPLIT
    teller = apprise.Apprise()
    teller.add(place)
    told = teller.notify(text, title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT)
    return bool(told)


if __name__ == "__main__":
    main()
