"""Learns from people's faces what `core.faces.crowd.Crowd` tells of an embedding."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.faces.accuracy.error_rates import distances_between
from core.faces.accuracy.trials import CrowdOf, People, Rows
from core.faces.crowd import Crowd, Floats, Numbers

_COMPONENTS: Final = 40
_NEAREST: Final = 10
_RIDGE: Final = 0.5
_RIDGE_OF_LINEAR: Final = 0.05
"""How much the squares of the weights count, beside the mean square of what is left."""

_FOLDS: Final = 5
_SEED: Final = 20261130
_TOGETHER: Final = 500
"""Faces that are compared at a time, to bound the memory."""


def learned_crowd(people: People, among: Rows) -> Numbers:
    """Return the crowd that people's faces teach, rounded as the file has it.

    Ridge regression of the mean distance of the ten nearest other people, each by their nearest
    face, on principal components and their products. Every person counts as much as another.

    Parameters
    ----------
    among : ndarray of int
        Indexes of the people: the strangers of each other.
    """
    rows = np.concatenate([people.rows[person] for person in among.tolist()])
    faces, owners = people.embeddings[rows], people.owners[rows]
    _, which, photos = np.unique(owners, return_inverse=True, return_counts=True)
    weights = (1 / photos)[which] / len(among)
    centre = weights @ faces
    components = _components(faces - centre, weights).round(2)
    features = _features((faces - centre.round(4)) @ components.T)
    means = weights @ features
    crowds = _mean_of_nearest(faces, which)
    usual = float(weights @ crowds)
    told = features - means
    moments = (told * weights[:, None]).T @ told
    ridge = np.full(len(moments), _RIDGE)
    ridge[:_COMPONENTS] = _RIDGE_OF_LINEAR
    learned = np.linalg.solve(
        moments + np.diag(ridge), told.T @ (weights * (crowds - usual))
    ).round(5)
    return Numbers(
        centre=centre.round(4).tolist(),
        components=components.tolist(),
        linear=learned[:_COMPONENTS].tolist(),
        square=learned[_COMPONENTS:].tolist(),
        constant=round(-float(means @ learned), 5),
        least=round(float((told @ learned).min()), 4),
        most=round(float((told @ learned).max()), 4),
    )


def taught_by_others(people: People, among: Rows) -> CrowdOf:
    """Return what a crowd tells of each of the people whom it did not learn from.

    There are as many crowds as folds of the people.
    """
    folds = np.full(len(people), -1)
    folds[among] = np.random.default_rng(_SEED).permutation(len(among)) % _FOLDS
    crowds = [
        Crowd.read(learned_crowd(people, among[folds[among] != fold])) for fold in range(_FOLDS)
    ]

    def crowd_of(embeddings: NDArray[np.float32], owners: Rows) -> Floats:
        told = np.full(len(embeddings), np.nan)
        for fold, crowd in enumerate(crowds):
            is_of_fold = folds[owners] == fold
            told[is_of_fold] = crowd.of(embeddings[is_of_fold])
        return told

    return crowd_of


def _components(faces: Floats, weights: Floats) -> Floats:
    """Return principal components of shape (K, D), of which each has a deviation of 1."""
    variances, directions = np.linalg.eigh((faces * weights[:, None]).T @ faces)
    largest = slice(None, -_COMPONENTS - 1, -1)
    components: Floats = (directions[:, largest] / np.sqrt(variances[largest])).T
    return components


def _features(at: Floats) -> Floats:
    """Return the components and their products, as `Crowd` multiplies them."""
    one, other = np.triu_indices(at.shape[1])
    return np.hstack([at, at[:, one] * at[:, other]])


def _mean_of_nearest(faces: NDArray[np.float32], which: Rows) -> Floats:
    order = np.argsort(which, kind="stable")
    starts = np.searchsorted(which[order], np.arange(which.max() + 1))
    means = []
    for at in range(0, len(faces), _TOGETHER):
        some = slice(at, at + _TOGETHER)
        distances = distances_between(faces[some], faces[order])
        of_people = np.minimum.reduceat(distances, starts, axis=1)
        of_people[np.arange(len(of_people)), which[some]] = np.inf
        means.append(np.sort(of_people, axis=1)[:, :_NEAREST].mean(axis=1))
    return np.concatenate(means)
