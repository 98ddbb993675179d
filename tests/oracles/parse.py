"""Reads metric pages with the parsers of prometheus_client: each file named on the command line, by its ending.

Prints one JSON document: for each file a list of [name, labels, value, exemplar], values as Python writes them; an exemplar
is [labels, value] or null.
"""

import json
import sys

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics


def samples(path):
    with open(path, encoding="utf-8", newline="") as file:
        page = file.read()
    families = openmetrics.text_string_to_metric_families if path.endswith(".openmetrics") else parser.text_string_to_metric_families
    return [[sample.name, sample.labels, repr(float(sample.value)), exemplar(sample)] for family in families(page) for sample in family.samples]


def exemplar(sample):
    found = sample.exemplar
    return found and [found.labels, repr(float(found.value))]


json.dump([samples(path) for path in sys.argv[1:]], sys.stdout)
