"""What happens in a seeded chat: agents, messages, engagements, figures."""

from __future__ import annotations

from random import Random
from typing import Any

from zd_assets.sandbox.seeded import world
from zd_assets.sandbox.seeded.visit import session, visitor, webpath
from zd_assets.sandbox.timestamps import iso

Item = dict[str, Any]


def converse(random: Random, identifier: str, updated: int) -> Item:
    """Return a chat of type "chat" whose last update was at epoch second `updated`."""
    draw = random.random
    missed = draw() < 0.07
    proactive = draw() < 0.12
    talk = _Talk(random, identifier)
    duration = talk.play(missed, proactive)
    ended = updated - int(draw() * draw() * 600)
    began = ended - duration
    department = talk.department
    rating = comment = None
    if not missed and draw() < 0.25:
        rating = "good" if draw() < 0.8 else "bad"
        comment = random.choice(world.COMMENTS) if draw() < 0.5 else None
        talk.rate(rating, comment, duration)
    talk.stamp(began)
    engagements = talk.engagements
    answered = [engagement for engagement in engagements if engagement["accepted"]]
    dropped = missed and draw() < 0.4
    tags = [tag for tag in world.TAGS if draw() < 0.12]
    return {
        "abandon_time": round(duration * 0.9 + draw(), 3) if missed else None,
        "agent_ids": [str(agent.id) for agent in talk.agents],
        "agent_names": [agent.name for agent in talk.agents],
        "comment": comment,
        "conversions": [],
        "count": talk.count(),
        "deleted": False,
        "department_id": department.id if department else None,
        "department_name": department.name if department else None,
        "dropped": dropped,
        "duration": duration,
        "end_timestamp": iso(ended),
        "engagements": engagements,
        "history": talk.history,
        "id": identifier,
        "missed": missed and not dropped,
        "proactive": proactive,
        "rating": rating,
        "referrer_search_engine": "Google" if draw() < 0.2 else "",
        "referrer_search_terms": "blaue schuhe größe 42" if draw() < 0.1 else "",
        "response_time": talk.response_time(),
        "session": session(random, identifier, began, ended),
        "skills_fulfilled": any(engagement["skills_fulfilled"] for engagement in answered),
        "skills_requested": talk.skills,
        "started_by": "agent" if proactive else "visitor",
        "tags": tags,
        "timestamp": iso(began),
        "triggered": proactive and draw() < 0.5,
        "triggered_response": draw() < 0.5 if proactive else None,
        "type": "chat",
        "unread": missed,
        "update_timestamp": iso(updated),
        "visitor": talk.visitor,
        "webpath": webpath(random, began),
        "zendesk_ticket_id": int(draw() * 90_000) + 84 if draw() < 0.6 else None,
    }


def offline(random: Random, identifier: str, updated: int) -> Item:
    """Return a chat of type "offline_msg": a message left while nobody was online."""
    draw = random.random
    department = random.choice(world.DEPARTMENTS) if draw() < 0.7 else None
    return {
        "deleted": False,
        "department_id": department.id if department else None,
        "department_name": department.name if department else None,
        "id": identifier,
        "message": random.choice(world.OPENERS) + "\n" + random.choice(world.QUESTIONS),
        "session": session(random, identifier, updated - 60, updated),
        "tags": ["offline"] if draw() < 0.3 else [],
        "timestamp": iso(updated),
        "type": "offline_msg",
        "unread": draw() < 0.5,
        "update_timestamp": iso(updated),
        "visitor": visitor(random),
        "zendesk_ticket_id": int(draw() * 90_000) + 84,
    }


class _Talk:
    """A conversation that isn't finished; its times count from its begin until it is stamped."""

    def __init__(self, random: Random, identifier: str) -> None:
        self.random = random
        self.identifier = identifier
        self.visitor = visitor(random)
        self.department = random.choice(world.DEPARTMENTS) if random.random() < 0.8 else None
        self.agents: list[world.Agent] = []
        self.engagements: list[Item] = []
        self.history: list[Item] = []
        self.skills = [11 + int(random.random() * 5)] if random.random() < 0.3 else []
        self._channel = f"#supportchat:{world.ACCOUNT}-{identifier.rpartition('.')[2]}"
        self._waits: list[float] = []
        self._said = {"agent": 0, "visitor": 0}

    def play(self, missed: bool, proactive: bool) -> int:
        """Let it happen; returns its duration in seconds."""
        draw = self.random.random
        now = 0.0
        self._enter("Visitor", now)
        if missed:
            for _ in range(1 + int(draw() * 3)):
                now += 2 + draw() * 20
                self._say(None, world.QUESTIONS, now)
            if draw() < 0.5:
                # Offered to an agent who didn't accept.
                agent = self.random.choice(world.AGENTS)
                self._engage(agent, "visitor", 1.0, now, [], {"agent": 0, "visitor": 0}, False)
            return self._leave(now + 20 + draw() * 100)
        rounds = 1 if draw() < 0.75 else 2 if draw() < 0.8 else 3
        self._say(None, world.OPENERS, now + 1)
        for number in range(rounds):
            now += 3 + draw() * draw() * 60
            agent = self.random.choice(world.AGENTS)
            if agent not in self.agents:
                self.agents.append(agent)
            starter = "transfer" if number else "agent" if proactive else "visitor"
            if number:
                self._transfer(now)
            self._enter(agent.name, now)
            now = self._serve(agent, starter, now)
        return self._leave(now + 1 + draw() * 30)

    def rate(self, rating: str, comment: str | None, second: float) -> None:
        """Let the visitor rate the chat, and the engagement that served it last."""
        self._note("chat.rating", self.visitor["name"], second, new_rating=rating, rating=None)
        if comment:
            self._note("chat.comment", self.visitor["name"], second, new_comment=comment)
        self.engagements[-1]["rating"] = rating
        self.engagements[-1]["comment"] = comment

    def stamp(self, began: int) -> None:
        """Turn the seconds since the begin into timestamps."""
        for entry in self.history:
            entry["timestamp"] = iso(began + int(entry["timestamp"]))
        for engagement in self.engagements:
            engagement["timestamp"] = iso(began + int(engagement["timestamp"]))

    def count(self) -> Item:
        """Return the messages of each side."""
        return _count(self._said)

    def response_time(self) -> Item:
        """Return how long the visitor waited for answers, in seconds."""
        return _response_time(self._waits)

    def _serve(self, agent: world.Agent, starter: str, began: float) -> float:
        draw = self.random.random
        now = began
        waits: list[float] = []
        said = {"agent": 0, "visitor": 0}
        for _ in range(2 + int(draw() * 3)):
            wait = 2 + draw() * draw() * 90
            waits.append(wait)
            now += wait
            self._say(agent, world.ANSWERS, now)
            said["agent"] += 1
            if draw() < 0.85:
                now += 3 + draw() * 40
                self._say(None, world.QUESTIONS, now)
                said["visitor"] += 1
        self._waits += waits
        now += draw() * 20
        self._note("chat.memberleave", agent.name, now, reason="user_leave_chat")
        self._engage(agent, starter, began, now, waits, said, True)
        return now

    def _engage(
        self,
        agent: world.Agent,
        starter: str,
        began: float,
        ended: float,
        waits: list[float],
        said: dict[str, int],
        accepted: bool,
    ) -> None:
        self.engagements.append(
            {
                "accepted": accepted,
                "agent_full_name": agent.full_name,
                "agent_id": str(agent.id),
                "agent_name": agent.name,
                "assigned": starter != "agent",
                "comment": None,
                "count": _count(said),
                "department_id": self.department.id if self.department else None,
                "duration": ended - began,
                "id": f"{self.identifier}.{len(self.engagements) + 1}",
                "rating": None,
                "response_time": _response_time(waits),
                "skills_fulfilled": accepted and set(self.skills) <= set(agent.skills),
                "skills_requested": self.skills,
                "started_by": starter,
                "timestamp": began,
            }
        )

    def _transfer(self, second: float) -> None:
        before = self.department
        self.department = self.random.choice(world.DEPARTMENTS)
        self._note(
            "chat.request.transfer",
            self.agents[-1].name,
            second,
            department_id=before.id if before else None,
            to_department_id=self.department.id,
            to_department_name=self.department.name,
        )

    def _enter(self, name: str, second: float) -> None:
        if name == "Visitor":
            department = self.department
            self._note(
                "chat.memberjoin",
                self.visitor["name"],
                second,
                department_id=department.id if department else None,
                department_name=department.name if department else None,
            )
        else:
            self._note("chat.memberjoin", name, second)

    def _leave(self, second: float) -> int:
        self._note("chat.memberleave", self.visitor["name"], second, reason="user_leave_chat")
        return int(second)

    def _say(self, agent: world.Agent | None, phrases: tuple[str, ...], second: float) -> None:
        phrase = phrases[int(self.random.random() * len(phrases))]
        if agent is None:
            self._said["visitor"] += 1
            name = self.visitor["name"]
            who = {"msg_id": str(1608612869871 + int(second * 1000)), "sender_type": "Visitor"}
        else:
            self._said["agent"] += 1
            name = agent.name
            who = {"agent_id": str(agent.id), "sender_type": "Agent"}
        self._note("chat.msg", name, second, msg=phrase, options="", **who)

    def _note(self, kind: str, name: str, second: float, **more: Any) -> None:
        self.history.append(
            {
                "channel": self._channel,
                "index": len(self.history),
                "name": name,
                "timestamp": second,
                "type": kind,
                **more,
            }
        )


def _count(said: dict[str, int]) -> Item:
    return {**said, "total": said["agent"] + said["visitor"]}


def _response_time(waits: list[float]) -> Item:
    if not waits:
        return {"avg": None, "first": None, "max": None}
    return {"avg": sum(waits) / len(waits), "first": int(waits[0]), "max": int(max(waits))}
