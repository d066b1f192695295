"""The paper's six levels, by name."""

from engrax.envs.ballet.environment import Ballet

LEVELS: dict[str, dict[str, int]] = {
    f"{dancers}_delay{delay}": {"num_dancers": dancers, "dance_delay": delay}
    for delay in (16, 48)
    for dancers in (2, 4, 8)
}
"""The arguments of `Ballet` that make each level."""


def level_settings(name: str) -> dict[str, int]:
    """The arguments of `Ballet` that make a level of the paper.

    Args:
        name: one of `LEVELS`, such as "2_delay16".

    Raises:
        ValueError: if there is no such level.
    """
    if name not in LEVELS:
        raise ValueError(
            f"There is no level {name!r} of Ballet: choose from {list(LEVELS)}, or make a Ballet "
            "of your own."
        )
    return LEVELS[name]


def ballet_level(name: str, view: str = "symbols", dances: tuple[str, ...] | None = None) -> Ballet:
    """A level of the paper.

    Args:
        name: "{2,4,8}_delay{16,48}".
        view: "symbols" or "pixels".
        dances: see `Ballet`.

    Raises:
        ValueError: if there is no such level, or for the other arguments as `Ballet` does.
    """
    return Ballet(**level_settings(name), view=view, dances=dances)
