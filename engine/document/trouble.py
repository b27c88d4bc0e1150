"""What YAML's own errors mean: a sentence about what to do, at the place where it should be done."""

from __future__ import annotations

import re

import yaml

from engine.document.cut import clip, line_begin, line_end, mended
from engine.document.quote import single, whole
from engine.model.values import Mark, Problem
from engine.say import Say

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_GLUED = re.compile(r"\s*(?:- )?([\w.-]+):(?=[^\s:/])")
_WIDE = re.compile(r"\s*(?:- )?[\w.-]+：")


def translated(error: yaml.YAMLError, text: str, shift: int, path: str) -> Problem:
    """The problem that `error` is. `shift`: by how much our offsets are ahead of YAML's."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(
            path, "yaml", Say("这份文档不是 YAML"), Say("检查文件是否选对、编码是否为 UTF-8"), Mark(1, 1)
        )
    trouble = _Trouble(error, error.problem_mark.index + shift, text, shift)
    at, code, says, do = trouble.told()
    return Problem(path, code, says, do, trouble.mark(at))


class _Trouble:
    """One error with the text around it. Answers are (offset, code, sentence, next step)."""

    def __init__(self, error: yaml.MarkedYAMLError, at: int, text: str, shift: int) -> None:
        self.text = text
        self.shift = shift
        self.what = f"{error.context or ''}: {error.problem or ''}"
        self.at = min(at, len(text))
        self.begun = error.context_mark.index + shift if error.context_mark else self.at

    def mark(self, offset: int) -> Mark:
        lines = _BREAK.split(self.text[self.shift : offset])
        return Mark(len(lines), len(lines[-1]) + 1, offset)

    def begin(self, offset: int) -> int:
        """Where the line of `offset` begins."""
        return line_begin(self.text, offset)

    def line(self, offset: int) -> str:
        return self.text[self.begin(offset) : line_end(self.text, offset)]

    def told(self) -> tuple[int, str, Say, Say]:
        """The first reading that fits: the common slips before YAML's own categories."""
        slips = (self._tab, self._quote, self._colon, self._keyless, self._sign, self._trailing)
        for reading in (*slips, self._flow, self._indent):
            found = reading()
            if found:
                return found
        return (
            self.at,
            "yaml",
            Say("YAML 在这里读不下去"),
            Say("看看这一行和上一行的引号、括号、冒号和缩进"),
        )

    def _tab(self) -> tuple[int, str, Say, Say] | None:
        for offset in (self.at, self.begun):
            line = self.line(offset)
            blank = line[: len(line) - len(line.lstrip())]
            if "\t" in blank:
                place = self.begin(offset) + blank.index("\t")
                return place, "tab", Say("缩进里有制表符（Tab）"), Say("把 Tab 换成空格，每层两个")
        return None

    def _quote(self) -> tuple[int, str, Say, Say] | None:
        if "quoted scalar" not in self.what:
            return None
        if "end of stream" in self.what or "document indicator" in self.what:
            says = Say("引号 {sign} 没有闭合", sign=self.text[self.begun : self.begun + 1])
            return self.begun, "unclosed_quote", says, Say("在文字末尾补上同样的引号")
        if "escape" in self.what:
            says = Say("双引号里的反斜杠后面跟了不认识的字母")
            return self.at, "escape", says, Say("改用单引号：单引号里反斜杠就是反斜杠")
        return None

    def _colon(self) -> tuple[int, str, Say, Say] | None:
        """A colon that is full-width or glued to its value turns key and value into one text."""
        if "mapping values" not in self.what and "expected ':'" not in self.what:
            return None
        for offset in self._near():
            line = self.line(offset)
            wide, glued = _WIDE.match(line), _GLUED.match(line)
            if wide:
                place = self.begin(offset) + wide.end() - 1
                return (
                    place,
                    "wide_colon",
                    Say("这里的冒号是全角的（：）"),
                    _write(line[: wide.end() - 1], line[wide.end() :]),
                )
            if glued:
                place = self.begin(offset) + glued.end() - 1
                return (
                    place,
                    "glued_colon",
                    Say("冒号后面缺一个空格"),
                    _write(line[: glued.end() - 1], line[glued.end() :]),
                )
        if "expected ':'" in self.what and re.match(r"\s*-\S", self.line(self.begun)):
            return self.begun, "glued_dash", Say("“-”后面缺一个空格"), Say("列表的每一项写成“- 内容”")
        if "expected ':'" in self.what:
            says = Say("“{line}”没有冒号，不知道哪里是键、哪里是值", line=clip(self.line(self.begun).strip()))
            return self.begun, "no_colon", says, Say("写成“键: 值”，冒号后面空一格")
        return self._second_colon()

    def _near(self) -> list[int]:
        """Offsets in the lines to look at: where the trouble began, the line above, the line itself."""
        above = max(self.begin(self.at) - 1, 0)
        return sorted({self.begun, above, self.at})

    def _second_colon(self) -> tuple[int, str, Say, Say]:
        line, begin = self.line(self.at), self.begin(self.at)
        key = re.match(r"\s*(?:- )*(?:\"[^\"]*\"|'[^']*'|[^\s:'\"][^:]*):\s+", line)
        if key and begin + key.end() <= self.at:
            start = begin + key.end()
            meant = whole(line[key.end() :], flow=False)
            says = Say("值里的冒号后面有空格，YAML 会把它当成又一个键")
            return (
                self.at,
                "colon_in_value",
                says,
                Say("整段放进单引号：{line}", line=mended(self.text, start, meant)),
            )
        says = Say("这一行缩进得比上一行深，但上一行已经有值了")
        return self.at, "indent", says, Say("与同级的键对齐；要写下一层，上一行冒号后面就不能有值")

    def _sign(self) -> tuple[int, str, Say, Say] | None:
        """A value that begins with a sign YAML keeps for itself: `@ ` * & % ! | >`."""
        alone = any(
            word in self.what for word in ("an alias", "an anchor", "a tag", "block scalar", "cannot start")
        )
        if not alone:
            return None
        start = self.at if "cannot start" in self.what else self.begun
        sign = self.text[start : start + 1]
        if not sign.strip() or sign.isalnum():
            return None
        meant = whole(self.text[start : line_end(self.text, start)], flow=False)
        says = Say("{sign} 在 YAML 里有特别的含义，文字不能以它开头", sign=sign)
        return start, "sign", says, Say("整段放进单引号：{line}", line=mended(self.text, start, meant))

    def _trailing(self) -> tuple[int, str, Say, Say] | None:
        """Something more on the line after a quoted text or a closed bracket: `"7" = b`."""
        line, begin = self.line(self.at), self.begin(self.at)
        value = re.match(r"\s*(?:- )*[^\s:'\"]+:\s+(?=['\"\[{])", line)
        if "expected key" not in self.what or not value or begin + value.end() >= self.at:
            return None
        start = begin + value.end()
        meant = whole(line[value.end() :], flow=False)
        says = Say("引号或括号已经结束，后面却还有内容")
        if meant[0] == meant[-1] == "'" and meant.count("'") % 2:
            line = mended(self.text, start, meant, single(meant[1:-1]))
            return self.at, "trailing", says, Say("单引号里的 ' 要写两遍：{line}", line=line)
        return self.at, "trailing", says, Say("整段放进单引号：{line}", line=mended(self.text, start, meant))

    def _keyless(self) -> tuple[int, str, Say, Say] | None:
        if self.text[self.at : self.at + 1] == ":" and re.search("expected key|node content", self.what):
            return self.at, "no_key", Say("冒号前面没有键"), Say("写上键名，或删掉这一行")
        return None

    def _flow(self) -> tuple[int, str, Say, Say] | None:
        ended = "node content" in self.what and not self.text[self.at :].strip()
        if "flow mapping" in self.what or "flow sequence" in self.what or ended:
            # Where a value is missing at the very end, YAML forgets where the bracket was.
            self.begun = (
                max(self.text.rfind("[", 0, self.at), self.text.rfind("{", 0, self.at), 0)
                if ended
                else self.begun
            )
            sign = self.text[self.begun : self.begun + 1]
            says = Say("{sign} 没有闭合，或里面少了逗号", sign=sign)
            return self.begun, "unclosed_bracket", says, Say("补上右括号；每项之间用逗号加空格隔开")
        if "node content" in self.what and self.text[self.at : self.at + 1] in tuple(",]}"):
            says = Say("这里多了一个 {sign}", sign=self.text[self.at : self.at + 1])
            return self.at, "stray_sign", says, Say("删掉它；如果它是文字的一部分，把整段放进引号")
        return None

    def _indent(self) -> tuple[int, str, Say, Say] | None:
        if "sequence entries" in self.what:
            return self.at, "dash", Say("“- ”不能和键写在同一行"), Say("换到下一行，缩进两个空格再写“- ”")
        if "'-' indicator" in self.what:
            return (
                self.at,
                "indent",
                Say("列表里混进了一行不带“- ”的内容"),
                Say("加上“- ”，或让它与上一层的键对齐"),
            )
        if "expected key" in self.what and not self.line(self.at)[: self.at - self.begin(self.at)].strip():
            return (
                self.at,
                "indent",
                Say("这一行的缩进与上面任何一层都对不上"),
                Say("与同级的键对齐，每层两个空格"),
            )
        if "document start" in self.what:
            return (
                self.at,
                "several_documents",
                Say("文档已经结束，后面却还有内容"),
                Say("一个文件只放一个文档；让这一行与最上层的键对齐"),
            )
        if "directive" in self.what:
            return (
                self.at,
                "directive",
                Say("不支持以 % 开头的 YAML 指令"),
                Say("删掉这一行；如果它是文字，放进引号"),
            )
        return None


def _write(key: str, value: str) -> Say:
    return Say("写成：{line}", line=clip(f"{key.strip()}: {value.strip()}", 300))
