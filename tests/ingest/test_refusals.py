from __future__ import annotations

from art_mcp.ingest.refusals import MAX_REASONS, Refusals


def test_a_thousand_equal_refusals_are_one_sentence() -> None:
    reason = "The picture is missing. Folders searched: images, t."
    missing = [(f"t.csv line {n} ({n}.jpg)", reason) for n in range(1_069)]
    long = [(f"t.csv line {n}", f"It has {columns} columns, the header has 2.") for n, columns in ((7, 3), (9, 14))]
    broken = [(f"t.csv line 1 (a/{name}.jpg)", f"{name}.jpg is not a picture. Save it as JPEG.") for name in ("x", "y")]
    groups, others = Refusals([*missing, *long, *broken, ("t.csv line 8", "It is empty.")]).first(20)
    assert [str(group) for group in groups] == [
        "The picture is missing: 1,069 rows, e.g. t.csv line 0 (0.jpg), t.csv line 1 (1.jpg), t.csv line 2 (2.jpg). "
        "Folders searched: images, t.",
        "It has 3 columns, the header has 2: 2 rows, e.g. t.csv line 7, t.csv line 9.",
        "The file is not a picture: 2 rows, e.g. t.csv line 1 (a/x.jpg), t.csv line 1 (a/y.jpg). Save it as JPEG.",
        "t.csv line 8: It is empty.",
    ]
    assert others == 0


def test_only_the_first_reasons_are_told_apart() -> None:
    refused = Refusals((f"line {n}", "reason " + "x" * n) for n in range(2 * MAX_REASONS))
    groups, others = refused.first(20)
    assert (len(groups), others) == (20, 2 * MAX_REASONS - 20)
    assert sum(group.rows for group in refused.first(10**6)[0]) == MAX_REASONS
