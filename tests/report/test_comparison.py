"""The tables of `compare`: any number of arms and seeds, what is missing, and other tasks' scores."""

from reports import report_of, run_of

from minimalbp.report.comparison import brief_table, comparison_table

DENSE, TOPK = run_of("dense", test=0.986), run_of("topk 5%", test=0.911, dev=(0.5, 0.8, 0.9))
UNIFIED = run_of("unified 5% dw", test=0.983, select="unified", center="dw")


def rows(table):
    """{title: cells} of a table under its head; cells stand at least two spaces apart."""
    lines = table.split("\n\n", 1)[1].splitlines()
    split = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]
    return {cells[0]: cells[1:] for cells in split if cells}


def seeds_of(name, *tests, **options):
    return [run_of(name, seed=seed, test=test, **options) for seed, test in enumerate(tests)]


def test_two_networks_stand_beside_their_ratio():
    table = comparison_table(report_of(DENSE, TOPK))
    found = rows(table)
    assert "seed 0" in table.splitlines()[0] and table.split("\n\n")[1].splitlines()[0].split() == [
        "dense", "topk", "5%", "dense", "/", "sparse",
    ]  # fmt: skip
    assert found["test accuracy at best dev"] == ["98.60 %", "91.10 %"]
    assert found["seconds to dev accuracy 98 %"] == ["3.000", "never"]
    assert found["speed-up of backward"] == ["5.00x"] and found["speed-up of the whole step"] == ["2.22x"]
    assert "minus dense, points" not in found and "dev accuracy after the last step" not in found
    lines = [line.split() for line in table.splitlines()]
    assert ["update", "2.000", "0.500", "4.00x"] in lines and ["select", "0.000", "0.200"] in lines
    assert ["update", "2,000,000", "500,000", "4.00x"] in lines


def test_the_ratio_of_one_sparse_arm_may_stand_without_its_name():
    report = report_of(DENSE, TOPK)
    report["speedup"] = {"backward": 5.0, "step": 2.5}
    assert rows(comparison_table(report))["speed-up of the whole step"] == ["2.50x"]
    assert "2.50x" in brief_table(report)


def test_every_sparse_arm_has_a_column_and_a_ratio():
    found = rows(comparison_table(report_of(DENSE, TOPK, UNIFIED)))
    assert found["test accuracy at best dev"] == ["98.60 %", "91.10 %", "98.30 %"]
    assert found["speed-up of backward"] == ["5.00x", "5.00x"]
    assert found["whole step"] == [
        "100,000,000",
        "45,000,000",
        "2.22x",
        "45,000,000",
        "2.22x",
    ]  # bytes, the last


def test_natural_non_zeros_are_means_over_the_seeds():
    report = report_of(DENSE | {"density": [0.5, 0.125]}, DENSE | {"seed": 1, "density": [0.25, 0.125]}, TOPK)
    found = rows(comparison_table(report))
    assert found["natural non-zeros of convolution 1"] == ["37.5 %"]
    assert brief_table(report).splitlines()[-1] == (
        "natural non-zeros of the gradient in dense: convolution 1 37.5 %, convolution 2 12.5 %"
    )
    assert "natural" not in brief_table(report_of(DENSE, TOPK)) + comparison_table(report_of(DENSE, TOPK))


def test_one_network_alone_is_compared_with_nothing():
    for name in ("dense", "topk 5%"):
        table = comparison_table(report_of(run_of(name)))
        assert "dense / sparse" not in table and "speed-up" not in table
        assert "minus dense" not in brief_table(report_of(run_of(name)))


def test_several_sparse_arms_without_dense():
    table = comparison_table(report_of(TOPK, UNIFIED))
    assert "dense / sparse" not in table and rows(table)["dev accuracy"] == ["90.00 %", "99.00 %"]


def test_seeds_have_errors_and_paired_differences():
    report = report_of(*seeds_of("dense", 0.98, 0.96), *seeds_of("topk 5%", 0.97, 0.945))
    table = comparison_table(report)
    found = rows(table)
    assert "2 seeds from 0" in table and "side by side" in table
    assert found["test accuracy at best dev"] == ["97.00 ± 1.00 %", "95.75 ± 1.25 %"]
    (gap,) = found["minus dense, points"]
    assert gap == "-1.25 (-4.43 to +1.93)"  # of -1 and -1.5: 0.25 * 12.706 to both sides
    assert gap in brief_table(report)
    (line,) = [line.split() for line in table.splitlines() if line.split()[:2] == ["update", "2.000"]]
    assert line[2] == "0.500"  # means


def test_the_brief_table_has_a_row_for_each_arm():
    table = brief_table(report_of(DENSE, TOPK, UNIFIED, target=0.97))
    head, *lines = table.split("\n\n", 1)[1].splitlines()
    assert [cell.strip() for cell in head.split("  ") if cell.strip()] == [
        "test accuracy", "minus dense", "backward", "whole step", "seconds to dev accuracy 97 %",
    ]  # fmt: skip
    assert [line.split() for line in lines] == [
        ["dense", "98.60", "%", "2.000"],
        ["topk", "5%", "91.10", "%", "-7.50", "5.00x", "2.22x", "never"],
        ["unified", "5%", "dw", "98.30", "%", "-0.30", "5.00x", "2.22x", "2.000"],
    ]


def test_the_brief_table_has_the_scores_after_the_last_step_too():
    runs = [run | {"last_test_accuracy": last} for run, last in ((DENSE, 0.98), (UNIFIED, 0.985))]
    head, *lines = brief_table(report_of(*runs)).split("\n\n", 1)[1].splitlines()
    assert "after the last step  minus dense" in head
    assert [line.split()[5:11] for line in lines][1] == ["-0.30", "98.50", "%", "+0.50", "5.00x", "2.22x"]


def test_the_seconds_of_several_seeds_are_their_median():
    early, late, never = (0.99,), (0.5, 0.99), (0.5,)
    runs = [run_of("dense", seed=i, dev=dev) for i, dev in enumerate((early, late, never))]
    cell = rows(comparison_table(report_of(*runs, target=0.9)))["seconds to dev accuracy 90 %"]
    assert cell == ["2.000 (2 of 3)"]
    runs = [run_of("dense", seed=i, dev=dev) for i, dev in enumerate((early, never))]
    cell = rows(comparison_table(report_of(*runs, target=0.9)))["seconds to dev accuracy 90 %"]
    assert cell == ["never (1 of 2)"]


def test_seconds_that_an_earlier_version_did_not_count():
    old = run_of("dense")
    old["curve"]["seconds"] = [None] * 3
    assert rows(comparison_table(report_of(old)))["seconds to dev accuracy 98 %"] == ["not known"]
    del old["curve"]
    assert rows(comparison_table(report_of(old)))["seconds to dev accuracy 98 %"] == ["never"]


def test_a_parser_has_its_own_scores():
    runs = [run_of(name, score="uas") | {"dev_las": 0.5, "test_las": 0.4} for name in ("dense", "topk 5%")]
    report = report_of(*runs, scores={"uas": "UAS", "las": "LAS"})
    found = rows(comparison_table(report))
    assert found["test UAS at best dev"] == ["98.00 %"] * 2 and found["dev LAS"] == ["50.00 %"] * 2
    assert "test UAS" in brief_table(report) and "seconds to dev UAS 98 %" in brief_table(report)


def test_scores_after_the_last_step_and_a_plain_baseline():
    last = {"last_dev_accuracy": 0.9, "last_test_accuracy": 0.8}
    report = report_of(DENSE | last, TOPK | last)
    report["data"]["baseline"] = {"name": "most frequent", "dev_accuracy": 0.5, "test_accuracy": 0.4}
    found = rows(comparison_table(report))
    assert found["test accuracy after the last step"] == ["80.00 %"] * 2
    assert found["dev accuracy"] == ["99.00 %", "90.00 %", "50.00 %"]
    assert "most frequent" in comparison_table(report)


def test_an_arm_that_diverged_says_so():
    lost = {"name": "topk 5%", "seed": 0, "diverged": "the loss became nan", "notes": []}
    report = report_of(DENSE, lost)
    found = rows(comparison_table(report))
    assert found["test accuracy at best dev"] == ["98.60 %", "diverged"]
    assert found["epoch of best dev"] == ["3"]
    assert "diverged" in brief_table(report) and "nan" not in comparison_table(report)
