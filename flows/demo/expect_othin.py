"""What 用友BIP must hold for a other stock-in of 旺店通: the scheme's meaning in plain Python.

Imports nothing of Duijie, so that it can contradict it. `python expect_othin.py DOCUMENTS.json` prints
the document of every one, null where the scheme skips it.
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


def blank(value):
    return "" if value is None else str(value)


def four(text):
    return Decimal(text).quantize(Decimal("0.0001"), ROUND_HALF_UP)


WAREHOUSES, PRODUCTS, UNITS = lookup("仓库"), lookup("物料"), lookup("单位")


def expected(stockin):
    if blank(stockin.get("order_type")) != "6" or blank(stockin.get("status")) != "80":
        return None
    number, source = stockin["order_no"], blank(stockin.get("src_order_no"))
    lines = [line for line in stockin["details_list"] if Decimal(line["goods_count"]) > 0]
    return {
        "code": number,
        "vouchdate": stockin["check_time"][:10],
        "org": "001",
        "accountOrg": "001",
        "bustype": "A08001",
        "warehouse": WAREHOUSES[stockin["warehouse_no"]],
        "memo": "旺店通 " + number + " " + blank(stockin.get("remark")),
        "_status": "Insert",
        "othInRecords": [row(line, source) for line in lines],
    }


def row(line, source):
    made = {"product": PRODUCTS[line["spec_no"]], "qty": four(line["goods_count"])}
    made |= {"natUnitPrice": four(line["cost_price"]), "_status": "Insert"}
    if blank(line.get("goods_unit")):
        made["stockUnitId"] = UNITS[line["goods_unit"]]
    return {**made, "memo": blank(line.get("remark")) + " / " + source}


if __name__ == "__main__":
    documents = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    json.dump([expected(one) for one in documents], sys.stdout, ensure_ascii=False, default=str, indent=1)
