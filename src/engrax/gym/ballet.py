"""Ballet for Gymnasium, with the episodes of the released environment, seed by seed."""

from typing import Any, SupportsFloat

import gymnasium
import jax
import numpy as np

from engrax.envs.ballet.environment import Ballet
from engrax.envs.ballet.levels import level_settings
from engrax.envs.ballet.player import LOOK, LOOKAHEAD, NO_EPISODE, Player, compiled_player
from engrax.envs.ballet.released import released_deal
from engrax.envs.ballet.tables import VOCABULARY
from engrax.envs.grid.picture import render
from engrax.gym.checks import RENDERS_ARRAYS, check_render_mode, checked_action, no_episode
from engrax.gym.forking import check_fork
from engrax.gym.spaces import action_space, observation_space

Observation = dict[str, np.ndarray]
Info = dict[str, Any]


class GymnasiumBallet(gymnasium.Env[Any, Any]):
    """The `Ballet` task, one episode at a time, registered as "engrax/Ballet-v0".

    Dynamics and pictures are those of `engrax.envs.ballet.Ballet`, run by the same code; only the
    draw differs. It reads one NumPy stream as the released environment does, so that
    `reset(seed=s)` opens the first episode that the released environment plays with
    `default_rng(s)`, and every later `reset()` its next.

    Observations are dicts: `image` uint8 [99, 99, 3] or `symbols` uint8 [11, 11, 3], and `text`
    [1], a token of `VOCABULARY`. `info` has `instruction` (the same as a string), the task's
    `success`, and `effective`: whether the action given now has an effect. `terminated`: a dancer
    was reached; `truncated`: time was up.

    JAX starts at the first `reset`, as in `engrax.gym.export.ExportedTask`.
    """

    metadata = RENDERS_ARRAYS

    def __init__(
        self,
        num_dancers: int = 2,
        dance_delay: int = 16,
        max_steps: int | None = None,
        view: str = "pixels",
        dances: tuple[str, ...] | None = None,
        level: str | None = None,
        render_mode: str | None = None,
    ):
        """Sets the level.

        Args:
            num_dancers: see `Ballet`, as for the next two.
            dance_delay: at least 1.
            max_steps: None for the paper's.
            view: "pixels" or "symbols".
            dances: the names of the dances to draw from, see `Ballet`.
            level: a name such as "2_delay16"; it replaces `num_dancers` and `dance_delay`.
            render_mode: None or "rgb_array".

        Raises:
            ValueError: if one of these is outside its range.
        """
        check_render_mode(render_mode, "Ballet")
        size = (
            {"num_dancers": num_dancers, "dance_delay": dance_delay}
            if level is None
            else level_settings(level)
        )
        self.task = Ballet(**size, max_steps=max_steps, view=view, dances=dances)
        self.render_mode = render_mode
        self._interface = self.task.interface
        self.action_space = action_space(self._interface.actions)
        self.observation_space = observation_space(self._interface.observations)
        self._player: Player | None = None
        self._report, self._views = NO_EPISODE, np.empty(0)

    def __getstate__(self) -> dict[str, Any]:
        """All but the compiled functions, so that an environment can be sent to another process."""
        return {**self.__dict__, "_player": None}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, Info]:
        """Opens an episode: the first of a seed's stream, or without a seed the stream's next."""
        super().reset(seed=seed, options=options)
        deal = released_deal(self.np_random, self.task.num_dancers, self.task.repertoire)
        self._play(self._compiled().opening(deal), LOOK)
        return self._observation(), self._info()

    def step(self, action: Any) -> tuple[Observation, SupportsFloat, bool, bool, Info]:
        """Moves the agent.

        Raises:
            gymnasium.error.ResetNeeded: if no episode is under way.
            UserError: if the action is not one of the eight directions.
        """
        if self._report.last:
            raise gymnasium.error.ResetNeeded(no_episode("Ballet"))
        self._turn(int(checked_action(action, self._interface)))
        report = self._report
        terminated, truncated = report.discount == 0, bool(report.last) and report.discount != 0
        return self._observation(), float(report.reward), terminated, truncated, self._info()

    def render(self) -> np.ndarray | None:
        """The agent's view, uint8 [99, 99, 3], if it is asked for and there is an episode."""
        if self.render_mode is None or not len(self._views):
            return None
        return self._view() if self.task.view == "pixels" else np.array(_render(self._view()))

    def _turn(self, action: int) -> None:
        """Goes on to the next step, which is known already if the action has no effect."""
        if self._now + 1 < LOOKAHEAD and not self._report.effective:
            self._show(self._now + 1)
        else:
            self._play(self._numbers[self._now], action)

    def _play(self, numbers: np.ndarray, action: int) -> None:
        self._views, self._numbers = self._compiled().play(numbers, action)
        self._show(0)

    def _show(self, now: int) -> None:
        self._now, self._report = now, self._compiled().report(self._numbers[now])

    def _compiled(self) -> Player:
        """The level's functions. They are made at the first reset: JAX must not start before."""
        if self._player is None:
            check_fork()
            self._player = compiled_player(self.task)
        return self._player

    def _view(self) -> np.ndarray:
        return np.array(self._views[self._now])

    def _observation(self) -> Observation:
        return {self.task.modality: self._view(), "text": np.array([self._report.token])}

    def _info(self) -> Info:
        return {
            "instruction": VOCABULARY[self._report.token],
            "success": bool(self._report.success),
            "effective": bool(self._report.effective),
        }


_render = jax.jit(render)
