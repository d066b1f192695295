"""Visuomotor mapping in plain Python, from its rules."""

from .word_learning import dealt


def episode(looks, responses, orders, actions):
    """The steps of an episode.

    Args:
        looks: the tables of the deal of colours and shapes.
        responses: the right one to each image.
        orders: an order of all images at every step; looked at only when a block begins.
        actions: one after every step, as many as trials.

    Returns:
        For each step: symbols, reward, last, images, showing of the last trial's image, flawless.
    """
    count, shown, flawless, score = 1, [0] * len(responses), True, 0
    block = [image for image in orders[0] if image < count]
    steps, reward, showing = [], 0.0, 0
    for time, action in enumerate(actions):
        image = block[0]
        shape, colour = divmod(dealt(looks, image, 8), 19)
        hint = 0 if shown[image] else 1 + responses[image]
        steps.append(([[[1 + colour, 1 + shape, hint]]], reward, False, count, showing, False))
        right = bool(action == responses[image])
        reward, showing, score = float(right), shown[image], score + right
        flawless, block = flawless and right, block[1:]
        shown[image] += 1
        if not block:
            count, flawless = min(count + flawless, len(responses)), True
            block = [image for image in orders[time + 1] if image < count]
    steps.append(([[[0, 0, 0]]], reward, True, count, showing, score == len(actions)))
    return steps
