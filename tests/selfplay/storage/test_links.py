"""The links `best` and `last`: they lead to a checkpoint, and out of the folder for nobody."""

import shutil

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.bench.resolve_agent import resolve_agent
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import absolute_paths
from selfplay_gym.selfplay.storage.checkpoint import check_checkpoint, save_checkpoint
from selfplay_gym.selfplay.storage.links import followed, point


@pytest.fixture
def run_folder(tmp_path):
    for name in ("solver-01-001", "solver-02-001"):
        (tmp_path / "run" / "checkpoints" / name).mkdir(parents=True)
    (tmp_path / "run" / "state.json").write_text("{}")
    return tmp_path / "run"


def test_a_link_is_relative_and_moves_with_the_folder(run_folder, tmp_path):
    point(run_folder, "best", "solver-01-001")
    point(run_folder, "best", "solver-02-001")
    assert (run_folder / "best").readlink().as_posix() == "checkpoints/solver-02-001"
    shutil.move(run_folder, tmp_path / "elsewhere")
    assert followed(tmp_path / "elsewhere" / "best") == tmp_path / "elsewhere" / "checkpoints" / "solver-02-001"


def test_a_link_to_nothing_goes(run_folder):
    point(run_folder, "last", "solver-01-001")
    point(run_folder, "last", None)
    point(run_folder, "last", None)
    assert sorted(path.name for path in run_folder.iterdir()) == ["checkpoints", "state.json"]


@pytest.mark.parametrize("make", [lambda path: path.write_text("mine"), lambda path: path.mkdir()])
def test_what_is_no_link_stays(run_folder, make):
    make(run_folder / "best")
    point(run_folder, "best", "solver-01-001")
    point(run_folder, "best", None)
    assert (run_folder / "best").exists()
    assert not (run_folder / "best").is_symlink()


@pytest.mark.parametrize(
    "target", ["../outside", "checkpoints/../../outside", "checkpoints/away", "{tmp}/outside", "/"]
)
def test_a_link_out_of_the_run_is_refused(run_folder, tmp_path, target):
    (tmp_path / "outside").mkdir()
    (run_folder / "checkpoints" / "away").symlink_to(tmp_path / "outside")
    (run_folder / "best").symlink_to(target.format(tmp=tmp_path))
    with pytest.raises(ConfigError, match="is not in its folder"):
        followed(run_folder / "best")
    with pytest.raises(ConfigError, match="is not in its folder"):
        resolve_agent(str(run_folder / "best"))


@pytest.mark.parametrize("target", ["checkpoints/solver-09-001", "best", "state.json"])
def test_a_link_to_no_folder_is_refused(run_folder, target):
    (run_folder / "best").symlink_to(target)
    with pytest.raises((ConfigError, RuntimeError, OSError), match=r"no such folder|Symlink loop|Too many levels"):
        followed(run_folder / "best")


def test_other_peoples_links_to_models_are_their_business(tmp_path):
    (tmp_path / "models" / "one").mkdir(parents=True)
    (tmp_path / "latest").symlink_to(tmp_path / "models" / "one")
    assert followed(tmp_path / "latest") == tmp_path / "latest"


class Saves:
    def save_pretrained(self, folder):
        (folder / "README.md").write_text("a library's card")
        (folder / "weights").write_text("1")
        (folder / "weights").chmod(0o600)


def test_a_checkpoint_may_have_a_card_and_is_readable_as_the_umask_says(tmp_path):
    path = tmp_path / "solver-01-001"
    save_checkpoint(path, Saves())
    assert not (path / "README.md").exists()
    assert (path / "weights").stat().st_mode & 0o777 == (path / "manifest.json").stat().st_mode & 0o777
    (path / "README.md").write_text("ours")
    (path / "README.md.draft").write_text("half")
    check_checkpoint(path)


def test_settings_keep_the_checkpoint_and_not_the_link(run_folder):
    point(run_folder, "best", "solver-01-001")
    config = RunConfig.from_dict({"roles": {"solver": {"model": str(run_folder / "best")}}})
    assert absolute_paths(config).roles["solver"].model == str(run_folder / "checkpoints" / "solver-01-001")
