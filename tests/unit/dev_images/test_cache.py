"""A step's result is made once per content, appears whole or not at all, and old ones go."""

import os
import threading

import pytest

from dev.images.cache import KEEP, Cache, fingerprint


def a_cache(folder):
    told = []
    return Cache(folder, told.append), told


def a_tree(folder):
    (folder / "sub").mkdir(parents=True)
    (folder / "a.py").write_text("a")
    (folder / "sub" / "b.py").write_text("b")
    return folder


def change(tree):
    (tree / "a.py").write_text("A")


def add(tree):
    (tree / "c.py").write_text("")


def move(tree):
    (tree / "a.py").rename(tree / "sub" / "a.py")


def remove(tree):
    (tree / "a.py").unlink()


@pytest.mark.parametrize("edit", [change, add, move, remove])
def test_any_edit_of_a_tree_changes_its_fingerprint(tmp_path, edit):
    """A changed, added, moved or removed file is noticed."""
    tree = a_tree(tmp_path / "tree")
    before = fingerprint(tree)
    edit(tree)
    assert fingerprint(tree) != before


def test_by_products_do_not_change_the_fingerprint(tmp_path):
    """Compiled Python and an editor's dot-files are not the source."""
    tree = a_tree(tmp_path / "tree")
    before = fingerprint(tree)
    (tree / "__pycache__").mkdir()
    (tree / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"x")
    (tree / ".a.py.swp").write_text("x")
    assert fingerprint(tree) == before


def test_parts_do_not_run_into_each_other():
    """Two texts are not the same as their concatenation cut elsewhere."""
    assert fingerprint("ab", "c") != fingerprint("a", "bc")


def test_an_entry_is_made_once(tmp_path):
    """The second request for the same key finds the first one's result, without a word."""
    cache, told = a_cache(tmp_path)
    made = [cache.entry("kind", "key", lambda folder: (folder / "file").write_text("x")) for _ in range(2)]
    assert made == [tmp_path / "kind" / "key"] * 2
    assert (made[0] / "file").read_text() == "x"
    assert len(told) == 1


def test_a_step_that_fails_leaves_nothing(tmp_path):
    """Half a result is never taken for a result."""
    cache, _ = a_cache(tmp_path)

    def fail(folder):
        (folder / "half").write_text("x")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cache.entry("kind", "key", fail)
    assert list((tmp_path / "kind").iterdir()) == []


def test_what_a_killed_build_left_is_removed(tmp_path):
    """The next build clears unfinished folders, which a killed one could not."""
    (tmp_path / "kind" / "key.part").mkdir(parents=True)
    cache, _ = a_cache(tmp_path)
    with cache.locked():
        assert list((tmp_path / "kind").iterdir()) == []


def test_old_entries_go_and_used_ones_stay(tmp_path):
    """After a build the newest few of each kind are left, and whatever the build used, however old."""
    before, _ = a_cache(tmp_path)
    for age in range(KEEP + 3):
        entry = before.entry("kind", f"old-{age}", lambda _: None)
        os.utime(entry, (1000 - age, 1000 - age))
    cache, _ = a_cache(tmp_path)
    oldest = cache.entry("kind", f"old-{KEEP + 2}", lambda _: None)
    os.utime(oldest, (1, 1))
    cache.prune()
    left = {entry.name for entry in (tmp_path / "kind").iterdir()}
    assert left == {f"old-{age}" for age in range(KEEP)} | {oldest.name}


def test_one_build_at_a_time(tmp_path):
    """A second build says that it waits, and goes on when the first has ended."""
    first, _ = a_cache(tmp_path)
    waiting, inside = threading.Event(), threading.Event()
    second = Cache(tmp_path, lambda _: waiting.set())

    def build():
        with second.locked():
            inside.set()

    thread = threading.Thread(target=build)
    with first.locked():
        thread.start()
        assert waiting.wait(5)
        assert not inside.is_set()
    assert inside.wait(5)
    thread.join()
