"""The page in a browser: each control does what it says, on data with known contents."""

import re

import numpy as np
import pytest
from browser.pages import (
    OpenPage,
    colour_at,
    overflows,
    plain,
    recalled_rows,
    settle,
    step_of,
)
from browser.synthetic import (
    CHOICES,
    HCAM,
    ROWS,
    bare_agent_page,
    base_run,
    blob,
    chunked_run,
    chunks_page,
    long_page,
    mixed_page,
    page_data,
    recurrent_page,
    rows_page,
    two_agents_page,
)

KNOWN = 37  # the step of `chunked_run` whose attention is known


def film_place(page, step: int) -> dict[str, float]:
    return page.evaluate("(step) => engrax.panels[0].film.place(step)", step)


def click_film(page, step: int) -> None:
    place = film_place(page, step)
    page.locator(".film").click(position={"x": place["left"] + 8, "y": place["top"] + 8})
    settle(page)


def tab_to(page, selector: str) -> None:
    """Moves the focus there by the keyboard."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


def test_opens_at_the_most_telling_decision(open_page: OpenPage):
    page = open_page(chunks_page)
    assert step_of(page) == KNOWN
    headline = page.locator(".headline").inner_text()
    assert headline.startswith(
        "50 % of the attention goes to step 11 (chunk 1, which has 75 % in all), 26 steps ago."
    )
    assert re.search(r"Leaving this chunk out makes “\w+” 4\.5 times less likely", headline)


def test_the_five_most_recalled_have_the_known_values(open_page: OpenPage):
    rows = recalled_rows(open_page(chunks_page))
    assert rows == [
        ["11", "26", "50 %", "0 %", "+1.50", "target's dance"],
        ["12", "25", "25 %", "75 %", "+1.50", "target's dance"],
        ["3", "34", "13 %", "25 %", rows[2][4], "waiting"],
        ["20", "17", "6.3 %", "0 %", "-0.50", "waiting"],
        ["21", "16", "3.1 %", "0 %", "-0.50", "waiting"],
    ]


def test_whole_chunks_add_up_their_steps(open_page: OpenPage):
    page = open_page(chunks_page)
    page.get_by_label("whole chunks").check()
    rows = recalled_rows(page)
    assert [row[:4] for row in rows[:3]] == [
        ["8-15", "22-29", "75 %", "75 %"],
        ["0-7", "30-37", "13 %", "25 %"],
        ["16-23", "14-21", "9.4 %", "0 %"],
    ]


def test_the_measure_orders_the_items(open_page: OpenPage):
    page = open_page(chunks_page)
    heading = page.locator(".most h4")
    labels = "engrax.panels[0].timeline.labels()"
    assert heading.inner_text() == "Most recalled"
    assert page.evaluate(labels) == ["13 %", "75 %", "9.4 %", "0 %", "0 %"]
    page.get_by_role("button", name="Saliency").click()
    assert [row[0] for row in recalled_rows(page)] == ["12", "3"]
    assert heading.inner_text() == "Most salient"
    assert page.evaluate(labels) == ["25 %", "75 %", "0 %", "0 %", "0 %"]
    page.get_by_role("button", name="Effect of leaving it out").click()
    assert [(row[0], row[4]) for row in recalled_rows(page)[:2]] == [
        ("8-15", "+1.50"),
        ("16-23", "-0.50"),
    ]
    assert heading.inner_text() == "Largest effects"
    assert [plain(text) for text in page.evaluate(labels)[1:3]] == ["+1.50", "-0.50"]
    assert page.get_by_role("button", name="Saliency").get_attribute("aria-pressed") == "false"


def test_a_missing_effect_of_the_attended_step_is_pointed_out(open_page: OpenPage):
    ablation = np.full((40, 40), np.nan)
    ablation[KNOWN, 8:16], ablation[KNOWN, 16:24] = 0.01, -0.7

    def disagreeing():
        return page_data([HCAM], [chunked_run(ablation=blob(ablation, "f16"))])

    page = open_page(disagreeing)
    headline = plain(page.locator(".headline").inner_text())
    assert "hardly changes the choice (+0.01)" in headline
    assert "The largest effect is elsewhere: steps 16-23 (-0.70)." in headline
    assert page.locator("tr.small-effect:visible").count() == 2


def test_what_was_not_measured_is_said(open_page: OpenPage):
    empty = np.full((40, 40), np.nan)
    empty[20, :20] = 0

    def unmeasured():
        attention = blob(np.zeros((40, 4, 40)), "f16")
        run = chunked_run(attention=attention)
        run["saliency"] = run["ablation"] = blob(empty, "f16")
        return page_data([HCAM], [run])

    page = open_page(unmeasured, fragment="#episode=1&step=10")
    assert page.locator(".headline").inner_text() == "At step 10 nothing of the past is recalled."
    said = {}
    for step in (10, 20):
        for name in ("saliency", "ablation"):
            page.evaluate("([step, measure]) => engrax.set({step, measure})", [step, name])
            settle(page)
            headline = page.locator(".headline").inner_text()
            curve = page.locator("[data-curve=largest] strong").inner_text()
            said[step, name] = (headline, plain(curve))
    assert said == {
        (10, "saliency"): ("Saliency is computed only where the action counts.", "-"),
        (10, "ablation"): ("Nothing was left out at this step.", "-"),
        (20, "saliency"): ("At step 20 no past observation has any saliency.", "-"),
        (20, "ablation"): ("At step 20 leaving out changes nothing.", "0.00"),
    }


def test_keys_move_the_step(open_page: OpenPage):
    page = open_page(chunks_page, fragment="#episode=1&step=20")
    steps = []
    for key in ("ArrowRight", "ArrowLeft", "Shift+ArrowLeft", "PageDown", "Home", "End", "m"):
        page.keyboard.press(key)
        steps.append(step_of(page))
    assert steps == [21, 20, 10, 20, 0, 39, KNOWN]


def test_space_plays_until_the_end(open_page: OpenPage):
    page = open_page(chunks_page, fragment="#episode=1&step=34")
    page.get_by_label("Speed").select_option("32")
    page.locator("#play").click()
    page.wait_for_timeout(500)
    assert step_of(page) == 39
    assert "play" in page.locator("#play").inner_text()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")  # begins again
    settle(page)
    assert "pause" in page.locator("#play").inner_text()
    page.keyboard.press("Space")
    stopped = step_of(page)
    page.wait_for_timeout(150)
    assert step_of(page) == stopped < 39


def test_playback_follows_the_time_that_is_seen(open_page: OpenPage):
    page = open_page(chunks_page, fragment="#episode=1&step=10")
    steps = page.evaluate(
        """() => {
          const waiting = [];
          window.requestAnimationFrame = (callback) => waiting.push(callback);
          const frame = (time) => waiting.splice(0).forEach((callback) => callback(time));
          engrax.state.speed = 16;
          const begin = performance.now();
          document.getElementById("play").click();
          return [begin - 400, begin - 300, begin + 60000].map((time) => {
            frame(time);
            return engrax.state.step;
          });
        }"""
    )
    assert steps == [10, 11, 19]  # 0.1 s, then the most that one frame counts: 0.5 s


def test_space_toggles_a_focused_checkbox(open_page: OpenPage):
    page = open_page(chunks_page)
    for label in ("whole chunks", "each step to its own scale"):
        page.get_by_label(label).focus()
        page.keyboard.press("Space")
        settle(page)
        assert page.get_by_label(label).is_checked()
    page.keyboard.press("ArrowLeft")
    assert step_of(page) == KNOWN - 1
    page.get_by_label("Speed").focus()
    page.keyboard.press("m")
    assert step_of(page) == KNOWN - 1
    assert not page.evaluate("engrax.state.playing")


def test_decisions_are_the_effective_steps(open_page: OpenPage):
    page = open_page(chunks_page, fragment="#episode=1&step=0")
    page.locator("#next").click()
    assert step_of(page) == 34
    page.keyboard.press("n")
    assert step_of(page) == 35
    page.locator("#previous").click()
    assert step_of(page) == 34
    assert page.locator("#previous").is_disabled()
    assert not open_page(rows_page).locator("#next").is_visible()


def test_actions_without_effect_are_grey(open_page: OpenPage):
    page = open_page(chunks_page, fragment="#episode=1&step=10")
    assert page.locator(".present.without-effect").is_visible()
    assert page.get_by_text("The action had no effect at this step.").is_visible()
    page.keyboard.press("End")
    settle(page)
    assert page.locator(".present.without-effect").count() == 0


def test_the_present_step_shows_its_numbers(open_page: OpenPage):
    def known():
        policy = np.tile([0.1, 0.2, 0.3, 0.4], (40, 1))
        chosen = np.tile([0, 1, 0, 0], (40, 1))
        run = chunked_run(policy=blob(policy, "f32"), chosen=blob(chosen, "u8"))
        run["reward"] = blob(np.full(40, -0.5), "f32")
        return page_data([HCAM], [run])

    page = open_page(known, fragment="#episode=1&step=39")
    bars = page.locator(".policy li")
    assert [text.split() for text in bars.all_inner_texts()] == [
        [name, value] for name, value in zip(CHOICES, ["0.10", "0.20", "0.30", "0.40"], strict=True)
    ]
    assert page.locator(".policy .chosen").inner_text().startswith("east")
    assert [plain(text) for text in page.locator(".facts dd").all_inner_texts()[1:]] == [
        "-0.50",
        "1.00",
    ]
    assert page.locator(".words").inner_text() == "“the circle”"
    assert page.locator(".said").inner_text() == "text “the circle”"
    assert page.locator(".facts dt").nth(1).inner_text() == "reward received"
    assert page.locator("[data-curve=reward]").inner_text().startswith("reward received")


def test_dragging_scrubs(open_page: OpenPage):
    page = open_page(chunks_page)
    box = page.locator(".timeline").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 5.5 / 40, box["y"] + 30)
    page.mouse.down()
    assert step_of(page) == 5
    page.mouse.move(box["x"] + box["width"] * 20.5 / 40, box["y"] + 30)
    assert step_of(page) == 20
    page.mouse.up()

    page.locator(".film").scroll_into_view_if_needed()
    film = page.locator(".film").bounding_box()
    begin, end = film_place(page, 3), film_place(page, 9)
    page.mouse.move(film["x"] + begin["left"] + 9, film["y"] + begin["top"] + 9)
    page.mouse.down()
    page.mouse.move(film["x"] + end["left"] + 9, film["y"] + end["top"] + 9, steps=3)
    page.mouse.up()
    assert step_of(page) == 9
    assert page.evaluate("engrax.state.pinned") is None

    page.locator("#slider").fill("12")
    assert step_of(page) == 12


def test_bright_frames_are_the_attended_ones(open_page: OpenPage):
    page = open_page(chunks_page)

    def bar(step: int) -> list[int]:
        place = film_place(page, step)
        y = place["top"] + place["line"] - 6
        return colour_at(page, ".film", place["left"] + place["size"] * 0.6, y)

    assert bar(11) == [254, 232, 56]
    assert bar(12) == bar(5) != bar(11)  # half as long


def test_the_film_can_be_evenly_bright(open_page: OpenPage):
    page = open_page(chunks_page)

    def border(step: int) -> list[int]:
        place = film_place(page, step)
        y = place["top"] + 2
        return colour_at(page, ".film", place["left"] + place["size"] / 2, y)

    assert border(5)[0] < 60
    page.get_by_label("even brightness").check()
    assert border(5) == [90, 90, 90]
    assert border(39)[0] < 60  # still to come
    page.keyboard.press("ArrowLeft")
    assert border(5) == [90, 90, 90]
    assert page.get_by_label("even brightness").is_checked()


def test_events_are_named(open_page: OpenPage):
    page = open_page(chunks_page)
    assert page.locator(".step").inner_text() == f"step {KNOWN} of 39 · choice"
    assert page.locator(".kind").all_inner_texts() == ["waiting", "target's dance", "choice"]
    unit = page.locator(".timeline").bounding_box()["width"] / 40
    band = [colour_at(page, ".timeline", (step + 0.5) * unit, 80) for step in (3, 11, 35)]
    assert band == [[230, 159, 0], [86, 180, 233], [0, 158, 115]]

    def older():
        run = chunked_run()
        del run["events"]
        return page_data([HCAM], [run])

    page = open_page(older)
    assert page.locator(".step").inner_text() == f"step {KNOWN} of 39"
    assert page.locator(".kind, .showed").count() == 0


def test_the_help_defines_its_words(open_page: OpenPage):
    page = open_page(chunks_page)
    page.locator("#help summary").click()
    terms = page.locator("#help strong").all_inner_texts()
    assert {"chunk", "row", "reader", "decision", "most telling"} <= set(terms)
    text = " ".join(page.locator("#help").inner_text().split())
    for said in ("in nats", "left out one at a time", "an action without effect"):
        assert said in text
    titles = {"#next": "action has an effect", "#telling": "most concentrated"}
    for selector, said in titles.items():
        assert said in page.locator(selector).get_attribute("title")


def test_a_click_pins_and_the_column_is_shown(open_page: OpenPage):
    page = open_page(chunks_page)
    assert not page.locator("[data-curve=pinned]").is_visible()
    click_film(page, 11)
    curve = page.locator("[data-curve=pinned]")
    assert "attention of the pinned step 11" in curve.inner_text()
    assert curve.locator("strong").inner_text() == "50 %"
    assert page.locator(".recalled tr.pinned").inner_text().split()[0] == "11"
    assert page.locator(".pink").inner_text() == "pink: up to 50 %"

    page.get_by_label("Show the numbers behind the pictures").click()
    settle(page)
    numbers = page.locator("#curves table tbody tr").nth(KNOWN).locator("td").all_inner_texts()
    assert (numbers[0], numbers[-1]) == (str(KNOWN), "0.500")

    page.locator("#unpin").click()
    settle(page)
    assert not curve.is_visible()
    page.set_viewport_size({"width": 1000, "height": 900})
    page.locator(".recalled button").first.click()
    settle(page)
    fits = "(plot) => plot.clientWidth <= plot.closest('.curve').clientWidth"
    assert curve.locator(".uplot").evaluate(fits)
    assert page.locator("#unpin").inner_text().startswith("unpin step 11")
    page.keyboard.press("Escape")
    settle(page)
    assert not page.locator("#unpin").is_visible()


def test_the_film_can_be_used_by_keys_alone(open_page: OpenPage):
    page = open_page(chunks_page)
    tab_to(page, ".film")
    settle(page)
    film = page.locator(".film")
    assert film.get_attribute("aria-valuetext") == "step 11, 26 ago: attention 50 %"
    page.keyboard.press("ArrowRight")
    assert film.get_attribute("aria-valuetext") == "step 12, 25 ago: attention 25 %"
    page.keyboard.press("Enter")
    settle(page)
    assert page.evaluate("engrax.state.pinned") == 12
    assert step_of(page) == KNOWN


def test_the_map_goes_to_a_step_and_pins(open_page: OpenPage):
    page = open_page(chunks_page)
    heat = page.locator(".matrix .heat")
    place = page.evaluate("engrax.panels[0].matrix.map.centre(14, 30)")
    heat.hover(position=place)
    assert (
        page.locator(".matrix .reading")
        .inner_text()
        .startswith("at step 30: step 14, 16 ago: attention")
    )
    heat.click(position=place)
    assert step_of(page) == 30
    assert page.evaluate("engrax.state.pinned") == 14


def test_the_map_zooms_by_wheel_buttons_and_keys_and_moves(open_page: OpenPage):
    page = open_page(chunks_page)
    zoom = "engrax.panels[0].matrix.map.view.zoom"
    heat = page.locator(".matrix .heat")
    heat.hover(position={"x": 300, "y": 300})
    page.mouse.wheel(0, -100)
    settle(page)
    assert page.evaluate(zoom) == pytest.approx(1.2)
    page.locator(".matrix").get_by_text("+", exact=True).click()
    assert page.evaluate(zoom) == pytest.approx(1.8)
    before = page.evaluate("engrax.panels[0].matrix.map.view.x")
    heat.hover(position={"x": 200, "y": 200})
    page.mouse.down()
    box = heat.bounding_box()
    page.mouse.move(box["x"] + 150, box["y"] + 200, steps=3)
    page.mouse.up()
    assert page.evaluate("engrax.panels[0].matrix.map.view.x") > before
    assert step_of(page) == KNOWN
    page.locator(".matrix").get_by_text("whole").click()
    assert page.evaluate(zoom) == 1


def test_another_episode_shows_its_whole_map(open_page: OpenPage):
    page = open_page(mixed_page, fragment="#episode=2&step=20")
    views = "(() => [engrax.panels[0].matrix, engrax.panels[1].slots].map(({map}) => map.view))()"
    for before, after in ((1, 3), (3, 0)):  # of the same size for the first agent, and of another
        page.evaluate("(index) => engrax.open(index, 20)", before)
        settle(page)
        if before == 3:
            page.locator(".slots:visible").get_by_text("+", exact=True).click()
        page.locator(".matrix").first.get_by_text("+", exact=True).click()
        page.evaluate("engrax.set({measure: 'saliency'})")  # keeps the view
        settle(page)
        assert page.evaluate(views)[0]["zoom"] == 1.5
        page.evaluate("(index) => engrax.open(index, 20)", after)
        settle(page)
        assert page.evaluate(views) == [{"zoom": 1, "x": 0, "y": 0}] * 2


def test_the_map_can_be_used_by_keys_alone(open_page: OpenPage):
    page = open_page(chunks_page)
    tab_to(page, ".matrix .heat")
    reading = page.locator(".matrix .reading")
    assert reading.inner_text() == "at step 37: step 11, 26 ago: attention 50 %"
    page.keyboard.press("+")
    assert page.evaluate("engrax.panels[0].matrix.map.view.zoom") == 1.5
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert step_of(page) == 36
    assert page.evaluate("engrax.state.pinned") == 12


def test_a_reader_can_be_chosen(open_page: OpenPage):
    page = open_page(chunks_page, fragment="#episode=1&step=39")
    readers = page.get_by_label("Readers of HCAM")
    groups = readers.evaluate(
        "(select) => [...select.querySelectorAll('optgroup')].map((group) =>"
        " [group.label, ...[...group.children].map((option) => option.text)])"
    )
    assert groups == [[name, f"{name}, averaged", "head 1", "head 2"] for name in LAYERS]
    readers.select_option(label="head 1")
    assert recalled_rows(page)[0][:3] == ["0", "39", "100 %"]
    readers.select_option(label="layer 1, averaged")
    assert float(recalled_rows(page)[0][2].split()[0]) >= 50
    readers.select_option(label="layer 2, averaged")
    assert recalled_rows(page)[0][2] != "100 %"


LAYERS = ("layer 1", "layer 2")


def test_steps_that_left_the_memory_are_marked(open_page: OpenPage):
    page = open_page(rows_page, fragment="#episode=1&step=40")
    film = film_place(page, 10)
    page.locator(".film").hover(position={"x": film["left"] + 8, "y": film["top"] + 8})
    assert page.locator("#preview").inner_text() == "step 10, 30 ago, no longer in memory"
    place = page.evaluate("engrax.panels[0].matrix.map.centre(10, 40)")
    assert colour_at(page, ".matrix .heat", place["x"], place["y"] - 3) == [206, 210, 214]


def test_rows_of_the_memory_are_shown(open_page: OpenPage):
    page = open_page(rows_page, fragment="#episode=1&step=40")
    heat = page.locator(".slots .heat")
    place = page.evaluate("engrax.panels[0].slots.map.centre(40, 8)")
    heat.hover(position=place)
    reading = page.locator(".slots .reading").inner_text()
    assert reading.startswith("at step 40, row 8 holds step 40, age 0, in place of step 24, usage")
    before = colour_at(page, ".slots .heat", place["x"] + 40, place["y"])
    page.get_by_label("Colour").select_option("age")
    assert colour_at(page, ".slots .heat", place["x"] + 40, place["y"]) != before
    heat.click(position=page.evaluate("engrax.panels[0].slots.map.centre(45, 8)"))
    assert step_of(page) == 45
    assert page.evaluate("engrax.state.pinned") == 40
    assert not open_page(chunks_page).locator(".slots").is_visible()


def test_usage_can_be_chosen_only_where_it_is_known(open_page: OpenPage):
    page = open_page(mixed_page)
    colour = page.locator(".slots:visible select")
    assert colour.locator("option").all_inner_texts() == ["step written", "age", "usage"]
    colour.select_option("usage")
    page.evaluate("engrax.open(2, 40)")
    settle(page)
    assert colour.locator("option").all_inner_texts() == ["step written", "age"]
    assert colour.input_value() == "written"
    page.evaluate("engrax.open(0)")
    settle(page)
    assert colour.input_value() == "usage"


def test_a_memory_without_attention_shows_saliency(open_page: OpenPage):
    page = open_page(recurrent_page, fragment="#episode=1&step=20")
    assert page.locator("[data-measure]").all_inner_texts() == ["Saliency"]
    assert not page.get_by_label("Readers of LSTM").is_visible()
    rows = recalled_rows(page)
    assert [row[0] for row in rows] == ["19", "18", "17", "16", "5"]
    past = 0.9 ** np.arange(1, 21)
    assert rows[0][2] == f"{100 * 0.9 / (past.sum() + 0.4):.0f} %"


def test_a_memory_without_any_measure_is_still_replayed(open_page: OpenPage):
    page = open_page(nothing_page, fragment="#episode=1&step=3")
    assert "recorded without attention" in page.locator(".headline").inner_text()
    assert not page.locator(".matrix").is_visible()
    page.keyboard.press("ArrowRight")
    assert step_of(page) == 4


def nothing_page():
    return page_data([ROWS], [base_run(20)])


def test_failures_can_be_filtered(open_page: OpenPage):
    page = open_page(chunks_page)
    episodes = page.locator(".episode:visible strong")
    assert episodes.all_inner_texts() == ["1", "2", "3"]
    page.get_by_label("Show episodes").select_option("failures")
    settle(page)
    assert episodes.all_inner_texts() == ["2"]
    assert page.locator("#episodes [role=status]").inner_text() == "1 of 3"
    only = open_page(lambda: page_data([HCAM], [chunked_run()], [chunked_run()]))
    only.get_by_label("Show episodes").select_option("failures")
    settle(only)
    status = only.locator("#episodes [role=status]").inner_text()
    assert status == "no failures among these episodes"
    page.bring_to_front()
    page.locator(".episode:visible").click()
    page.evaluate("engrax.ready")
    page.wait_for_timeout(200)
    assert page.evaluate("engrax.state.episode") == 1
    assert page.locator(".agent .outcome.failure").inner_text() == "failure, 40 steps"


def test_the_link_leads_to_the_step_and_follows_it(open_page: OpenPage):
    page = open_page(chunks_page, fragment="#episode=3&step=35")
    assert page.evaluate("engrax.state.episode") == 2
    assert step_of(page) == 35
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(350)
    assert page.evaluate("location.hash") == "#episode=3&step=34"
    page.evaluate("location.hash = '#episode=2&step=7'")
    page.wait_for_timeout(300)
    assert page.evaluate("engrax.state.episode") == 1
    assert step_of(page) == 7


@pytest.mark.parametrize("fragment", ["#episode=9&step=3", "#episode=1&step=x", "#nonsense"])
def test_a_wrong_link_opens_the_first_episode(open_page: OpenPage, fragment: str):
    page = open_page(chunks_page, fragment=fragment)
    assert page.evaluate("engrax.state.episode") == 0
    assert step_of(page) == KNOWN


def test_a_link_beyond_the_end_is_cut(open_page: OpenPage):
    assert step_of(open_page(chunks_page, fragment="#episode=1&step=999")) == 39


def test_curves_share_the_step(open_page: OpenPage):
    page = open_page(chunks_page)
    over = page.locator("[data-curve=value] .u-over")
    box = over.bounding_box()
    over.click(position={"x": box["width"] * 20 / 39, "y": 20})
    assert step_of(page) == 20
    page.keyboard.press("Home")
    page.mouse.move(5, 5)
    settle(page)
    lefts = page.locator(".curve:visible .u-cursor-x").evaluate_all(
        "(lines) => lines.map((line) => new DOMMatrix(getComputedStyle(line).transform).e)"
    )
    assert len(lefts) == 4
    assert max(map(abs, lefts)) <= 1
    assert page.locator("[data-curve=value] strong").inner_text() == "0.00"


def test_two_agents_stand_side_by_side(open_page: OpenPage):
    page = open_page(two_agents_page)
    one, other = page.locator(".agent").all()
    assert one.bounding_box()["y"] == other.bounding_box()["y"]
    assert "step 33, the last one" in other.locator(".step").inner_text()
    assert one.locator(".step").inner_text() == f"step {KNOWN} of 39 · choice"
    assert "There is no attention for this agent" in other.locator(".note").first.inner_text()
    assert recalled_rows(page, 1)[0][0] == "32"
    assert plain(page.locator("[data-curve=value] strong").inner_text()).split()[-1] == "-"
    assert not overflows(page)


def test_two_agents_of_one_kind_are_told_apart(open_page: OpenPage):
    page = open_page(bare_agent_page)
    about = page.locator(".agent > .bar .quiet").all_inner_texts()
    assert about[0] == "hcam, trained for 1,000,000 steps, from results/seed-1"
    assert "from results/seed-2-xxx" in about[1]
    assert plain(page.locator("[data-curve=largest] strong").inner_text()) == "50 % | -"
    page.evaluate("engrax.set({measure: 'ablation', pinned: 11, numbers: true})")
    settle(page)
    assert plain(page.locator("[data-curve=pinned] strong").inner_text()) == "+1.50 | -"
    page.evaluate("engrax.open(1)")
    settle(page)
    assert not page.locator("[data-curve=largest]").is_visible()
    assert not page.locator("#message").is_visible()
    page.set_viewport_size({"width": 360, "height": 900})
    settle(page)
    assert not overflows(page)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_runs_of_one_step_and_lost_values_break_nothing(open_page: OpenPage, number: int):
    page = open_page(mixed_page, fragment=f"#episode={number}")
    page.locator("#numbers").click()
    last = page.evaluate("engrax.lastStep()")
    for measure in ("1", "2", "3"):
        for key in (measure, "End", "ArrowRight", "Home", "m", "n", "p"):
            page.keyboard.press(key)
        assert 0 <= step_of(page) <= last
    page.evaluate("engrax.set({byChunk: true, perStep: true, slotColour: 'usage', pinned: 0})")
    for selector in (".timeline", ".film", ".matrix .heat", ".slots .heat", ".u-over"):
        page.locator(f"{selector}:visible").last.click()
    for selector in (".film", ".matrix .heat", ".slots .heat"):
        page.keyboard.press("ArrowLeft")
        page.locator(f"{selector}:visible").last.focus()
        for key in ("+", "ArrowRight", "ArrowDown", "Enter", "0"):
            page.keyboard.press(key)
        settle(page)
    page.evaluate("engrax.set({pinned: 0})")
    page.keyboard.press("End")
    assert step_of(page) == last
    page.keyboard.press("Space")
    page.keyboard.press("Space")
    settle(page)
    assert not page.locator("#message").is_visible()
    if number == 4:
        lost = page.locator(".agent").nth(1)
        assert [plain(text) for text in lost.locator(".policy .value").all_inner_texts()] == [
            "-"
        ] * 4
        widths = lost.locator(".policy .fill").evaluate_all(
            "(bars) => bars.map((bar) => bar.style.width)"
        )
        assert widths == ["0%"] * 4
        assert plain(page.locator("[data-curve=value] strong").inner_text()) == "0.00 | -"


def test_a_failure_in_drawing_is_shown(open_page: OpenPage):
    page = open_page(chunks_page, script="console.error = () => {}")
    page.evaluate("engrax.views.push(() => { throw new Error('no paint'); })")
    page.keyboard.press("Home")
    settle(page)
    message = page.locator("#message")
    assert message.inner_text() == "This page cannot show its data: no paint"


def test_numbers_stand_behind_the_pictures(open_page: OpenPage):
    page = open_page(rows_page, fragment="#episode=1&step=59")
    assert not page.locator(".numbers").first.is_visible()
    page.locator("#numbers").click()
    settle(page)
    captions = page.locator(".numbers:visible caption").all_inner_texts()
    assert captions == [
        "Past steps at the present step, largest first",
        "Policy of the present step",
        "Rows of the memory at the present step",
        "Values of the curves around the present step",
    ]
    assert page.locator("#curves .numbers tbody tr").count() == 50
    assert "10 more are left out" in page.locator("#curves .numbers").inner_text()
    third = page.locator(".tables .numbers").nth(2).locator("tbody tr").nth(3)
    assert third.locator("td").all_inner_texts()[:3] == ["3", "51", "8"]


def test_words_and_names_are_only_text(open_page: OpenPage):
    def hostile():
        text = "<img src=x onerror=alert(1)></script><b><!--<script>"
        run = chunked_run(words=[text] * 40, actions=[text] * 40)
        return {**page_data([{**HCAM, "name": text}], [run]), "title": text, "task": text}

    page = open_page(hostile)
    assert page.locator("img").count() == 0
    assert "<img src=x" in page.locator(".words").inner_text()
    assert page.title().startswith("<img src=x")


def test_the_theme_follows_the_system_and_can_be_changed(open_page: OpenPage):
    page = open_page(chunks_page, dark=True)
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(19, 22, 27)"
    page.locator("#theme").click()
    settle(page)
    assert page.evaluate(background) == "rgb(247, 248, 250)"


@pytest.mark.parametrize("maker", [chunks_page, rows_page, recurrent_page, two_agents_page])
def test_narrow_screens_do_not_scroll_sideways(open_page: OpenPage, maker):
    page = open_page(maker, width=360, dark=True)
    page.evaluate("engrax.set({numbers: true, pinned: 5})")
    settle(page)
    assert not overflows(page)


def test_a_new_width_is_filled(open_page: OpenPage):
    page = open_page(chunks_page)
    page.set_viewport_size({"width": 700, "height": 800})
    settle(page)
    assert not overflows(page)
    fit = "(canvas) => Math.abs(canvas.width / devicePixelRatio - canvas.clientWidth) <= 1"
    assert page.locator(".timeline").evaluate(fit)


def test_the_keys_are_listed(open_page: OpenPage):
    page = open_page(chunks_page)
    page.keyboard.press("?")
    assert "play or pause" in page.locator("#keys").inner_text()
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible()


def test_every_control_has_a_name_and_can_be_focused(open_page: OpenPage):
    page = open_page(rows_page)
    nameless = page.locator("button, select, input, canvas[tabindex]").evaluate_all(
        """(controls) => controls.filter((control) => !control.getAttribute("aria-label")
             && !control.labels?.length && !control.textContent.trim()).length"""
    )
    assert nameless == 0
    for selector in ("#play", "#slider", ".timeline", ".film", ".matrix .heat", ".slots .heat"):
        tab_to(page, selector)


def test_an_old_browser_and_another_format_are_explained(open_page: OpenPage):
    page = open_page(chunks_page, script="delete window.DecompressionStream")
    assert "lacks DecompressionStream" in page.locator("#message").inner_text()
    other = open_page(future_page)
    assert "format 2" in other.locator("#message").inner_text()


def future_page():
    return {**chunks_page(), "format": 2}


def test_only_one_name_is_global(open_page: OpenPage):
    page = open_page(chunks_page)
    assert page.evaluate("[typeof engrax, typeof uPlot]") == ["object", "undefined"]


def test_long_episodes_open_and_scrub_fast(open_page: OpenPage):
    page = open_page(long_page)
    assert page.evaluate("performance.now()") < 5000  # under one second on an idle machine
    page.evaluate(
        """async () => {
          engrax.frameTimes.length = 0;
          for (let step = 100; step < 500; step += 10) {
            engrax.go(step);
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
          }
        }"""
    )
    times = page.evaluate("engrax.frameTimes")
    assert len(times) >= 35
    assert np.median(times) < 16
    assert not overflows(page)
