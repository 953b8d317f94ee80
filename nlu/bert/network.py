"""Runs an encoder's network: texts one by one, or many of like length together."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.bert.graph import read, stored
from nlu.bert.kept import kept
from nlu.bert.runtime import openvino
from nlu.bert.weights import FloatMatrix

#: Texts that go through the network together where there are many; the shorter are filled up.
_TOGETHER = 32
#: Activations that share a scale while they are multiplied in eight bits.
_GROUP = 64


class Network:
    """A network that is built once, kept in a file, and made ready at first use.

    A text's vector does not depend on its neighbours. Several threads may call it.
    """

    def __init__(self, path: Path, dimension: int, build: Callable[[], Any]) -> None:
        """Keep at `path` the OpenVINO model that `build` returns; its vectors have this length."""
        self._path = path
        self._dimension = dimension
        self._build = build

    def vectors(self, rows: Sequence[npt.NDArray[Any]]) -> FloatMatrix:
        """Return a vector for each text: the network's input for one is a row for each token."""
        if not rows:
            return np.empty((0, self._dimension), dtype=np.float32)
        if len(rows) < _TOGETHER:
            request = self._ready.create_infer_request()
            return np.concatenate([np.array(request.infer(filled([row]))[0]) for row in rows])
        return self._together(rows)

    def _together(self, rows: Sequence[npt.NDArray[Any]]) -> FloatMatrix:
        """Encode many: those of like length together, as many batches at a time as there are cores."""
        vectors = np.empty((len(rows), self._dimension), dtype=np.float32)

        def take(request: Any, places: Sequence[int]) -> None:
            vectors[places] = request.get_output_tensor(0).data

        queue = openvino().AsyncInferQueue(self._ready, _cores())
        queue.set_callback(take)
        order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
        for start in range(0, len(order), _TOGETHER):
            places = order[start : start + _TOGETHER]
            queue.start_async(filled([rows[place] for place in places]), places)
        queue.wait_all()
        return vectors

    @cached_property
    def _ready(self) -> Any:
        core = openvino().Core()
        graph = kept(self._path, lambda: stored(self._build()))
        settings = {
            # One core a text: a second gains a third, and costs many times that when it is not free.
            "INFERENCE_NUM_THREADS": _cores(),
            "NUM_STREAMS": _cores(),
            # Whatever a processor could do with less: vectors are the same on all.
            "INFERENCE_PRECISION_HINT": "f32",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": _GROUP,
        }
        return core.compile_model(read(core, graph), "CPU", settings)


def filled(rows: Sequence[npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], FloatMatrix]:
    """Return the network's inputs for some texts: their tokens, filled up to the longest, and a mask."""
    longest = max(len(row) for row in rows)
    tokens = np.zeros((len(rows), longest, *rows[0].shape[1:]), dtype=_input_type(rows[0]))
    mask = np.zeros((len(rows), longest), dtype=np.float32)
    for place, row in enumerate(rows):
        tokens[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return tokens, mask


def _input_type(row: npt.NDArray[Any]) -> Any:
    return np.int32 if np.issubdtype(row.dtype, np.integer) else np.float32


def _cores() -> int:
    return len(os.sched_getaffinity(0))
