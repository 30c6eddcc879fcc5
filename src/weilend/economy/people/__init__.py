"""People: the users of a district, who among them owns what, what they hold and share innocently, and the records that leaves.

`holdings.py` says who holds what (and how fraud makes firms share it), `making.py` draws it, `scene.py` puts it beside firms and
months; `reach.py` has what a contact causes, which only the truth tells; then one file for each sort of record, and `telling.py`
for all.
"""

from weilend.economy.people.holdings import Held, People, fresh_numbers, with_labels, with_shared
from weilend.economy.people.making import make_people, settled
from weilend.economy.people.reach import Campaign, Reach, make_reach, run_campaign
from weilend.economy.people.scene import Scene, make_scene, set_scene
from weilend.economy.people.telling import tell_people
from weilend.economy.people.tokens import owner_codes, tokens

__all__ = ["Campaign", "Held", "People", "Reach", "Scene", "fresh_numbers", "make_people", "make_reach", "make_scene",
           "owner_codes", "run_campaign", "set_scene", "settled", "tell_people", "tokens", "with_labels",
           "with_shared"]  # fmt: skip
