import random

import numpy as np
import pytest

from dcae import Error
from dcae import _arrays


def images(n=5, kind=np.float32):
    return (np.random.default_rng(1).random((n, 4, 6, 1)) * 200).astype(kind)


class Table:
    """As a DataFrame of pandas is, of two rows; columns whose name is name hold text."""

    def __init__(self, columns):
        self.columns = columns

    def __array__(self, dtype=None, copy=None):
        return np.array([[c if c == "name" else i for c in self.columns] for i in range(2)], object if "name" in self.columns else float)

    def select_dtypes(self, exclude):
        return Table([c for c in self.columns if c == "name"])


def test_a_table_has_an_image_in_each_row():
    assert np.array_equal(_arrays.read(Table(["a", "b"])).x, [[0, 0], [1, 1]])


def test_images_in_an_array_of_objects():
    a = np.empty(3, object)
    a[:] = list(images(3))
    assert np.array_equal(_arrays.read(a).x, images(3))



@pytest.mark.parametrize("kind", [np.float16, np.float64, np.int64, bool, np.uint16])
def test_values_become_float32_and_bytes_stay(kind):
    assert _arrays.read(images(kind=kind)).x.dtype == np.float32
    assert np.array_equal(_arrays.read(images(kind=kind)).x, images(kind=kind).astype(np.float32))
    assert _arrays.read(images(kind=np.uint8)).x.dtype == np.uint8


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (np.array(["a", "b"]), None, "give numbers"),
        (np.zeros((3, 2), complex), None, "give numbers"),
        (np.zeros(3), None, "shape \\(3,\\)"),
        (np.zeros((0, 4, 4, 1)), None, "nothing in it"),
        ([np.zeros((4, 4)), np.zeros((4, 5))], None, "different shapes"),
        (np.zeros((3, 4, 4, 1)), np.zeros((2, 4, 4, 1)), "3 images, y 2"),
        (iter([]), None, "no images"),
        (np.zeros((3, 4, 4, 1)), ["a", "b"], "3 images, y 2"),
        (iter([{"image": np.zeros((2, 4, 4, 1))}]), None, "gives dicts"),
        (iter([np.zeros((2, 4, 4, 1))]), np.zeros((2, 4, 4, 1)), "leave out y"),
        (None, None, "x is None"),
        ("photos.npz", None, "x is the path photos.npz: give arrays"),
        (np.zeros((3, 4, 4, 1)), "masks.npz", "y is the path masks.npz"),
        ({"x": 1, "xt": 2}, None, "x is a dict \\(x, xt\\): give one of its arrays"),
        (Table(["id", "name"]), None, "x is a table with other columns \\(name\\): give numbers"),
    ],
)
def test_what_is_no_set_of_images_is_told(x, y, says):
    with pytest.raises(Error, match=says):
        _arrays.read(x, y)


def test_a_label_is_no_target():
    for y in (np.arange(5), np.arange(5).reshape(5, 1), [0, 1, 2, 1, 0], list("abcab")):
        out = _arrays.read(images(), y)
        assert out.y is None and "label" in out.notes[0]
    for y in (images(), np.random.default_rng(2).random((5, 3))):
        out = _arrays.read(images(), y)
        assert np.array_equal(out.y, y.astype(np.float32)) and out.notes == []


class Loader:
    """As torch.utils.data.DataLoader is."""

    batch_size = 2

    def __init__(self, *arrays):
        self.arrays = arrays

    def __iter__(self):
        random.random()
        np.random.rand()
        for i in range(0, 5, 2):
            batch = [a[i : i + 2] for a in self.arrays]
            yield batch if len(batch) > 1 else batch[0]


def test_a_loader_is_read_once_and_leaves_the_generators_alone():
    before = random.getstate(), np.random.get_state()[1].tolist()
    out = _arrays.read(Loader(images()))
    assert np.array_equal(out.x, images()) and out.y is None and out.batch == 2
    out = _arrays.read(Loader(images(), np.arange(5)))
    assert out.y is None and "label" in out.notes[0]
    out = _arrays.read(Loader(images(), images() + 1))
    assert np.array_equal(out.y, images() + 1)
    assert before == (random.getstate(), np.random.get_state()[1].tolist())


def test_a_data_set_of_single_images_is_stacked():
    out = _arrays.read([(image, 3) for image in images()].__iter__())
    assert np.array_equal(out.x, images()) and out.y is None

    class Dataset:
        def __len__(self):
            return 5

        def __getitem__(self, i):
            return images()[i], images()[i] * 2

    out = _arrays.read(Dataset())
    assert np.array_equal(out.x, images()) and np.array_equal(out.y, images() * 2)


def test_flat_samples_are_told_from_batches_by_the_models_rank():
    flat = np.random.default_rng(3).random((6, 7)).astype(np.float32)
    assert _arrays.read(iter([flat[:3], flat[3:]]), shape=(7,)).x.shape == (6, 7)
    assert _arrays.read(iter(flat), shape=(7,)).x.shape == (6, 7)


def test_reading_stops_at_the_limit_and_says_so(monkeypatch):
    monkeypatch.setattr(_arrays, "MOST_IMAGES", 4)
    out = _arrays.read(Loader(images()))
    assert len(out.x) == 4 and "first 4 images" in out.notes[0]


def test_large_arrays_are_thinned_evenly(monkeypatch, tmp_path):
    monkeypatch.setattr(_arrays, "MOST_BYTES", 2 * images().nbytes // 5 + 1)
    notes = _arrays.write(tmp_path / "a.npz", _arrays.read(images(), images() + 1), None)
    with np.load(tmp_path / "a.npz") as a:
        assert np.array_equal(a["y"], a["x"] + 1) and len(a["x"]) < 5
    assert "every" in notes[0]


def test_an_error_in_the_users_data_set_is_named():
    def broken():
        yield images()
        raise KeyError("photo 7")

    with pytest.raises(Error, match="KeyError: 'photo 7'"):
        _arrays.read(broken())


def test_a_pair_is_images_and_targets():
    out = _arrays.read((images(), images() + 1))
    assert np.array_equal(out.y, images() + 1)



@pytest.mark.parametrize("image", [(4, 6, 1), (4, 6)])
def test_batches_are_told_from_images_by_the_models_shape(image):
    x = np.random.default_rng(4).random((6, *image)).astype(np.float32)
    assert _arrays.read(iter([x[:3], x[3:]]), shape=(4, 6, 1)).x.shape == x.shape
    assert _arrays.read(iter(x), shape=(4, 6, 1)).x.shape == x.shape
    with pytest.raises(Error, match="x is one image, of shape .*: give many of them, as an array of shape \\(N, 4, 6, 1\\)"):
        _arrays.read(x[0], shape=(4, 6, 1))
