"""The base data of the 用友BIP simulator: what an invented tenant has, and the lists that show it."""

from __future__ import annotations

from engine.connect import Json, Record

from .simulator_ground import No, page, text

MODEL = "/yonbip/digitalModel"
ORGS = {"001": "青禾贸易有限公司"}
KINDS = {
    "A10001": "其他出库",
    "A08001": "其他入库",
    "A15001": "采购入库",
    "A30001": "销售出库",
    "A03001": "调出",
    "A04001": "调入",
}
WAREHOUSES = {"CK01": "杭州一仓", "CK02": "广州二仓", "CK03": "成都三仓"}
UNITS = {
    "GE": "个",
    "TIAO": "条",
    "HE": "盒",
    "XIANG": "箱",
    "PING": "瓶",
    "KG": "千克",
    "L": "升",
    "M": "米",
}
NAMES = (
    "竹纤维毛巾",
    "陶瓷马克杯",
    "无纺布手提袋",
    "洗手液",
    "纯棉抱枕套",
    "不锈钢餐勺",
    "便签本",
    "棉布桌垫",
    "香薰蜡烛",
    "包装绳",
)
SPECS = ("米色", "灰蓝", "墨绿", "大号", "小号", "礼盒装")
PRODUCTS = {
    f"PD{number + 1:06}": f"{NAMES[number // 6]} {SPECS[number % 6]}"
    for number in range(len(NAMES) * len(SPECS))
}
CUSTOMERS = {"C001": "青禾零售", "C002": "山前商贸"}
VENDORS = {"V001": "青禾纺织", "V002": "南窑陶瓷", "V003": "木叶纸品"}
LONG_AGO = "2026-01-05 09:00:00"


class Archives:
    """Rows by the path of their list."""

    def __init__(self) -> None:
        self.products: dict[str, Record] = {}
        for place, (code, name) in enumerate(PRODUCTS.items(), 1):
            self.products[code] = _product(place, code, name)
        self.rows: dict[str, list[Record]] = {
            f"{MODEL}/warehouse/batchQueryDetail": _coded(
                WAREHOUSES, 1_500, ownerorg___code="001", bWMS=False
            ),
            f"{MODEL}/OrgUnitSync/orgUnitDataSyncByDTO": _coded(ORGS, 1_000, orgtype=1, enable=1),
            f"{MODEL}/unit/list": _coded(UNITS, 1_200, precision=4, truncationType=4),
            f"{MODEL}/vendor/list": _coded(VENDORS, 1_300, vendorclass_name="国内"),
            f"{MODEL}/merchant/newlist": [
                {"id": row["id"], "code": row["code"], "name": {"simplifiedName": row["name"]}}
                for row in _coded(CUSTOMERS, 1_400)
            ],
            f"{MODEL}/transtype/list": [
                {**row, "name": {"zh_CN": row["name"]}, "enable": 1} for row in _coded(KINDS, 1_600)
            ],
        }

    def knows(self, path: str) -> bool:
        return path in self.rows or path in (PRODUCT_LIST, ORG_DETAIL, STOCK)

    def told(self, path: str, query: dict[str, str], ask: Record) -> Json:
        """What the list or detail at `path` shows. Raises No for what it does not take."""
        if path == ORG_DETAIL:
            return self._org(query.get("id", ""))
        if path == STOCK:
            return self._stock(ask)
        if path == PRODUCT_LIST:
            return page(self._products(ask), ask)
        if path.endswith("/transtype/list"):
            if not ask.get("path"):
                raise No("310008", "参数path不能为空")
            inner = ask.get("page")
            return page(self.rows[path], inner if isinstance(inner, dict) else {})
        if path.endswith("orgUnitDataSyncByDTO") and not ask.get("funcTypeCode"):
            raise No("310008", "参数funcTypeCode不能为空")
        code = text(ask.get("code"))
        shown = page([row for row in self.rows[path] if not code or row["code"] == code], ask)
        # Customers come as a bare list, without a total.
        return shown["recordList"] if path.endswith("/merchant/newlist") else shown

    def put(self, given: Record, now: str) -> None:
        """A product as a person makes or changes it: {code, …}."""
        code = str(given["code"])
        ident = str(2_330_000_000_000_000_000 + len(self.products) * 7_919)
        self.products[code] = {
            "id": ident,
            "name": code,
            **self.products.get(code, {}),
            **given,
            "pubts": now,
        }

    def _products(self, ask: Record) -> list[Record]:
        since, until = text(ask.get("beginTime")), text(ask.get("endTime"))
        if since and until and since > until:
            raise No("999", "开始时间不能大于结束时间")
        rows = [row for row in self.products.values() if (since or "") <= str(row["pubts"]) <= (until or "~")]
        rows.sort(key=lambda row: (str(row["pubts"]), str(row["code"])))
        return [{name: value for name, value in row.items() if name != "pubts"} for row in rows]

    def _org(self, ident: str) -> Json:
        found = [row for row in self.rows[f"{MODEL}/OrgUnitSync/orgUnitDataSyncByDTO"] if row["id"] == ident]
        if not found:
            raise No("1002", "数据不存在")
        whole = {name: value for name, value in found[0].items() if name != "orgtype"}
        return whole | {"name": {"zh_CN": found[0]["name"]}}

    def _stock(self, ask: Record) -> Json:
        place, product = text(ask.get("warehouse")), text(ask.get("productn.code"))
        return [
            {
                "org": "001",
                "warehouse": warehouse,
                "product": row["id"],
                "product_code": code,
                "currentqty": 100,
            }
            for warehouse in WAREHOUSES
            if place in ("", warehouse)
            for code, row in self.products.items()
            if product in ("", code)
        ]


PRODUCT_LIST = f"{MODEL}/product/integration/querylist"
ORG_DETAIL = f"{MODEL}/orgunit/detail"
STOCK = "/yonbip/scm/stock/QueryCurrentStocksByCondition"


def _coded(codes: dict[str, str], first: int, **more: Json) -> list[Record]:
    """Rows with an id of nineteen digits, a code and a name."""
    return [
        {
            "id": str(2_300_000_000_000_000_000 + (first + at) * 7_919),
            "code": code,
            "name": name,
            "pubts": LONG_AGO,
            **more,
        }
        for at, (code, name) in enumerate(codes.items())
    ]


def _product(place: int, code: str, name: str) -> Record:
    unit = (*UNITS,)[place % 4]
    return {
        "id": str(2_310_000_000_000_000_000 + place * 7_919),
        "code": code,
        "name": name,
        "unitCode": unit,
        "unitName": UNITS[unit],
        "manageClassCode": "01",
        "manageClassName": "成品",
        "stopStatus": False,
        "pubts": LONG_AGO,
    }
