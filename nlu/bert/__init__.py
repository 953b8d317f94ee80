"""Networks of the BERT kind (Devlin et al. 2018), built of weights and run by OpenVINO."""

from __future__ import annotations
