from __future__ import annotations

from typing import Any

import pytest

from assay.api.checks.cautions import cautions
from assay.api.resources import Goal, Metric, RankedBy, Subset
from builders.manifests import a_proxy, a_proxy_study

LOSS = RankedBy(name="loss", goal=Goal.MINIMIZE)
CUSTOM = {"subset": Subset.CUSTOM, "subset_entrypoint": "team.subsets:score"}


@pytest.mark.parametrize(
    ("proxy", "want"),
    [
        ({"data_percent": 25}, None),
        ({"data_percent": 10, "subset": Subset.RS2, "metric": LOSS}, None),
        ({"data_percent": 50, "subset": Subset.EL2N}, None),
        ({"data_percent": 49, "subset": Subset.EL2N}, "49 % of the data, chosen by EL2N"),
        ({"data_percent": 25, "subset": Subset.CCS}, "chosen by CCS"),
        ({"data_percent": 25, **CUSTOM}, "chosen by Custom"),
        ({"data_percent": 80, "subset": Subset.EL2N, "metric": LOSS}, "ranked by loss on examples that EL2N chooses"),
    ],
)
def test_subsets_by_scores_are_warned_of_where_they_were_seen_to_mislead(
    proxy: dict[str, Any], want: str | None
) -> None:
    found = list(cautions(a_proxy_study(proxies=[a_proxy("short", epochs=1), a_proxy("chosen", **proxy)])))
    if want is None:
        assert found == []
    else:
        (caution,) = found
        assert caution.startswith("ProxyStudy/digits: spec.proxies[1]: chosen ")
        assert want in caution


def test_the_studys_own_metric_counts_where_an_arm_names_none() -> None:
    proxies = [a_proxy("chosen", data_percent=60, subset=Subset.EL2N)]
    loss = Metric(name="val_loss", goal=Goal.MINIMIZE)
    assert len(list(cautions(a_proxy_study(proxies=proxies, metric=loss)))) == 1
    assert list(cautions(a_proxy_study(proxies=proxies))) == []
