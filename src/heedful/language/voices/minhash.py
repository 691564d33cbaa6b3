"""MinHash: sketches that estimate the likeness of two sets without either set, and bands that find pairs worth a look.

Broder 1997. Equal to datasketch 2.0.0 (`MinHash` with its default scheme "affine32" and `MinHashLSH` with equal weights), value by
value, so that sketches can be exchanged with it. heedful itself joins exactly (`near_duplicates`); a sketch is for sets too many to keep.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from heedful.core.errors import SettingsError

Sketches = npt.NDArray[np.uint32]


def sketches(sets: Iterable[Iterable[str]], permutations: int = 128, *, seed: int = 1) -> Sketches:
    """One row of `permutations` smallest hashes a set, shape (sets, permutations); an empty set has the largest value everywhere.

    >>> rows = sketches([{"a", "b"}, {"b", "a"}, {"c"}])
    >>> float((rows[0] == rows[1]).mean()), float((rows[0] == rows[2]).mean())
    (1.0, 0.0)
    """
    if permutations < 1:
        raise SettingsError(f"A sketch of {permutations} permutations says nothing; give 1 or more (128 is usual).")
    factor, shift = _permutations(permutations, seed)
    rows = []
    for members in sets:
        hashes = _mixed(np.array([_hash(member) for member in members], np.uint32))
        rows.append((hashes[:, None] * factor + shift).min(axis=0, initial=np.uint32(0xFFFFFFFF)))
    return np.array(rows, np.uint32).reshape(-1, permutations)


def estimated_jaccard(rows: Sketches, first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """The share of equal entries of the sketches `first[i]` and `second[i]`."""
    return np.asarray((rows[first] == rows[second]).mean(axis=1), np.float64)


def banded_pairs(rows: Sketches, threshold: float) -> npt.NDArray[np.int64]:
    """Pairs (i < j, ascending) of sketches that are equal in at least one band, shape (pairs, 2): candidates, not yet checked."""
    bands, width = bands_for(threshold, rows.shape[1])
    found: set[tuple[int, int]] = set()
    for band in range(bands):
        _, group = np.unique(rows[:, band * width : (band + 1) * width], axis=0, return_inverse=True)
        order = np.argsort(group, kind="stable")
        edges = np.flatnonzero(np.diff(group[order])) + 1
        for members in np.split(order, edges):
            found.update((int(i), int(j)) for at, i in enumerate(members) for j in members[at + 1 :])
    return np.array(sorted(found), np.int64).reshape(-1, 2)


@functools.cache
def bands_for(threshold: float, permutations: int) -> tuple[int, int]:
    """Number of bands and their width with the least sum of missed and of needless candidates, likeness taken as uniform.

    Raises `SettingsError` if `threshold` is not between 0 and 1.

    >>> bands_for(0.5, 128)
    (25, 5)
    """
    if not 0 <= threshold <= 1:
        raise SettingsError(f"A likeness of {threshold} does not exist; give a threshold from 0 to 1.")
    choices = [(bands, width) for bands in range(1, permutations + 1) for width in range(1, permutations // bands + 1)]
    # Gauss's quadrature is exact here: the chance to miss a pair is a polynomial of its likeness, of degree bands * width.
    place, weight = np.polynomial.legendre.leggauss(permutations // 2 + 1)
    below, above = threshold * (place + 1) / 2, 1 - (1 - threshold) * (place + 1) / 2

    def error(choice: tuple[int, int]) -> float:
        needless, missed = 1 - _missed(below, *choice), _missed(above, *choice)
        return float(weight @ (threshold * needless + (1 - threshold) * missed))

    return min(choices, key=error)


def _missed(likeness: npt.NDArray[np.float64], bands: int, width: int) -> npt.NDArray[np.float64]:
    """The chance that two sketches of sets this alike differ in every band."""
    return (1 - likeness**width) ** bands


def _permutations(count: int, seed: int) -> tuple[Sketches, Sketches]:
    """An odd factor and a shift each; the old generator, because the peer draws from it."""
    draw = np.random.RandomState(seed)
    factor = draw.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factor, draw.randint(0, 1 << 32, count, dtype=np.uint32)


def _hash(member: str) -> int:
    return int.from_bytes(hashlib.sha1(member.encode(), usedforsecurity=False).digest()[:4], "little")


def _mixed(hashes: Sketches) -> Sketches:
    """MurmurHash3's finalizer: a bijection after which near numbers are far apart."""
    hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hashes ^ (hashes >> np.uint32(16))
