"""Rules and dashboard hold together, with no server."""

import pytest

from tests.observability import definitions


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('sum by (a, le) (rate(x_bucket{b="c"}[5m])) / on (d) y:z > 0.5', {"x_bucket", "y:z"}),
        ('absent(up{job="x"}) or deriv(q[5m]) > 0 and q > 1e3', {"up", "q"}),
        ('label{a=~"b|c"} unless ignoring(d) other', {"label", "other"}),
    ],
)
def test_the_metrics_of_an_expression_are_found(expression: str, expected: set[str]) -> None:
    assert definitions.names(expression) == expected


def test_the_dashboard_names_only_recorded_rules_that_there_are() -> None:
    named = {name for _, each in definitions.panels() for name in definitions.names(each)}
    recorded = {name for name in named if ":" in name}
    assert recorded
    assert recorded <= set(definitions.rules())


def test_every_recorded_rule_is_used() -> None:
    expressions = [*definitions.rules().values(), *(each for _, each in definitions.panels())]
    used = {name for each in expressions for name in definitions.names(each)}
    assert {name for name in definitions.rules() if ":" in name} <= used
