"""What 旺店通 must hold for an article of 用友BIP: the scheme's meaning in plain Python.

Imports nothing of Duijie, so that it can contradict it. `python expect_goods.py ARTICLES.json` prints
the document of every article, null where the scheme skips it.
"""

import json
import sys
from pathlib import Path


def expected(article):
    if article.get("stopStatus"):
        return None
    code, name = article["code"], article["name"]
    made = {
        "goods_no": code,
        "goods_name": name,
        "goods_type": "1",
        "unit_name": article["unitName"],
        "remark": "用友BIP " + code,
        "spec_list": [{"spec_no": code, "spec_name": name, "is_allow_neg_stock": 0}],
    }
    kind = article.get("manageClassName")
    return {**made, "class_name": kind} if kind else made


if __name__ == "__main__":
    articles = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    json.dump([expected(article) for article in articles], sys.stdout, ensure_ascii=False, indent=1)
