"""What 用友BIP must hold for an order of 旺店通: the scheme's meaning in plain Python.

Imports nothing of Duijie, so that it can contradict it. `python expect.py ORDERS.json` prints the
document of every order, null where the scheme skips it.
"""

import csv
import json
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

HERE = Path(__file__).parent


def lookup(name):
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row["left"]: row["right"] for row in csv.DictReader(file)}


WAREHOUSES, PRODUCTS, UNITS = lookup("仓库"), lookup("物料"), lookup("单位")


def blank(value):
    return "" if value is None else str(value)


def expected(order):
    if blank(order.get("order_type")) != "7" or Decimal(blank(order.get("status")) or "0") < 95:
        return None
    number, source = order["order_no"], blank(order.get("src_order_no"))
    return {
        "code": number,
        "vouchdate": order["consign_time"][:10],
        "org": "001",
        "accountOrg": "001",
        "bustype": "A10001",
        "warehouse": WAREHOUSES[order["warehouse_no"]],
        "memo": "旺店通 " + number + " " + blank(order.get("remark")),
        "_status": "Insert",
        "othOutRecords": [row(line, source) for line in order["details_list"] if counted(line)],
    }


def counted(line):
    return Decimal(line["goods_count"]) > 0


def row(line, source):
    qty = Decimal(line["goods_count"]).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    made = {"product": PRODUCTS[line["spec_no"]], "qty": qty}
    if blank(line.get("goods_unit")):
        made["stockUnitId"] = UNITS[line["goods_unit"]]
    return {**made, "memo": blank(line.get("remark")) + " / " + source, "_status": "Insert"}


if __name__ == "__main__":
    orders = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    json.dump([expected(order) for order in orders], sys.stdout, ensure_ascii=False, default=str, indent=1)
