"""The work, defined once: the orders the source serves, the tables of codes, and the document that
must arrive for each order.

Only the server and its checker import this file; peers bring their own mapping. The shapes follow
the public field lists of a stock-out query and an other-outbound save; every value is invented.
"""

from __future__ import annotations

from typing import Any

CITIES = "杭州市 上海市 广州市 成都市 武汉市 南京市 青岛市".split()
GOODS = "纯棉短袖T恤 不锈钢保温杯 蓝牙耳机 婴儿湿巾 螺蛳粉礼盒 机械键盘 登山双肩包".split()
SPECS = "红色/XL 500ml 黑色 80抽*6包 300g*5袋 茶轴 40L".split()
UNITS = "件 个 盒 包".split()
CARRIERS = [("SF", "顺丰速运"), ("YTO", "圆通速递"), ("ZTO", "中通快递"), ("JD", "京东物流")]
BUSTYPE = {"1": "A10001", "2": "A10002", "3": "A10003", "4": "A10004"}
KINDS = {"1": "销售出库", "2": "调拨出库", "3": "采购退货出库", "4": "其他出库"}
WAREHOUSES, MATERIALS = 50, 950  # 1,000 codes in all


def warehouse(k: int) -> tuple[str, str]:
    """Our code and theirs of warehouse k."""
    return f"WH{k:03d}", f"CK{(k * 37) % 1000:04d}"


def material(k: int) -> tuple[str, str]:
    """Our code and theirs of material k."""
    return f"SPU{k // 4:04d}-{k % 4:02d}", f"10{(k * 7919) % 1000000:06d}"


CODES = {
    "warehouse": dict(warehouse(k) for k in range(WAREHOUSES)),
    "material": dict(material(k) for k in range(MATERIALS)),
}


def order(i: int) -> dict[str, Any]:
    """Order number i, as the source returns it: 42 header fields, 3 lines of 24, 2.7 KB."""
    time = f"2026-{_month(i):02d}-{1 + i % 28:02d} {(i // 7) % 24:02d}:{(i // 3) % 60:02d}:{i % 60:02d}"
    kind, carrier, city = str(1 + i % 4), CARRIERS[i % 4], CITIES[i % 7]
    house = warehouse(i % WAREHOUSES)[0]
    lines = [_line(i, j) for j in range(3)]
    count, amount, cost = (
        sum(float(line["goods_count"]) * float(line[price] if price else 1) for line in lines)
        for price in ("", "sell_price", "cost_price")
    )
    return {
        "stockout_id": str(700000000 + i), "order_no": f"CK2026{i:09d}", "src_order_no": f"JY2026{i * 3 + 11:010d}",
        "warehouse_no": house, "warehouse_name": f"{city}{house}仓", "status": "95", "status_name": "已发货",
        "consign_time": time, "order_type": kind, "order_type_name": KINDS[kind], "subtype": "1",
        "stockout_reason": "", "goods_count": f"{count:.4f}", "goods_total_amount": f"{amount:.4f}",
        "goods_total_cost": f"{cost:.4f}", "post_fee": "0.0000", "package_fee": "0.0000",
        "logistics_no": f"{carrier[0]}{i * 97:012d}", "logistics_type": "4",
        "logistics_code": carrier[0], "logistics_name": carrier[1],
        "receiver_name": "**", "receiver_country": "中国", "receiver_province": "浙江省", "receiver_city": city,
        "receiver_district": "余杭区", "receiver_address": "***", "receiver_mobile": "***", "receiver_telno": "",
        "receiver_zip": "", "weight": f"{0.3 + i % 9:.4f}", "remark": "" if i % 3 else f"客户备注“加急”#{i}",
        "outer_no": "", "operator_name": "系统", "shop_no": f"S{i % 12:03d}", "shop_name": f"旗舰店{i % 12}",
        "trade_no": f"JY{i:011d}", "src_tid": f"2{i:017d}", "created": time, "modified": time,
        "details_list": lines, "currency": "CNY",
    }  # fmt: skip


def _month(i: int) -> int:
    return 1 + (i // 28) % 12


def _line(i: int, j: int) -> dict[str, Any]:
    k, kind = (i * 3 + j * 131) % MATERIALS, (i + j) % 7
    number, quantity, price = material(k)[0], 1 + (i + j) % 9, 9.9 + (i * 7 + j * 13) % 400
    day = f"{_month(i):02d}{1 + i % 28:02d}"
    return {
        "stockout_id": str(700000000 + i), "rec_id": str(9000000000 + i * 3 + j), "spec_no": number,
        "goods_count": f"{quantity}.0000", "sell_price": f"{price:.4f}", "brand_no": f"B{kind:02d}",
        "brand_name": "自有品牌" if kind % 2 else "联名系列", "brand_id": str(100 + kind),
        "goods_name": GOODS[kind], "goods_no": number[:7], "goods_id": str(50000 + k),
        "spec_name": SPECS[kind], "spec_code": f"690{k:010d}", "spec_id": str(80000 + k),
        "barcode": f"69{k:011d}", "cost_price": f"{price * 0.6:.4f}", "total_amount": f"{quantity * price:.4f}",
        "weight": f"{0.12 * quantity:.4f}", "remark": "" if i % 5 else "轻拿轻放",
        "goods_unit": UNITS[k % 4], "batch_no": f"P{day}{k:04d}", "batch_remark": "", "goods_type": "1",
        "expire_date": "0000-00-00 00:00:00" if k % 3 == 0 else f"2028-{day[:2]}-{day[2:]} 00:00:00",
    }  # fmt: skip


def expected(order: dict[str, Any]) -> dict[str, Any]:
    """The document that must arrive for an order; its idempotency key is the peer's own."""
    return {
        "code": order["order_no"], "org": "0001", "accountOrg": "0001",
        "_status": "Insert", "srcBillType": "wdt.stockout",
        "bustype": BUSTYPE[order["order_type"]], "warehouse": CODES["warehouse"][order["warehouse_no"]],
        "vouchdate": _day(order["consign_time"]),
        "memo": f"{order['order_type_name']}/{order['src_order_no']}/{order['remark']}",
        "defines!define1": order["src_order_no"],
        "defines!define2": order["logistics_name"] + ":" + order["logistics_no"],
        "totalQuantity": float(order["goods_count"]),
        "othOutRecords": [{
            "_status": "Insert", "product": CODES["material"][line["spec_no"]], "productsku": line["spec_no"],
            "product_cName": line["goods_name"] + " " + line["spec_name"], "unit": line["goods_unit"],
            "qty": float(line["goods_count"]), "natUnitPrice": float(line["sell_price"]),
            "natMoney": float(line["total_amount"]), "batchno": line["batch_no"],
            "invaliddate": _day(line["expire_date"]), "sourceid": order["stockout_id"],
            "sourceautoid": line["rec_id"], "upcode": order["order_no"],
        } for line in order["details_list"]],
    }  # fmt: skip


def _day(text: str) -> str | None:
    return None if not text or text.startswith("0000") else text[:10]
