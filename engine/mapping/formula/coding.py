"""Functions between texts and what they encode: JSON, addresses, XML, hashes that make ids."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from urllib.parse import quote, unquote

from engine.exact import decode, encode
from engine.mapping.cell import LONGEST_CELL
from engine.mapping.formula.coded import texts
from engine.mapping.formula.function import Args, Function, eager, shows, takes
from engine.mapping.manual import Param
from engine.mapping.path import compile_path, read_path
from engine.mapping.plain import LONGEST_NUMBER, MISSING, Value, blank
from engine.mapping.scope import LONGEST_TEXT, Find, Scope, Trouble, fits
from engine.mapping.slip import Slip
from engine.model.values import Json
from engine.say import Say

XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})


def hashed(kind: Callable[[bytes], hashlib._Hash]) -> Callable[..., str]:
    def work(text: str, *, scope: Scope) -> str:
        return kind(text.encode("utf-8", "replace")).hexdigest()

    return work


def md5(data: bytes) -> hashlib._Hash:
    return hashlib.md5(data, usedforsecurity=False)


def short_id(text: str, size: int = 16, *, scope: Scope) -> str:
    """The first signs of the SHA-256: the same text always gives the same id."""
    if not 8 <= size <= 64:
        raise Trouble("size", Say("编号长度要在 8 到 64 之间"), Say("改长度；越短越可能重复"))
    return hashed(hashlib.sha256)(text, scope=scope)[:size]


def as_base64(text: str, *, scope: Scope) -> str:
    return fits(base64.b64encode(text.encode("utf-8", "replace")).decode("ascii"), scope)


def from_base64(text: str, *, scope: Scope) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise Trouble("base64", Say("不是 Base64 文本"), Say("核对源数据")) from None


def url_encoded(text: str, *, scope: Scope) -> str:
    if len(text) > LONGEST_TEXT // 12:
        raise Trouble("too_long", Say("文本太长，不能编码成地址"), Say("截短它"))
    return fits(quote(text, safe="", errors="replace"), scope)


def url_decoded(text: str, *, scope: Scope) -> str:
    return unquote(text, errors="replace")


def xml_escaped(text: str, *, scope: Scope) -> str:
    if len(text) > LONGEST_TEXT // 6:
        raise Trouble("too_long", Say("文本太长，不能放进 XML"), Say("截短它"))
    return fits(text.translate(XML), scope)


def read_json(text: str, *, scope: Scope) -> Value:
    """The value of a JSON text; a long number in it is no business and is refused."""
    if blank(text):
        return MISSING
    scope.run.spend(len(text) >> 4)
    try:
        value = decode(text)
    except ValueError:
        raise Trouble("no_json", Say("不是 JSON 文本"), Say("核对源数据")) from None
    except ArithmeticError:
        raise Trouble("no_json", Say("JSON 里的数字太大"), Say("核对源数据")) from None
    if bearable(value, scope):
        return value
    raise Trouble("no_json", Say("JSON 里的数字太大"), Say("核对源数据"))


def bearable(value: Json, scope: Scope) -> bool:
    """Whether every number in it can be written digit by digit."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack += one.values()
        elif isinstance(one, list):
            stack += one
        elif isinstance(one, int):
            if one.bit_length() > 3 * LONGEST_NUMBER:
                return False
        elif one is not None and not isinstance(one, str) and abs(one.adjusted()) > LONGEST_NUMBER:
            return False
    return True


def write_json(args: Args) -> Find:
    find, label = args.coded[0].find, args.coded[0].label

    def written(row: Value, scope: Scope) -> Value:
        value = find(row, scope)
        if value is MISSING:
            return MISSING
        try:
            said = encode(value).decode()
        except (TypeError, ValueError, RecursionError, UnicodeError, OverflowError):
            raise Trouble("no_json", Say("{label} 写不成 JSON", label=label), Say("核对源数据")) from None
        scope.run.spend(len(said) >> 6)
        return fits(said, scope)

    return written


def member(args: Args) -> Find:
    """GET: a path into what another function gave."""
    text, find = args.literal(1) or "", args.coded[0].find
    path, end = read_path(text[:LONGEST_CELL], 0)
    if end != len(text) or path.up:
        raise Slip(0, Say("GET 的路径读不懂"), Say('例如 GET(READJSON(ext), "a.b[0]")'))
    follow = compile_path(path)
    return lambda row, scope: follow(find(row, scope), scope)


def item(args: Args) -> Find:
    """OBJECT: names and values in turn; what is missing is left out, null stays."""
    names = [args.literal(place) or "" for place in range(0, len(args.coded), 2)]
    finds = [one.find for one in args.coded[1::2]]
    if len(names) != len(finds) or len(set(names)) < len(names):
        raise Slip(0, Say("OBJECT 要成对地写名字和值，名字不重复"), Say('例如 OBJECT("FNumber", spec_no)'))
    pairs = tuple(zip(names, finds, strict=True))

    def made(row: Value, scope: Scope) -> Value:
        found: dict[str, Json] = {}
        for name, find in pairs:
            value = find(row, scope)
            if value is not MISSING:
                found[name] = value
        return found

    return made


def json_text(args: Args) -> Find:
    """READJSON: an object or a list that is one already stays as it is."""
    find, text = args.coded[0].find, texts(args.coded[0])

    def parsed(row: Value, scope: Scope) -> Value:
        value = find(row, scope)
        return value if isinstance(value, dict | list) else read_json(text(row, scope), scope=scope)

    return parsed


TEXT = Param(Say("文本"), "text")
ANY = Param(Say("值"), "any")
MD5 = "900150983cd24fb0d6963f7d28e17f72"
SHA = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
FUNCTIONS = (
    Function("MD5", "短摘要", takes(TEXT), "text", Say("文本的 MD5，32 位小写"), shows(('MD5("abc")', MD5)),
        eager(hashed(md5), slow=True)),
    Function("SHA256", "摘要", takes(TEXT), "text", Say("文本的 SHA-256，64 位小写"),
        shows(('SHA256("abc")', SHA)), eager(hashed(hashlib.sha256), slow=True)),
    Function("SHORTID", "短编号", takes(TEXT, Param(Say("长度"), "count", optional=True)), "text",
        Say("由文本算出的固定编号，同样的文本总得同样的编号；不写长度是 16 位"),
        shows(('SHORTID("CK1-1", 12)', hashlib.sha256(b"CK1-1").hexdigest()[:12])), eager(short_id, slow=True)),
    Function("BASE64", "文本编码", takes(TEXT), "text", Say("文本变成 Base64"), shows(('BASE64("出库")', "5Ye65bqT")),
        eager(as_base64, slow=True)),
    Function("UNBASE64", "文本解码", takes(TEXT), "text", Say("Base64 变回文本"),
        shows(('UNBASE64("5Ye65bqT")', "出库")),
        eager(from_base64, slow=True)),
    Function("URLENCODE", "地址编码", takes(TEXT), "text", Say("文本变成可以放进网址的写法"),
        shows(('URLENCODE("a/库")', "a%2F%E5%BA%93")), eager(url_encoded, slow=True)),
    Function("URLDECODE", "地址解码", takes(TEXT), "text", Say("网址里的写法变回文本"),
        shows(('URLDECODE("a%2F%E5%BA%93")', "a/库")), eager(url_decoded, slow=True)),
    Function("XMLTEXT", "转义XML", takes(TEXT), "text", Say("文本变成可以放进 XML 的写法"),
        shows(('XMLTEXT("a<b & c")', "a&lt;b &amp; c")), eager(xml_escaped, slow=True)),
    Function("READJSON", "读JSON", takes(ANY), "any", Say("把 JSON 文本读成对象、列表或值；已经是对象就不变"),
        shows(('READJSON("[1, 2.50]")', [1, 2.5])), json_text),
    Function("WRITEJSON", "写JSON", takes(ANY), "text", Say("把值写成 JSON 文本"),
        shows(('WRITEJSON(OBJECT("no", "CK1", "qty", 1.50))', '{"no":"CK1","qty":1.50}')), write_json),
    Function("GET", "取成员", takes(ANY, Param(Say("路径"), "literal")), "any", Say("从算出的对象或列表里按路径取值"),
        shows(("""GET(READJSON('{"a":{"b":["x"]}}'), "a.b[0]")""", "x")), member),
    Function("OBJECT", "对象",
        takes(Param(Say("名字"), "literal", many=True), Param(Say("值"), "any", many=True)), "any",
        Say("由名字和值组成一个对象；没有值的不写"),
        shows(('OBJECT("FNumber", "CK01")', {"FNumber": "CK01"})), item),
)  # fmt: skip
