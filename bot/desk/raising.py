"""A case that people have already, and in which the buyer now threatens or tells of harm."""

from __future__ import annotations

from dataclasses import replace

from bot.desk import ranks
from bot.desk.acts import CaseActs
from bot.desk.case_records import BOT, card_as_json
from bot.desk.clocks import SUPERVISOR
from bot.desk.masking import mask_text
from bot.desk.values.cases import Case, CaseState, Priority
from bot.desk.values.history import EventKind

#: The most that is told of what the buyer wrote.
LONGEST_WORDS = 300
#: The line of a card, and of the history, by which its kind is known.
_TOLD = {
    "chargeback": "a chargeback",
    "lawyer": "a lawyer, a court or the police",
    "consumer_protection": "an authority or consumer protection",
    "press": "the press or bad reviews",
    "injury": "an injury or danger",
    "self_harm": "self-harm",
}


class CaseRaising(CaseActs):
    """Moves a case up for what its buyer says."""

    def raise_for(self, case: Case, threat: str, words: str) -> Case:
        """Put a case on top, before the supervisors: nobody argues about a threat, and harm does not wait.

        Whoever has it keeps it and is told; one that nobody has goes to the supervisors' queue at once. Done
        once for each kind of threat.

        Args:
            case: open, and locked by the caller's unit of work.
            threat: one of ``nlu.mood.kinds.Threat``'s values.
            words: what the buyer wrote.
        """
        kind = _TOLD.get(threat, threat.replace("_", " "))
        line = f"the buyer now speaks of {kind}"
        if line in case.card.why:
            return case
        told = mask_text(" ".join(words.split()))[:LONGEST_WORDS]
        owner = self._person(case.owner_id)
        self._record(case.id, EventKind.ALARMED, BOT, f"{kind}: {told}")
        case = self._change(
            case,
            card=card_as_json(replace(case.card, why=f"{case.card.why}; {line}")),
            priority=int(max(case.priority, Priority.URGENT)),
        )
        if owner is None or case.state is CaseState.OPEN:
            if case.queue == SUPERVISOR:
                return case
            text = f"to {SUPERVISOR}"
            return self._queued(case, EventKind.PASSED_ON, BOT, text, queue=SUPERVISOR)
        if not ranks.may(self.rules, owner, "take_over"):
            # Where the supervisors see it, and where it falls to if its owner is silent.
            case = self._change(case, queue=SUPERVISOR)
        return self._owes(case)
