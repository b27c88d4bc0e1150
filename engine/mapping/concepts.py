"""What the words of ERP, WMS and shop fields mean, whatever each vendor calls it: 货品 = 物料 = goods = item.

A concept is one line: its name, then the words for it, Chinese and of English field names. A longer word
is found before a shorter one in it. `PLAIN` are what nearly every field has (number, name, time): they tell little.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LINES = """
goods       商家编码 货号 货品 物料 商品 存货 产品 sku 单品 goods product material item spec sku prod ware
spec        规格 型号 specification standard property
code        编码 编号 代码 单号 号码 号 code no number num_no id uuid sn
name        名称 名 name title nick 昵称
warehouse   仓库 仓 warehouse storage wh stock_org
position    货位 仓位 库位 position location bin
quantity    数量 件数 个数 应收数量 实发数量 主数量 qty quantity count num amount_qty
money       金额 总额 价税合计 含税金额 amount money total sum paid
price       单价 价格 价 price
cost        成本 cost
tax         税 税率 含税 tax
discount    折扣 优惠 discount promotion
unit        计量单位 主单位 单位 unit uom
note        备注 说明 摘要 附言 remark memo note desc description message reason
reason      原因 reason
time        日期 时间 时刻 业务日期 单据日期 date day vouchdate time datetime
create      创建 新建 下单 建单 制单 created create creation
modify      修改 更新 变更 modified modify update updated
pay         付款 支付 pay payment paid
send        发货 发出 出库时间 发货时间 consign send delivery ship shipped
check       审核 入库时间 check audit approve
order       订单 order trade
trade       交易 trade tid
purchase    采购 purchase po purin
refund      退货 退换 退款 refund return
stockout    出库 stockout outstock othout
stockin     入库 stockin instock othin
document    单据 单 bill voucher doc
source      来源 源 原始 上游 前置 src source raw pre
platform    平台 外部 platform
shop        店铺 门店 网店 shop store
customer    客户 买家 会员 customer cust buyer member
supplier    供应商 供货商 供方 supplier provider vendor
owner       货主 owner
company     公司 组织 主体 org company organization
department  部门 department dept
person      业务员 经手人 操作人 制单人 operator employee person user
receiver    收货人 收件人 收货 收件 receiver consignee
sender      寄件人 发件人 退货人 sender
mobile      手机 mobile cell
phone       电话 telephone phone tel telno
province    省份 省 province
city        城市 市 city
district    区县 区 县 district county area
address     详细地址 地址 detail_address address addr
zip         邮编 zip postcode
logistics   物流 快递 承运 运单 快递单 logistics express waybill carrier
batch       批次 批号 batch lot batchno
produce     生产 produced production product_date
expire      到期 失效 有效期 过期 expire expiry invalid invaliddate
validity    保质期 保质 有效天数 validity safe_days shelf safe
barcode     条码 条形码 barcode bar
weight      重量 毛重 净重 weight gross
volume      体积 volume
length      长 length
width       宽 width
height      高 height
class       分类 类别 品类 类目 class category cate
brand       品牌 brand
type        类型 种类 方式 type kind mode
status      状态 status state
line        行号 行 明细 line row entry
shipping    运费 邮费 freight postage post_amount
currency    币种 币别 currency
invoice     发票 invoice
flag        标记 旗帜 是否 flag is mark
picture     图片 pic image url
"""
PLAIN = frozenset({"code", "name", "document", "note", "time", "type", "status", "line", "flag", "order"})

_TABLE: dict[str, str] = {}
for _line in _LINES.strip().splitlines():
    _concept, *_words = _line.split()
    for _word in _words:
        _TABLE.setdefault(_word, _concept)
_LONGEST = max(len(word) for word in _TABLE)
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@lru_cache(maxsize=65536)
def concepts(text: str) -> frozenset[str]:
    """What a title or a vendor's field name means; a word nobody knows means itself."""
    return frozenset(_chinese(text)) | frozenset(_english(text))


def _chinese(text: str) -> list[str]:
    """Longest known word first; a character in none stands for itself."""
    found, place = [], 0
    while place < len(text):
        char = text[place]
        if char.isascii():
            place += 1
            continue
        word = next(
            (
                text[place:end]
                for end in range(min(len(text), place + _LONGEST), place, -1)
                if text[place:end] in _TABLE
            ),
            char,
        )
        found.append(_TABLE.get(word, word))
        place += len(word)
    return found


def _english(text: str) -> list[str]:
    """The parts of snake_case and camelCase names, two together where they are one word: detail_address."""
    parts = [part.lower() for part in _PARTS.findall(text) if not part.isdigit()]
    found = []
    for index, part in enumerate(parts):
        pair = f"{part}_{parts[index + 1]}" if index + 1 < len(parts) else ""
        if pair in _TABLE:
            found.append(_TABLE[pair])
        elif part in _TABLE:
            found.append(_TABLE[part])
        elif part not in ("f", "isv", "list", "the", "of"):
            found.extend(_run_together(part))
    return found


def _run_together(part: str) -> list[str]:
    """`goodsname`, `batchno`: two known words without a seam; else the part itself."""
    for cut in range(2, len(part) - 1):
        if part[:cut] in _TABLE and part[cut:] in _TABLE:
            return [_TABLE[part[:cut]], _TABLE[part[cut:]]]
    return [part]
