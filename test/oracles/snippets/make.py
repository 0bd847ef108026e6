"""Random template snippets and what Python's jinja2 makes of them, in the environment of apply_chat_template.

    pip install transformers jinja2
    python test/oracles/snippets/make.py      (from the repository's root)
writes snippets.jsonl.gz: {"source", "text"} or {"source", "error"} a line.
"""
import datetime, gzip, json, os, random
from transformers.utils.chat_template_utils import _compile_jinja_template

HERE = os.path.dirname(os.path.abspath(__file__))
COUNT = 5000
rng = random.Random(41)

# Values of every kind, by the name that a snippet calls them.
CONTEXT = """{"s": "Hello, World  <b>&amp;</b> it's", "t": "  \\n\\u00e9e\\u0301 \\ud83d\\ude00\\ud83d\\udc69\\u200d\\ud83d\\udc67 \\u4f60\\u597d\\t", "e": "", "p": "\\ue000\\ue001x\\ue002", "w": "a,b,,c a", "q": "say \\"hi\\" \\\\ 'x'\\u2028\\u0000", "n": "12", "f1": "1.5e3",
"i": 7, "z": 0, "m": -3, "big": 123456789012345678901234567890, "x": 1e20, "y": 1.0, "nz": -0.0, "h": 2.5, "tiny": 1e-7, "b": true, "no": false, "none": null,
"l": [3, 1, 2], "ls": ["b", "A", "c", "a"], "ll": [[1, "x"], [2, "y"], []], "em": [], "d": {"b": 1, "a": [1, {"k": "\\u00e9<"}], "C": null, "10": 1.5}, "ed": {},
"u": [{"name": "bob", "age": 3, "tags": ["x"]}, {"name": "Al", "age": 10}, {"name": "al", "age": 3, "sub": {"v": 1}}],
"messages": [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "Hi \\ud83d\\ude00"}, {"role": "assistant", "content": "<think>\\nhm\\n</think>\\n\\nHello.", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1.0, "b": [true, null, "\\u4f60"]}}}]}, {"role": "tool", "content": "{}"}]}"""

TEXTS = ["s", "t", "e", "p", "w", "q", "n", "f1", "'ab'", "'a'", "','", "'\\n'", "messages[2].content", "messages[1]['content']", "d.nope"]
NUMBERS = ["i", "z", "m", "big", "x", "y", "nz", "h", "tiny", "b", "no", "1", "0", "2", "-1", "3.0", "10", "1e3", "0.1"]
LISTS = ["l", "ls", "ll", "em", "u", "messages", "[1, 2.0, 'x']", "(1, 'a')", "range(4)", "[b, none, y]", "d.keys()", "d.values()", "d.items()", "w.split(',')"]
DICTS = ["d", "ed", "u[0]", "messages[0]", "{'k': l, 1: y}", "dict(a=1, b=s)"]
OTHERS = ["none", "nope", "b", "no", "nope.deep", "loop"]

SMALL = ["0", "1", "2", "-1", "3", "none", "5", "-2"]
STRING_CALLS = ["strip()", "strip('a H\\n')", "lstrip()", "rstrip('s ')", "upper()", "lower()", "title()", "capitalize()", "swapcase()", "split()", "split(',')", "split(',', 1)", "rsplit(',', 1)", "split(none, 1)", "rsplit(none, 1)", "split('</think>')",
    "splitlines()", "splitlines(true)", "replace('a', 'XY')", "replace('', '-')", "replace('l', '', 1)", "startswith('H')", "endswith(('s', 'a'))", "find('l')", "rfind('l')", "index('a')", "count('l')", "count('')", "join(ls)", "join(l)", "zfill(6)", "center(9, '*')", "ljust(8)", "rjust(8, '.')",
    "partition(',')", "rpartition(',')", "isdigit()", "isalpha()", "isalnum()", "isspace()", "isupper()", "islower()", "isnumeric()", "istitle()", "isdecimal()", "isascii()", "removeprefix('He')", "removesuffix('a')", "format(1, a=2)", "encode()", "expandtabs()", "casefold()", "find('o', 5)", "count('o', 2, -3)", "startswith('e', 1)", "startswith(s, -4)", "nope()", "isidentifier()", "isprintable()"]
DICT_CALLS = ["get('a')", "get('zz', 5)", "keys()", "values()", "items()", "copy()", "pop('a')", "update({})", "get(1)", "nope", "items", "setdefault('a', 1)"]
LIST_CALLS = ["index(1)", "count(1)", "append(1)", "copy()", "pop()", "sort()", "length", "index('zz')"]
FILTERS = ["abs", "capitalize", "center(12)", "count", "d('x')", "default('y', true)", "dictsort", "dictsort(true)", "dictsort(by='value')", "dictsort(reverse=true)", "e", "escape", "first", "float", "float(9)", "int", "int(4)", "int(base=16)", "items", "join", "join('-')", "join(', ', attribute='name')", "last", "length", "list", "lower", "map('upper')", "map(attribute='name')", "map(attribute='age', default=0)", "map('string')", "max", "min", "max(attribute='age')", "min(case_sensitive=true)",
    "reject('odd')", "rejectattr('sub')", "replace('a', 'b')", "replace('l', 'L', 1)", "reverse", "round", "round(1)", "round(2, 'floor')", "round(0, 'ceil')", "round(-1)", "safe", "select", "select('string')", "selectattr('tags')", "selectattr('age', 'gt', 3)", "selectattr('age', 'equalto', 3)", "slice(2)", "slice(3, 'f')", "sort", "sort(reverse=true)", "sort(attribute='name')", "sort(attribute='age,name')", "sort(case_sensitive=true)", "string", "sum", "sum(attribute='age')", "sum(start=10)",
    "title", "tojson", "tojson(indent=2)", "tojson(ensure_ascii=true)", "tojson(sort_keys=true)", "tojson(separators=(',', ':'))", "trim", "trim('a')", "truncate(5)", "truncate(8, true, '~', 0)", "truncate", "unique", "unique(attribute='age')", "upper", "urlencode", "wordcount", "indent", "indent(2, true)", "indent(width='>>', blank=true)", "batch(2)", "batch(3, 'f')", "groupby('age')", "groupby('name')", "format(1, 2)", "attr('upper')",
    "filesizeformat", "wordwrap(3)", "striptags", "pprint", "xmlattr", "forceescape", "urlize"]
TESTS = ["odd", "even", "divisibleby(3)", "defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "lower", "upper", "string", "mapping", "number", "sequence", "iterable", "callable", "sameas(none)", "in(l)", "in s", "eq(1)", "gt(1)", "lessthan(3)", "ne('a')", "escaped", "not none", "not defined", "filter", "test"]
BINARY = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
FORMATS = ["'%s'", "'%d'", "'%5.2f|'", "'%-8s|'", "'%05d'", "'%x'", "'%r'", "'%e'", "'%g'", "'%+d'", "'%%'", "'%(a)s'", "'%s %s'", "'%i'", "'% d'", "'%.3s'", "'%8.3s|'", "'%o'", "'%.0f'", "'%G'", "'%c'", "'%#x'"]
BRACES = ["{}", "{0}", "{:>8}|", "{:<8}|", "{:^9}|", "{:05}", "{:,}", "{:.2f}", "{:+}", "{:x}", "{:%}", "{!r}", "{!s:>6}", "{:_}", "{:e}", "{:g}", "{:d}", "{:.3}", "{:*^12}", "{{}}", "{0} {0}", "{a}", "{:b}", "{:.1%}", "{:s}", "{:08.3f}", "{:=+9}"]


def pick(pools):
    return rng.choice(rng.choice(pools))


def atom():
    return pick([TEXTS, TEXTS, NUMBERS, LISTS, DICTS, OTHERS])


def expression(depth=0):
    roll = rng.random()
    if depth > 2 or roll < 0.16:
        return atom()
    inner = lambda: expression(depth + 1)
    if roll < 0.32:
        return f"({inner()}) | {rng.choice(FILTERS)}"
    if roll < 0.40:
        return f"({pick([LISTS, DICTS])}) | {rng.choice(FILTERS)}"
    if roll < 0.48:
        return f"({inner()}) is {rng.choice(TESTS)}"
    if roll < 0.58:
        return f"({inner()}) {rng.choice(BINARY)} ({inner()})"
    if roll < 0.64:
        return f"({pick([NUMBERS])}) {rng.choice(BINARY)} ({pick([NUMBERS])})"
    if roll < 0.74:
        return f"({rng.choice(TEXTS)}).{rng.choice(STRING_CALLS)}"
    if roll < 0.77:
        return f"({rng.choice(DICTS)}).{rng.choice(DICT_CALLS)}"
    if roll < 0.79:
        return f"({rng.choice(LISTS)}).{rng.choice(LIST_CALLS)}"
    if roll < 0.85:
        return f"({pick([TEXTS, LISTS])})[{rng.choice(SMALL)}:{rng.choice(['', *SMALL])}{rng.choice(['', ':', ':-1', ':2'])}]"
    if roll < 0.88:
        return f"({inner()})[{rng.choice(SMALL + ['s', '1.0', chr(39) + 'a' + chr(39)])}]"
    if roll < 0.92:
        return f"{rng.choice(FORMATS)} % ({rng.choice([inner(), rng.choice(NUMBERS), rng.choice(NUMBERS), '1, 2', '{' + chr(39) + 'a' + chr(39) + ': i}'])})"
    if roll < 0.96:
        return f"'{rng.choice(BRACES)}'.format({rng.choice([inner(), rng.choice(NUMBERS), rng.choice(NUMBERS), rng.choice(TEXTS), 'a=' + rng.choice(NUMBERS)])})"
    return rng.choice(["({0}) if ({1}) else ({2})", "[{0}, {1}]", "({0}, {1})", "{{'k': {0}, {1}: 1}}", "not ({0})", "-({0})", "({0}) if ({1})"]).format(inner(), inner(), inner())


def output(depth=0):
    return "{{%s %s %s}}" % (rng.choice(["", "", "-"]), expression(depth), rng.choice(["", "", "-"]))


def body(depth=0):
    return "".join(rng.choice(["text ", "\n", "  \n\t", " a"]) if rng.random() < 0.4 else statement(depth + 1) for _ in range(rng.randint(1, 3)))


def tag(text):
    return "{%" + rng.choice(["", "-", "", "+"]) + " " + text + " " + rng.choice(["", "-", "", "+"]) + "%}"


def statement(depth=0):
    roll = rng.random()
    if depth > 3 or roll < 0.35:
        return output(1)
    if roll < 0.5:
        return tag("if " + expression(1)) + body(depth) + rng.choice(["", tag("else") + body(depth), tag("elif " + expression(1)) + body(depth)]) + tag("endif")
    if roll < 0.68:
        target, source = rng.choice([("v", pick([LISTS, TEXTS])), ("k, v", "d.items()"), ("k, v", "d | dictsort"), ("a, c", "[(1, 2), ('x', 'y')]"), ("v", expression(1))])
        inside = rng.choice(["{{ loop.index }}/{{ loop.length }}:{{ v }};", "{{ loop.first }}{{ loop.last }}{{ loop.revindex0 }}", "{{ loop.previtem }}|{{ loop.nextitem }}", "{{ loop.cycle('a', 'b') }}", "{{ loop.changed(v) }}", "{% if loop.index > 2 %}{% break %}{% endif %}{{ v }}", "{% if loop.first %}{% continue %}{% endif %}{{ loop.index0 }}", "{% set s = v %}{{ s }}"])
        return tag(f"for {target} in {source}{rng.choice(['', '', ' if loop is undefined', ' if v'])}") + inside + body(depth) + rng.choice(["", tag("else") + "none"]) + tag("endfor")
    if roll < 0.76:
        return tag(f"set {rng.choice(['v', 's', 'v, k'])} = {expression(1)}") + "{{ v }}{{ s }}"
    if roll < 0.82:
        return "{% set ns = namespace(c=0, t='') %}" + tag("for v in ls") + "{% set ns.c = ns.c + 1 %}{% set ns.t = ns.t ~ v %}" + tag("endfor") + "{{ ns.c }}{{ ns.t }}"
    if roll < 0.90:
        return tag("macro f(a, c=2, z=s)") + "{{ a }}" + body(depth) + rng.choice(["{{ c }}", "{{ varargs }}", "{{ kwargs }}", "{{ caller() if caller }}"]) + tag("endmacro") + rng.choice(["{{ f(%s) }}" % expression(2), "{{ f(1, 2, 3, 4) }}", "{{ f(1, z=2, q=3) }}", "{{ f() }}", "{% call f(1) %}inner{% endcall %}", "{{ f(1) | upper }}", "{{ f.name }}"])
    if roll < 0.94:
        return tag("set blk" + rng.choice(["", " | upper", " | trim"])) + body(depth) + tag("endset") + "[{{ blk }}]"
    if roll < 0.97:
        return tag("filter " + rng.choice(["upper", "trim", "replace('a', 'b')", "indent"])) + body(depth) + tag("endfilter")
    return rng.choice([tag(f"with v = {expression(1)}, k = 1") + "{{ v }}{{ k }}" + tag("endwith"), "{# a comment #}", "{% raw %}{{ raw }}{% endraw %}", tag("for v in ll recursive") + "({{ loop(v) if v is sequence and v is not string }}{{ loop.depth }})" + tag("endfor"), "{%- generation -%} " + body(depth) + " {% endgeneration %}"])


def snippet():
    return output() if rng.random() < 0.55 else statement() + rng.choice(["", "\n", "\n\n"]) + (statement() if rng.random() < 0.5 else "")


def rendered(source):
    try:
        return {"source": source, "text": _compile_jinja_template(source).render(**json.loads(CONTEXT))}
    except Exception as error:
        return {"source": source, "error": type(error).__name__}


cases, seen = [], set()
while len(cases) < COUNT:
    source = snippet()
    # Powers of powers take Python minutes.
    if source in seen or len(source) > 500 or ("**" in source and ("big" in source or source.count("**") > 1)):
        continue
    seen.add(source)
    case = rendered(source)
    # An object's address is not the same twice, and a text of thousands of digits tells nothing.
    if " at 0x" in case.get("text", "") or len(case.get("text", "")) > 2000 or case.get("error") == "MemoryError":
        continue
    cases.append(case)
with gzip.GzipFile(os.path.join(HERE, "snippets.jsonl.gz"), "wb", mtime=0) as file:
    file.write("".join(json.dumps(case, ensure_ascii=False) + "\n" for case in [{"context": CONTEXT}, *cases]).encode("utf8", "surrogatepass"))
print(len(cases), "snippets,", sum("error" in case for case in cases), "errors,", os.path.getsize(os.path.join(HERE, "snippets.jsonl.gz")), "bytes")
