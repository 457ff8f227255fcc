from __future__ import annotations

from crm.letters.models import APPROACH_TO, Approach, Wording, pick_wording
from crm.stances.models import Stance


def test_a_reader_gets_the_wording_for_their_stance_or_the_one_for_everyone() -> None:
    assert APPROACH_TO.keys() == {*Stance}
    written = [("en", Approach.GENERAL), ("en", Approach.THANK), ("fr", Approach.PERSUADE), ("ar", Approach.GENERAL)]
    wordings = {key: Wording(language=key[0], approach=key[1]) for key in written}

    def picked(languages: list[str], stance: Stance) -> tuple[str, Approach] | None:
        found = pick_wording(wordings, languages, stance)
        return (found.language, found.approach) if found else None

    assert picked(["en"], Stance.CHAMPION) == ("en", Approach.THANK)
    assert picked(["en"], Stance.UNKNOWN) == ("en", Approach.GENERAL)
    assert picked(["fr"], Stance.OPPOSED) == ("fr", Approach.PERSUADE)
    # A language that has words for this reader comes before a better approach in another.
    assert picked(["fr", "ar", "en"], Stance.SUPPORTIVE) == ("ar", Approach.GENERAL)
    assert picked(["fr", "es"], Stance.UNDECIDED) is None
