"""Which traits can be seen from which view."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ....errors import ConfigError

_VIEWS = {"front": "front", "behind": "behind", "back": "behind", "side": "side"}
_FORM = "The form is 'front: face, hair clip; behind: backless dress'."


@dataclass(frozen=True, slots=True)
class ViewTraits:
    """Traits that only some views show; a trait of two views is hidden from the third."""

    front: tuple[str, ...] = ()
    """Seen from the front."""
    behind: tuple[str, ...] = ()
    """Seen from behind."""
    side: tuple[str, ...] = ()
    """Seen from the side."""

    def hidden_from(self, view: str) -> dict[str, str]:
        """Traits that a view cannot show, each with the first view that does.

        Args:
            view: "front", "behind", "side", or "" for unknown, from which nothing is hidden.
        """
        views = {"front": self.front, "behind": self.behind, "side": self.side}
        shown = {trait.casefold() for trait in views.get(view, ())}
        hidden: dict[str, str] = {}
        for name, traits in views.items():
            if view in views and name != view:
                for trait in traits:
                    if trait.casefold() not in shown:
                        hidden.setdefault(trait, name)
        return hidden


def parse_view_traits(text: str) -> ViewTraits:
    """Read a list like "front: face, hair clip; behind: backless dress, wing tattoo".

    Args:
        text: Views parted by semicolons or lines, each with traits parted by commas. The views are
            front, behind (or back) and side. Empty text means none.

    Raises:
        ConfigError: A part has no view, an unknown one, or no traits; all faults are named.
    """
    traits: dict[str, list[str]] = {"front": [], "behind": [], "side": []}
    faults: list[str] = []
    for part in filter(None, (part.strip() for part in re.split(r"[;\n]", text))):
        view, colon, listed = part.replace("：", ":").partition(":")
        name = _VIEWS.get(view.strip().lower(), "")
        names = [trait.strip() for trait in re.split(r"[,，、]", listed) if trait.strip()]
        if not colon:
            faults.append(f"'{part}' names no view")
        elif not name:
            faults.append(f"'{view.strip()}' is no view (front, behind or side)")
        elif not names:
            faults.append(f"'{view.strip()}' has no traits")
        else:
            traits[name] += [trait for trait in names if trait not in traits[name]]
    if faults:
        raise ConfigError(f"'view_traits' cannot be used: {'; '.join(faults)}. {_FORM}")
    return ViewTraits(*(tuple(traits[view]) for view in ("front", "behind", "side")))
