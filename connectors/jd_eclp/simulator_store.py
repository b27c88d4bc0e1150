"""What 京东仓海 holds: articles, outbound and purchase orders, returns and stock, with their lives."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

from engine.connect import Json, Record

BEIJING = timezone(timedelta(hours=8))
DEPARTMENT = "EBU4418000000001"
WAREHOUSES = {"110000008": "廊坊大件仓", "110000017": "广州黄埔仓", "110000023": "成都青白江仓"}
SHOPS = {"ESP0000000000001": "自营商城", "ESP0000000000002": "分销商城"}
SUPPLIERS = {"EMS0000000000001": "青禾纺织"}
CATEGORIES = {"15606": "毛巾", "15611": "围裙"}
SHIPPED, OUT = ("10018", "10019")
CANCELLED, CANCEL_FAILED = ("10028", "10029")
STATES = {
    "10010": "订单初始化",
    "10014": "已下发库房",
    SHIPPED: "打包",
    OUT: "交接发货",
    CANCELLED: "取消成功",
    CANCEL_FAILED: "取消失败",
}


class No(Exception):
    """The vendor's own refusal: a gateway code and its words."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(says)
        self.code, self.says = code, says


def text(value: Json) -> str:
    return str(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else ""


def stamp(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def lines_of(ask: Record, *names: str) -> list[dict[str, str]]:
    """Rows out of parallel comma texts. Raises No where they are not of one length."""
    given = {name: text(ask[name]).split(",") for name in names if name in ask}
    if len({len(values) for values in given.values()}) > 1:
        raise No("50", f"参数{'、'.join(given)}的数量不一致")
    count = len(next(iter(given.values()), []))
    return [{name: values[at] for name, values in given.items()} for at in range(count)]


def needed(ask: Record, *names: str) -> None:
    for name in names:
        if not text(ask.get(name)):
            raise No("50", f"参数{name}不能为空")


def quantity(written: str) -> int:
    try:
        number = Decimal(written or "0")
    except InvalidOperation:
        number = Decimal(0)
    if number <= 0 or number != int(number):
        raise No("50", "商品数量必须大于0")
    return int(number)


@dataclass(slots=True)
class Order:
    """An outbound order, from its arrival to the road or its end."""

    number: str
    own: str
    ask: Record
    lines: list[dict[str, str]]
    at: datetime
    trail: list[tuple[str, datetime]]

    @property
    def status(self) -> str:
        return self.trail[-1][0]

    def told(self) -> Record:
        left = self.status == OUT
        return {
            "eclpSoNo": self.number,
            "isvUUID": self.own,
            **{
                name: self.ask.get(name)
                for name in ("shopNo", "departmentNo", "warehouseNo", "consigneeName")
            },
            "wayBill": f"JD{self.number[3:]}" if left else "",
            "currentStatus": self.status,
            "orderStatusList": [
                {"soStatusCode": code, "soStatusName": STATES[code], "operateTime": stamp(at)}
                for code, at in self.trail
            ],
            "orderPackageList": [
                {"packageNo": f"{self.number}-1", "packWeight": "1.20", "wayBill": f"JD{self.number[3:]}"}
            ]
            if left
            else [],
            "orderDetailList": [
                {
                    "goodsNo": line["goodsNo"],
                    "isvGoodsNo": line.get("isvGoodsNo"),
                    "quantity": int(line["quantity"]),
                    "realOutQty": int(line["quantity"]) if left else 0,
                    "orderLine": line.get("orderLine", ""),
                }
                for line in self.lines
            ],
        }


@dataclass(slots=True)
class Paper:
    """A purchase order (10 new … 70 done, 91 cancelled) or a return (0 new, 200 done, 400 cancelled)."""

    number: str
    own: str
    ask: Record
    lines: list[dict[str, str]]
    at: datetime
    status: str


@dataclass
class Store:
    """Everything of one department."""

    goods: dict[str, Record] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    purchases: list[Paper] = field(default_factory=list)
    returns: list[Paper] = field(default_factory=list)
    serials: dict[str, list[str]] = field(default_factory=dict)

    def keep_goods(self, ask: Record) -> tuple[str, bool]:
        """The article's number, and whether it is new."""
        needed(ask, "deptNo", "isvGoodsNo", "barcodes", "thirdCategoryNo", "goodsName", "safeDays")
        if text(ask["deptNo"]) != DEPARTMENT:
            raise No("50", f"事业部编码不存在：{ask['deptNo']}")
        if text(ask["thirdCategoryNo"]) not in CATEGORIES:
            raise No("50", f"商品三级分类编码不存在：{ask['thirdCategoryNo']}")
        own = text(ask["isvGoodsNo"])
        fresh = own not in self.goods
        number = f"EMG{4398046000000 + len(self.goods) + 1}" if fresh else text(self.goods[own]["goodsNo"])
        self.goods[own] = {**ask, "goodsNo": number}
        return number, fresh

    def article(self, line: dict[str, str], name: str = "goodsNo") -> dict[str, str]:
        """The line with both numbers of its article. Raises No where it is none of ours."""
        for own, goods in self.goods.items():
            if line.get(name) == goods["goodsNo"] or (not line.get(name) and line.get("isvGoodsNo") == own):
                return {**line, "goodsNo": text(goods["goodsNo"]), "isvGoodsNo": own}
        raise No("50", f"商品编码不存在：{line.get(name) or line.get('isvGoodsNo')}")

    def order(self, ask: Record, now: datetime) -> tuple[Order, bool]:
        """The outbound order of that isvUUID, and whether it is new."""
        needed(ask, "isvUUID", "isvSource", "shopNo", "departmentNo", "salePlatformSource", "consigneeName")
        needed(ask, "consigneeAddress", "orderMark", "quantity")
        own = text(ask["isvUUID"])
        for order in self.orders:
            if order.own == own:
                return order, False
        if text(ask["shopNo"]) not in SHOPS:
            raise No("50", f"店铺编码不存在：{ask['shopNo']}")
        if text(ask["departmentNo"]) != DEPARTMENT or text(ask.get("warehouseNo")) not in ("", *WAREHOUSES):
            raise No("50", "事业部或库房编码不存在")
        found = [
            self.article(line) for line in lines_of(ask, "goodsNo", "isvGoodsNo", "quantity", "orderLine")
        ]
        for line in found:
            line["quantity"] = str(quantity(line["quantity"]))
        order = Order(f"ESL{len(self.orders) + 4398046600001}", own, ask, found, now, [("10010", now)])
        self.orders.append(order)
        return order, True

    def by_number(self, number: str) -> Order:
        for order in self.orders:
            if order.number == number:
                return order
        raise No("50", f"出库单编码不存在：{number}")

    def cancel(self, number: str, now: datetime) -> str:
        """Why it cannot be cancelled any more; "" where it is."""
        order = self.by_number(number)
        if order.status == CANCELLED:
            return ""
        if order.status in (SHIPPED, OUT):
            order.trail.append((CANCEL_FAILED, now))
            order.trail.append((OUT, now))
            return "出库单已打包或已发货，打回审核，取消失败"
        order.trail.append((CANCELLED, now))
        return ""

    def purchase(self, ask: Record, now: datetime) -> tuple[Paper, bool]:
        needed(ask, "spPoOrderNo", "deptNo", "whNo", "supplierNo", "numApplication", "goodsStatus")
        own = text(ask["spPoOrderNo"])
        for paper in self.purchases:
            if paper.own == own:
                return paper, False
        if text(ask["whNo"]) not in WAREHOUSES or text(ask["supplierNo"]) not in SUPPLIERS:
            raise No("50", "库房或供应商编码不存在")
        found = [
            self.article(line, "deptGoodsNo")
            for line in lines_of(ask, "deptGoodsNo", "isvGoodsNo", "numApplication", "goodsStatus")
        ]
        for line in found:
            quantity(line["numApplication"])
        paper = Paper(f"EPL{len(self.purchases) + 4398046500001}", own, ask, found, now, "20")
        self.purchases.append(paper)
        return paper, True

    def cancel_purchase(self, number: str) -> str:
        paper = next((one for one in self.purchases if one.number == number), None)
        if paper is None:
            raise No("50", f"采购单编码不存在：{number}")
        if paper.status in ("50", "70"):
            return "采购单已开始验收，打回审核，取消失败"
        paper.status = "91"
        return ""

    def give_back(self, ask: Record, now: datetime) -> tuple[Paper, bool]:
        needed(ask, "eclpSoNo")
        order, own = self.by_number(text(ask["eclpSoNo"])), text(ask.get("isvRtwNum"))
        if any(paper.own == own for paper in self.returns if own):
            raise No("50", f"退货入库单号已存在：{own}")
        paper = Paper(f"ESR{len(self.returns) + 4398046700001}", own, ask, order.lines, now, "100")
        self.returns.append(paper)
        return paper, True

    def stock(self, ask: Record) -> list[Record]:
        """What came in less what went out, a row for each warehouse and article, one page of it."""
        needed(ask, "deptNo", "warehouseNo")
        counted: dict[str, int] = {}
        for paper in self.purchases:
            if paper.status == "70" and text(paper.ask["whNo"]) == text(ask["warehouseNo"]):
                for line in paper.lines:
                    counted[line["goodsNo"]] = counted.get(line["goodsNo"], 0) + int(line["numApplication"])
        for order in self.orders:
            if order.status == OUT and text(order.ask.get("warehouseNo")) == text(ask["warehouseNo"]):
                for line in order.lines:
                    counted[line["goodsNo"]] = counted.get(line["goodsNo"], 0) - int(line["quantity"])
        names = {text(goods["goodsNo"]): goods for goods in self.goods.values()}
        wanted = text(ask.get("goodsNo"))
        found: list[Record] = [
            {
                "deptNo": DEPARTMENT,
                "warehouseNo": text(ask["warehouseNo"]),
                "warehouseName": WAREHOUSES.get(text(ask["warehouseNo"]), ""),
                "goodsNo": number,
                "goodsName": names[number].get("goodsName"),
                "sellerGoodsSign": names[number].get("isvGoodsNo"),
                "stockStatus": "1",
                "stockType": "1",
                "totalNum": count,
                "usableNum": count,
            }
            for number, count in sorted(counted.items())
            if wanted in ("", number)
        ]
        page, size = int(text(ask.get("currentPage")) or 1), int(text(ask.get("pageSize")) or 100)
        return [{**row, "recordCount": len(found)} for row in found[(page - 1) * size : page * size]]


def purchase_told(paper: Paper) -> Record:
    done = paper.status == "70"
    return {
        "poOrderNo": paper.number,
        "isvPoOrderNo": paper.own,
        "deptNo": DEPARTMENT,
        "whNo": text(paper.ask["whNo"]),
        "supplierNo": text(paper.ask["supplierNo"]),
        "poOrderStatus": paper.status,
        "createTime": stamp(paper.at),
        "poItemModelList": [
            {
                "goodsNo": line["goodsNo"],
                "numApplication": line["numApplication"],
                "goodsStatus": line["goodsStatus"],
                "realInstoreQty": line["numApplication"] if done else "0",
            }
            for line in paper.lines
        ],
    }


def return_told(paper: Paper) -> Record:
    return {
        "eclpRtwNo": paper.number,
        "isvRtwNum": paper.own,
        "eclpSoNo": text(paper.ask["eclpSoNo"]),
        "deptNo": DEPARTMENT,
        "status": paper.status,
        "createTime": stamp(paper.at),
        "rtwDetailsModelList": [
            {
                "goodsNo": line["goodsNo"],
                "isvGoodsNo": line.get("isvGoodsNo"),
                "planQty": int(line["quantity"]),
                "realQty": int(line["quantity"]) if paper.status == "200" else 0,
            }
            for line in paper.lines
        ],
    }
