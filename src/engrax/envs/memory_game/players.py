"""Scripted players of the Memory Game, with and without memory."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from engrax.envs.memory_game.environment import MemoryGame, MemoryGameState

Player = Callable[[MemoryGameState, Key[Array, ""]], Int[Array, ""]]
"""Maps a state and a key to the card to flip. A player uses no number that was not shown."""


def any_card(state: MemoryGameState, key: Key[Array, ""]) -> Int[Array, ""]:
    """Flips any card, whether it is there or gone."""
    return _any_of(jnp.ones_like(state.gone), key)


def card_left(state: MemoryGameState, key: Key[Array, ""]) -> Int[Array, ""]:
    """Flips any card left: remembers which are gone, and nothing of glyphs."""
    return _any_of(~state.gone, key)


def another_card_left(state: MemoryGameState, key: Key[Array, ""]) -> Int[Array, ""]:
    """Flips any card left but the one it flipped last."""
    return _any_of(~state.gone & ~_is_flipped(state), key)


def perfect_memory(state: MemoryGameState, key: Key[Array, ""]) -> Int[Array, ""]:
    """Flips the partner of the card face up if it was ever shown, else a card never shown, else any
    card left.

    It finds all pairs, since none takes more than three flips: of each of its cards for the first
    time, and of the one shown earlier again, right after the other.
    """
    partner = (state.cards == state.shown) & state.seen & ~state.gone & ~_is_flipped(state)
    fresh = jnp.where(jnp.any(~state.seen), ~state.seen, ~state.gone)
    return _any_of(jnp.where(jnp.any(partner), partner, fresh), key)


PLAYERS: Mapping[str, Player] = {
    "any_card": any_card,
    "card_left": card_left,
    "another_card_left": another_card_left,
    "perfect_memory": perfect_memory,
}
"""Every player by name, weakest first."""


def play_games(game: MemoryGame, player: Player, keys: Key[Array, " n"]) -> Float[Array, " n"]:
    """Plays games side by side.

    Args:
        game: the task; its view does not matter.
        player: plays them all.
        keys: one a game.

    Returns:
        The return of each game: how many pairs were found.
    """
    return jax.vmap(lambda key: _play(game, player, key))(keys)


def _play(game: MemoryGame, player: Player, key: Key[Array, ""]) -> Float[Array, ""]:
    def flip(
        state: MemoryGameState, key: Key[Array, ""]
    ) -> tuple[MemoryGameState, Float[Array, ""]]:
        state = game.advance(state, player(state, key), key)
        return state, game.observe(state).reward

    keys = jax.random.split(key, 1 + game.num_flips)
    return jnp.sum(jax.lax.scan(flip, game.draw(keys[0]), keys[1:])[1])


def _is_flipped(state: MemoryGameState) -> Bool[Array, " c"]:
    return jnp.arange(state.cards.size, dtype=jnp.int32) == state.flipped


def _any_of(cards: Bool[Array, " c"], key: Key[Array, ""]) -> Int[Array, ""]:
    """One of these cards, uniformly; any card if there are none."""
    cards = cards | ~jnp.any(cards)
    which = jax.random.bits(key, (), jnp.uint32) % jnp.sum(cards, dtype=jnp.uint32)
    return jnp.argmax(jnp.cumsum(cards.astype(jnp.uint32)) == which + 1).astype(jnp.int32)
