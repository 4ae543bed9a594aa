"""Dossiers beside a snapshot, under Vietnamese heads."""

from sipas.estimating.planning import allocation
from tests.make import a_csv
from tests.sipas.estimating.calls import rows_of


def test_weights_and_allocation_take_the_same_heads(province, tmp_path):
    text = (province / "dossiers.csv").read_text("utf-8")
    named = a_csv(tmp_path, text.replace("unit,field,month,dossiers", "Mã đơn vị,Lĩnh vực,Tháng,Số hồ sơ"), "so.csv")
    arguments = ("estimate", province / "first.parquet")
    assert rows_of(*arguments, "--frame", named) == rows_of(*arguments, "--frame", province / "dossiers.csv")
    assert allocation(named, ("unit",), "dossiers", 100, "proportional", None) == allocation(
        province / "dossiers.csv", ("unit",), "dossiers", 100, "proportional", None
    )
