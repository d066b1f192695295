"""What is packed into a page can be unpacked."""

import base64
import io
import json
import zlib

import numpy as np
import pytest
from PIL import Image

from engrax.viewing.packing import blob, coarse, sheet
from engrax.viewing.page import page


def unpacked(packed):
    kinds = {"u8": "<u1", "u16": "<u2", "i16": "<i2", "f16": "<f2", "f32": "<f4"}
    data = zlib.decompress(base64.b64decode(packed["data"]))
    return np.frombuffer(data, kinds[packed["dtype"]]).reshape(packed["shape"])


@pytest.mark.parametrize("kind", ["u8", "u16", "i16", "f16", "f32"])
def test_arrays_come_back(kind):
    array = np.random.default_rng(0).integers(0, 100, (3, 1, 4))
    np.testing.assert_array_equal(unpacked(blob(array, kind)), array)
    json.dumps(blob(array, kind))


def test_what_was_not_measured_comes_back_as_such():
    array = np.array([np.nan, 0.5, -2.0])
    np.testing.assert_array_equal(unpacked(blob(array, "f16")), array.astype(np.float16))


def test_coarse_numbers_keep_three_digits_at_any_size():
    array = np.float32([0.0, 1e-30, -3.14159, 0.99999994, 7e20, np.nan])
    np.testing.assert_allclose(coarse(array), array, rtol=5e-4)
    fine = np.random.default_rng(0).random(10_000).astype(np.float32)
    assert len(blob(coarse(fine), "f32")["data"]) < 0.7 * len(blob(fine, "f32")["data"])


def test_each_picture_is_kept_once():
    draw = np.random.default_rng(0)
    distinct = draw.integers(0, 255, (5, 6, 4, 3), dtype=np.uint8)
    order = [0, 1, 1, 4, 2, 0, 3]
    packed = sheet(distinct[order])
    data = packed["frames"].removeprefix("data:image/png;base64,")
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    (height, width), columns = packed["frame_size"], packed["sheet_columns"]
    assert picture.shape[1] == columns * width
    assert (picture.shape[0] // height) * columns < 5 + columns
    for step, place in enumerate(unpacked(packed["frame_of"])):
        row, column = divmod(int(place), columns)
        found = picture[row * height : (row + 1) * height, column * width : (column + 1) * width]
        np.testing.assert_array_equal(found, distinct[order][step])


def test_a_page_holds_its_data_whatever_is_in_it():
    data = {
        "title": "<b>&</b> {{DATA}}",
        "words": ["</script><script>alert(1)</script>", "{{STYLE}}"],
    }
    text = page(data)
    assert "<title>&lt;b&gt;&amp;&lt;/b&gt; {{DATA}}</title>" in text
    start = text.index('id="engrax-data">') + len('id="engrax-data">')
    assert json.loads(text[start : text.index("</script>", start)]) == data
    assert "http://" not in text.replace("http://www.w3.org", "")
