"""What 用友BIP must hold for a purchase stock-in of 旺店通: the scheme's meaning in plain Python.

Imports nothing of Duijie, so that it can contradict it. `python expect_purin.py DOCUMENTS.json` prints
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


WAREHOUSES, PRODUCTS, UNITS, VENDORS = lookup("仓库"), lookup("物料"), lookup("单位"), lookup("供应商")


def expected(stockin):
    if blank(stockin.get("status")) != "80":
        return None
    number = stockin["order_no"]
    ours = dict.fromkeys(("org", "accountOrg", "purchaseOrg", "inInvoiceOrg"), "001")
    money = {"currency": "CNY", "natCurrency": "CNY", "exchRateType": "01", "exchRate": 1}
    return {
        **ours,
        **money,
        "code": number,
        "vouchdate": stockin["check_time"][:10],
        "bustype": "A15001",
        "warehouse": WAREHOUSES[stockin["warehouse_no"]],
        "vendor": VENDORS[stockin["provider_no"]],
        "memo": "旺店通 " + number + " 采购单 " + stockin["purchase_no"],
        "_status": "Insert",
        "purInRecords": [row(line) for line in stockin["details_list"] if Decimal(line["goods_count"]) > 0],
    }


def row(line):
    made = {"product": PRODUCTS[line["spec_no"]], "qty": four(line["goods_count"])}
    made |= {"oriTaxUnitPrice": four(line["tax_price"]), "_status": "Insert"}
    if blank(line.get("goods_unit")):
        made["stockUnitId"] = UNITS[line["goods_unit"]]
    return {**made, "memo": line["remark"]} if blank(line.get("remark")) else made


if __name__ == "__main__":
    documents = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    json.dump([expected(one) for one in documents], sys.stdout, ensure_ascii=False, default=str, indent=1)
