import numpy as np
import pytest

import dcae

RESULTS = "arm,seed,outcome,why,epochs,steps,test_mse,test_fvu\nsigmoid,1,mean-image,because,2,20,0.5,NaN\n"


def test_flags_and_records(fake, tmp_path):
    fake(f"assert args[:3] == ['run', 'depth', '--json'], args\nassert flag('--seeds') == '1,3' and flag('--epochs') == '2' and flag('--arms') == 'a,b'\n"
         f"os.makedirs(flag('--out'))\nopen(flag('--out') + '/results.csv', 'w').write({RESULTS!r})")
    r = dcae.run("depth", seeds=[1, 3], epochs=2, arms=["a", "b"], out=tmp_path / "r")
    assert r.records[0] | {"test_fvu": 0} == {"arm": "sigmoid", "seed": 1, "outcome": "mean-image", "why": "because", "epochs": 2, "steps": 20, "test_mse": 0.5, "test_fvu": 0}
    assert len(r.results) == 1 and r.page == tmp_path / "r" / "report.html"


WRONG = [{"epochs": 0}, {"batch": 1.5}, {"images": True}, {"study": ""}, {"study": 3}, {"seeds": 1.5}, {"seeds": []}, {"seeds": [1, "2"]}, {"arms": 3}, {"arms": [1]}, {"scale": 2}, {"out": 1}, {"data": 3}]


@pytest.mark.parametrize("arguments", WRONG)
def test_bad_arguments(fake, arguments):
    fake("sys.exit(9)")
    with pytest.raises(dcae.Error, match="must be|empty|study is a int|scale is|data has the shape"):
        dcae.run(**arguments)


def test_images_of_a_study_that_never_began_go(fake, tmp_path):
    fake("print('dcae: there is no such study', file=sys.stderr)\nsys.exit(1)")
    with pytest.raises(dcae.Error, match="no such study"):
        dcae.run("nosuch", data=np.zeros((4, 8, 8, 1)), out=tmp_path / "r")
    assert [p.name for p in tmp_path.iterdir()] == ["fake-dcae"]


def test_scale_is_looked_at(fake):
    fake("sys.exit(9)")
    with pytest.raises(dcae.Error, match="scale is none"):
        dcae.data(np.zeros((4, 8, 8, 1)), scale=255)


def test_with_the_real_program(real, tmp_path):
    r = dcae.run("failure-modes", seeds=1, epochs=1, images=64, arms="highlr", out=tmp_path / "r", threads=1)
    assert [v["arm"] for v in r.records] == ["highlr"] and r.records[0]["steps"] == 2 and r.page.exists()
    with pytest.raises(dcae.Error, match="no built-in study"):
        dcae.run("nosuch", out=tmp_path / "s")


def test_what_is_odd_about_images(real):
    x = np.random.default_rng(1).random((200, 8, 8, 1)).astype(np.float32)
    with pytest.warns(dcae.DataWarning, match="scale them"):
        found = dcae.data(x * 255)
    assert found.shape == (8, 8, 1) and found.images == 200 and len(found.warnings) == 1 and "training" in str(found)
    assert dcae.data(x).warnings == []
    x[3, 2, 2] = np.nan
    with pytest.warns(dcae.DataWarning, match="NaN"):
        dcae.data(x)
