"""Template snippets, each rendered over the same variables. They are grouped by what they try."""

CONTEXT = r"""{"s": "Hello, Wörld! 你好 😀", "pad": "  \t x y \n ", "n": 7, "neg": -7, "f": 2.5, "whole": 1.0, "tiny": 1.5e-7, "huge": 1e22, "big": 12345678901234567890, "yes": true, "no": false, "nil": null, "empty": "", "list": [3, 1, 2], "words": ["b", "A", "c", "a"], "nested": [[1, [2, 3]], {"k": "v"}], "d": {"b": 1, "a": [true, null, 1.0], "10": "ten", "2": "two", "items": "shadow", "é": "\u00e9\n\"\\/"}, "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi <b>&'\"</b>"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nYes.", "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"x": 1.0, "y": "é"}}}]}], "tools": [{"type": "function", "function": {"name": "g", "parameters": {"type": "object", "required": []}}}], "bos_token": "<s>", "lines": "one\ntwo\r\nthree\n\nfour"}"""

VALUES = """
{{ s }}|{{ n }}|{{ neg }}|{{ f }}|{{ whole }}|{{ tiny }}|{{ huge }}|{{ big }}|{{ yes }}|{{ no }}|{{ nil }}|{{ empty }}
{{ list }}|{{ words }}|{{ nested }}
{{ d }}
{{ undefined_name }}|{{ d.missing }}|{{ d['missing'] }}|{{ list[9] }}
{{ 1e3 }}|{{ 1.0 }}|{{ 1_000 }}|{{ 0x1f }}|{{ 0b101 }}|{{ 0o17 }}|{{ 1.5e10 }}|{{ 1e16 }}|{{ 123456789012345680.0 }}|{{ 0.0001 }}|{{ 0.00001 }}
{{ 'a\\nb' }}|{{ "tab\\tq\\"" }}|{{ 'uni\\u00e9 \\x41 \\101 \\q' }}
{{ ('a' 'b') }}|{{ () }}|{{ (1,) }}|{{ (1, 2) }}|{{ 1, 2 }}
{{ {} }}|{{ {'a': 1, 2: [3]} }}|{{ {'a': 1,} }}|{{ [1,] }}
{{ true }}|{{ True }}|{{ none }}|{{ None }}|{{ false }}
{{ "it's" }}|{{ ["it's"] }}|{{ ['a"b'] }}|{{ ["a'b\\"c"] }}|{{ ['\\n\\t\\\\\\x00\\xa0é😀'] }}
"""

OPERATORS = """
{{ 1 + 2 * 3 }}|{{ (1 + 2) * 3 }}|{{ 2 ** 3 ** 2 }}|{{ -2 ** 2 }}|{{ 7 // 2 }}|{{ -7 // 2 }}|{{ 7 % 3 }}|{{ -7 % 3 }}|{{ 7 % -3 }}
{{ 7 / 2 }}|{{ 6 / 2 }}|{{ 7.5 // 2 }}|{{ -7.5 % 2 }}|{{ 2 ** -1 }}|{{ 2 ** 0.5 }}|{{ 10 ** 20 }}|{{ 9007199254740993 + 1 }}
{{ 0.1 + 0.2 }}|{{ 1 + 1.0 }}|{{ n * f }}|{{ big + 1 }}|{{ big // 10 }}|{{ yes + 1 }}|{{ -yes }}|{{ +n }}
{{ 'a' + 'b' }}|{{ 'ab' * 3 }}|{{ 3 * 'ab' }}|{{ [1] + [2] }}|{{ [0] * 3 }}|{{ (1,) + (2,) }}
{{ 'a' ~ 1 ~ none ~ 2.0 ~ true ~ [1] }}|{{ 1 ~ 2 }}
{{ 1 < 2 < 3 }}|{{ 1 < 2 > 3 }}|{{ 1 == 1.0 }}|{{ 1 == true }}|{{ 'a' == 'a' }}|{{ 'a' != 'b' }}|{{ [1, 2] == [1, 2] }}|{{ {'a': 1} == {'a': 1.0} }}
{{ 'a' < 'b' }}|{{ 'Z' < 'a' }}|{{ '\\uffff' < '😀' }}|{{ [1, 2] < [1, 3] }}|{{ (1,) < (1, 0) }}|{{ none == none }}|{{ none == false }}
{{ 'ell' in s }}|{{ 'x' not in s }}|{{ 1 in list }}|{{ 1.0 in list }}|{{ 'b' in d }}|{{ 'b' in d.keys() }}|{{ 1 in d.values() }}|{{ not 1 in list }}
{{ not true }}|{{ not '' }}|{{ not not 0 }}|{{ 1 and 2 }}|{{ 0 or 'x' }}|{{ '' or none or [] }}|{{ 1 and '' and 2 }}
{{ 'a' if yes else 'b' }}|{{ 'a' if no }}|{{ 'a' if no else 'b' if no else 'c' }}|{{ ('x' if no) is defined }}
{{ missing is defined }}|{{ not missing }}|{{ missing == other_missing }}|{{ missing ~ 'x' }}|{{ missing|default('d') }}|{{ 'a' in missing }}
{{ missing + 'x' }}
{{ missing.attr }}
{{ missing() }}
{{ 'a' + 1 }}
{{ 1 + none }}
{{ none.x }}|{{ none.x is defined }}
{{ none.x.y }}
{{ 1 // 0 }}
{{ 'a' < 1 }}
{{ 1 in 5 }}
{{ s.nope() }}
{{ 5() }}
{{ 1 if }}
{{ a b }}
{{ [1, 2 }}
{% if yes %}open
{% endif %}
{% for x in list %}{{ x }}{% endfor
{{ 'open }}
{{ s | nosuchfilter }}
{{ s is nosuchtest }}
{% nosuchtag %}
"""

ACCESS = """
{{ d.b }}|{{ d['b'] }}|{{ d.a.0 }}|{{ d.a[2] }}|{{ d['10'] }}|{{ d['items'] }}|{{ nested[1].k }}|{{ nested[0][1][-1] }}
{{ s[0] }}|{{ s[-1] }}|{{ s[1:5] }}|{{ s[:3] }}|{{ s[-3:] }}|{{ s[::-1] }}|{{ s[::2] }}|{{ s[5:1:-1] }}|{{ s[100:] }}|{{ s[3:2] }}|{{ s[-100:3] }}
{{ list[::-1] }}|{{ list[1:] }}|{{ list[:-1] }}|{{ list[-2:] }}|{{ (1,2,3)[::-1] }}|{{ messages[1:][0].role }}|{{ messages[::-1][0]['role'] }}
{{ d.items is callable }}|{{ d.get('b') }}|{{ d.get('zz') }}|{{ d.get('zz', 'dflt') }}|{{ d.keys()|list }}|{{ d.values()|list }}|{{ d.items() | list }}
{{ d.keys() }}|{{ d.items()|length }}|{{ {'a': none}.get('a', 1) }}|{{ {'a': none}.a }}|{{ {'a': none}['a'] is none }}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
{% for k in d %}{{ k }},{% endfor %}
{% for k, v in d|items %}{{ k }}{% endfor %}|{% for k, v in d|dictsort %}{{ k }},{% endfor %}
{{ list.append(4) }}
{{ d.update({'x': 1}) }}
{{ s.__class__ }}
{{ s._private }}|{{ d._x is defined }}
{{ list.index(1) }}|{{ list.count(3) }}|{{ d.copy() == d }}
{{ list['0'] }}|{{ s.upper is callable }}|{{ s['upper']() }}
{{ messages[0]['content'][0] }}|{{ messages|length }}|{{ messages[2].tool_calls[0].function.arguments.x }}
{{ list[0:2][5] is defined }}|{{ d[1] is defined }}|{{ d[[1]] is defined }}
{{ range(3)|list }}|{{ range(1, 10, 3)|list }}|{{ range(5, 0, -2)|list }}|{{ range(3) }}|{{ range(10)[2:5]|list }}|{{ range(4)[1] }}|{{ range(3)|length }}
{{ range(1000000) }}
{{ dict(a=1, b=2) }}|{{ dict({'x': 1}, y=2) }}|{{ dict([('a', 1)]) }}
"""

METHODS = """
[{{ pad.strip() }}]|[{{ pad.lstrip() }}]|[{{ pad.rstrip() }}]|[{{ 'xxaxx'.strip('x') }}]|[{{ 'abcabc'.lstrip('ba') }}]|[{{ 'abc\\n\\n'.rstrip('\\n') }}]|[{{ 'x'.strip('') }}]
{{ 'a,b,,c'.split(',') }}|{{ 'a,b,c'.split(',', 1) }}|{{ ' a  b '.split() }}|{{ ' a  b c '.split(none, 1) }}|{{ 'a b c'.rsplit(' ', 1) }}|{{ 'a b c'.rsplit(none, 1) }}|{{ ''.split(',') }}|{{ ''.split() }}
{{ 'abc'.split('') }}
{{ 'a</think>b</think>c'.split('</think>')[-1] }}|{{ 'x<think>y'.split('<think>')[-1].lstrip('\\n') }}|{{ 'a--b--c'.rsplit('--', 1)[0] }}
{{ 'abab'.replace('a', 'x') }}|{{ 'abab'.replace('a', 'x', 1) }}|{{ 'ab'.replace('', '-') }}|{{ 'ab'.replace('', '-', 2) }}|{{ 'aaa'.replace('aa', 'b') }}|{{ 'a'.replace('b', 'c') }}
{{ s.upper() }}|{{ s.lower() }}|{{ 'hELLO wORLD'.title() }}|{{ 'hELLO wORLD'.capitalize() }}|{{ 'aB'.swapcase() }}|{{ "they're bill's".title() }}|{{ 'Straße'.upper() }}|{{ 'ß'.casefold() }}
{{ s.startswith('Hello') }}|{{ s.endswith('😀') }}|{{ s.startswith(('x', 'H')) }}|{{ s.startswith('ello', 1) }}|{{ s.startswith('') }}|{{ 'abc'.endswith('b', 0, 2) }}
{{ s.find('l') }}|{{ s.rfind('l') }}|{{ s.find('zz') }}|{{ s.find('😀') }}|{{ s.index('好') }}|{{ 'abcabc'.find('c', 3) }}|{{ 'aaa'.count('a') }}|{{ 'aaaa'.count('aa') }}|{{ 'abc'.count('') }}
{{ s.index('zz') }}
{{ 'x'.join(['a', 'b']) }}|{{ ', '.join(words) }}|{{ ''.join([]) }}|{{ '-'.join('abc') }}
{{ ','.join([1]) }}
[{{ 'a'.center(5) }}]|[{{ 'ab'.center(5, '*') }}]|[{{ 'a'.ljust(3) }}]|[{{ 'a'.rjust(3, '.') }}]|{{ '42'.zfill(5) }}|{{ '-42'.zfill(5) }}|[{{ 'abc'.center(2) }}]|[{{ 'abc'.center(6) }}]
{{ lines.splitlines() }}|{{ lines.splitlines(true) }}|{{ ''.splitlines() }}|{{ 'a\\n'.splitlines() }}
{{ 'a=b=c'.partition('=') }}|{{ 'a=b=c'.rpartition('=') }}|{{ 'abc'.partition('=') }}|{{ 'prefix-x'.removeprefix('prefix-') }}|{{ 'x.py'.removesuffix('.py') }}
{{ 'abc'.isalpha() }}|{{ 'ab1'.isalnum() }}|{{ '12'.isdigit() }}|{{ '½'.isnumeric() }}|{{ '²'.isdigit() }}|{{ '²'.isdecimal() }}|{{ ' '.isspace() }}|{{ ''.isspace() }}|{{ 'aB'.islower() }}|{{ 'ab1'.islower() }}|{{ 'AB 1'.isupper() }}|{{ '12'.isupper() }}|{{ 'a'.isascii() }}|{{ 'é'.isascii() }}
{{ '{} and {}'.format(1, 'x') }}|{{ '{0}{1}{0}'.format('a', 'b') }}|{{ '{name}!'.format(name=s) }}|{{ '{{}}'.format() }}|{{ '{:>5}|{:<5}|{:^5}'.format('a', 'b', 'c') }}|{{ '{:05d}|{:+d}|{:,}'.format(42, 42, 1234567) }}|{{ '{:.2f}|{:8.3f}|{:e}|{:g}|{:%}'.format(3.14159, 2.5, 12345.678, 0.0001, 0.25) }}|{{ '{:x}|{:X}|{:o}|{:b}'.format(255, 255, 8, 5) }}|{{ '{!r}'.format('a') }}
{{ '{a[x]} {b.c}'.format(a={'x': 1}, b={'c': 2}) }}|{{ '{:*^9}'.format('mid') }}|{{ '{:.3}'.format('abcdef') }}
{{ '{}'.format() }}
{{ '{x}'.format() }}
{{ '%s is %d and %.2f %%' % ('a', 3, 2.345) }}|{{ '%s' % 'x' }}|{{ '%5d|%-5d|%05d|%+d' % (42, 42, 42, 42) }}|{{ '%x %X %o' % (255, 255, 8) }}|{{ '%(a)s' % {'a': 1} }}|{{ '%r' % ('a',) }}|{{ '%e %g' % (12345.678, 1e-5) }}|{{ '%10s|%-10s|' % ('a', 'b') }}|{{ '%.2s' % 'abc' }}
{{ '%s %s' % ('a',) }}
{{ '%s' % ('a', 'b') }}
{{ '%d' % 'a' }}
"""

FILTERS = """
{{ s|upper }}|{{ s|lower }}|{{ 'foo bar-baz'|title }}|{{ 'fOO'|capitalize }}|{{ s|length }}|{{ list|count }}|{{ d|length }}
[{{ pad|trim }}]|[{{ 'xxaxx'|trim('x') }}]|{{ 'aXbX'|replace('X', '-') }}|{{ 'aaa'|replace('a', 'b', 2) }}
{{ list|first }}|{{ list|last }}|{{ s|first }}|{{ s|last }}|{{ []|first }}|{{ ''|last }}|{{ d|first }}
{{ list|sort }}|{{ words|sort }}|{{ words|sort(case_sensitive=true) }}|{{ list|sort(reverse=true) }}|{{ messages|sort(attribute='role')|map(attribute='role')|list }}
{{ list|join(', ') }}|{{ words|join }}|{{ messages|join('-', attribute='role') }}|{{ [1, none, 2.0, true]|join(',') }}|{{ 'abc'|join('.') }}
{{ list|map('string')|list }}|{{ words|map('upper')|join }}|{{ messages|map(attribute='role')|list }}|{{ messages|map(attribute='zz', default='-')|list }}|{{ ['a b']|map('replace', ' ', '_')|list }}
{{ list|select('odd')|list }}|{{ list|reject('odd')|list }}|{{ [0, 1, '', 'a', none]|select|list }}|{{ list|select('>', 1)|list }}|{{ list|select('in', [1, 2])|list }}|{{ messages|selectattr('role', 'equalto', 'user')|list|length }}|{{ messages|rejectattr('role', 'eq', 'user')|map(attribute='role')|list }}|{{ messages|selectattr('tool_calls', 'defined')|list|length }}|{{ messages|selectattr('tool_calls')|list|length }}
{{ list|unique|list }}|{{ ['a', 'A', 'b']|unique|list }}|{{ list|sum }}|{{ [1.5, 2]|sum }}|{{ []|sum }}|{{ [{'x': 1}, {'x': 2}]|sum(attribute='x') }}|{{ list|min }}|{{ list|max }}|{{ words|min }}|{{ []|max is defined }}
{{ list|reverse|list }}|{{ 'abc'|reverse }}|{{ list|list }}|{{ 'abc'|list }}|{{ d|list }}|{{ range(3)|list }}
{{ list|batch(2)|list }}|{{ list|batch(2, 0)|list }}|{{ range(7)|slice(3)|list }}|{{ range(7)|slice(3, 'x')|list }}
{{ messages|groupby('role')|map(attribute=0)|list }}|{% for k, v in [{'g': 'b', 'n': 1}, {'g': 'a', 'n': 2}, {'g': 'b', 'n': 3}]|groupby('g') %}{{ k }}:{{ v|map(attribute='n')|list }};{% endfor %}
{{ n|string }}|{{ none|string }}|{{ '42'|int }}|{{ 'x'|int }}|{{ 'x'|int(5) }}|{{ '3.7'|int }}|{{ 3.7|int }}|{{ -3.7|int }}|{{ '3.5'|float }}|{{ 'x'|float }}|{{ 3|float }}|{{ true|int }}|{{ ' 12 '|int }}|{{ none|int }}
{{ 2.5|round }}|{{ 3.5|round }}|{{ 2.567|round(2) }}|{{ 2.5|round(0, 'ceil') }}|{{ 2.567|round(1, 'floor') }}|{{ 7|round }}|{{ 0.125|round(2) }}|{{ 42.55|round|int }}|{{ -2.5|round }}|{{ 1.005|round(2) }}
{{ neg|abs }}|{{ -2.5|abs }}|{{ missing|default('x') }}|{{ ''|default('x') }}|{{ ''|default('x', true) }}|{{ none|default('x') }}|{{ none|d('x', true) }}|{{ missing|default }}
{{ lines|indent }}|{{ lines|indent(2) }}|{{ lines|indent(2, true) }}|{{ lines|indent(2, blank=true) }}|{{ lines|indent('> ') }}
{{ 'a b c d e f'|truncate(5) }}|{{ 'abcdefghijkl'|truncate(5, true) }}|{{ 'abcdefghijklmnop'|truncate(9, true, '~') }}|{{ 'short'|truncate(9) }}|{{ 'the quick brown fox'|truncate(11, false, '...', 0) }}
{{ s|wordcount }}|[{{ 'a'|center(5) }}]|{{ '%s-%s'|format('a', 1) }}|{{ '%(x)s'|format(x=1) }}|{{ 'a b/c?d=é'|urlencode }}
{{ d|items|list|length }}|{{ d|dictsort|map('first')|list }}|{{ {'b': 1, 'a': 2}|dictsort }}|{{ {'b': 1, 'a': 2}|dictsort(by='value') }}|{{ {'b': 1, 'A': 2}|dictsort(true) }}|{{ {'b': 1, 'a': 2}|dictsort(reverse=true) }}
{{ '<a>'|safe }}|{{ '<a>&\\'"'|e }}|{{ '<a>'|escape }}
{{ d|tojson }}
{{ d|tojson(indent=2) }}
{{ messages|tojson }}
{{ messages[2]|tojson(indent=4) }}
{{ tools[0]|tojson(ensure_ascii=true) }}|{{ s|tojson(ensure_ascii=true) }}|{{ s|tojson }}|{{ '<script>&\\'/\\x7f\\u2028'|tojson }}
{{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }}|{{ [1, 2.0, true, none, 'x']|tojson }}|{{ {'a': 1}|tojson(separators=(',', ':')) }}|{{ []|tojson(indent=2) }}|{{ {}|tojson(indent=2) }}|{{ {1: 2, true: 3, none: 4, 1.5: 5}|tojson }}|{{ (1, 2)|tojson }}|{{ whole|tojson }}|{{ huge|tojson }}|{{ big|tojson }}
{{ missing|tojson }}
{{ (list|map('string'))|length }}
{{ -1|abs }}|{{ 'a'|upper + 'b'|upper }}|{{ 'a' ~ 'b'|upper }}|{{ list|first|string + 'x' }}|{{ (list|join)|length }}
{{ messages|attr('x') is defined }}|{{ s|attr('upper') is callable }}
{{ words|map('length')|list }}|{{ list|map('tojson')|join(';') }}
{{ 'a' is filter }}|{{ 'upper' is filter }}|{{ 'defined' is test }}
"""

TESTS = """
{{ n is odd }}|{{ n is even }}|{{ n is divisibleby 7 }}|{{ n is divisibleby(2) }}|{{ n is number }}|{{ f is number }}|{{ yes is number }}|{{ n is integer }}|{{ yes is integer }}|{{ f is float }}|{{ whole is float }}
{{ s is string }}|{{ s is iterable }}|{{ s is sequence }}|{{ d is mapping }}|{{ d is iterable }}|{{ d is sequence }}|{{ list is sequence }}|{{ n is iterable }}|{{ none is iterable }}|{{ missing is iterable }}|{{ missing is sequence }}
{{ nil is none }}|{{ nil is not none }}|{{ nil is defined }}|{{ missing is undefined }}|{{ yes is true }}|{{ n is true }}|{{ no is false }}|{{ yes is boolean }}|{{ 1 is sameas 1 }}|{{ none is sameas none }}|{{ true is sameas 1 }}
{{ n is eq 7 }}|{{ n is equalto(7) }}|{{ n is ne 7 }}|{{ n is gt 3 }}|{{ n is lessthan 3 }}|{{ n is ge 7 }}|{{ 1 is in list }}|{{ 'x' is in 'xyz' }}|{{ 'a' is lower }}|{{ 'A' is upper }}|{{ s is callable }}|{{ range is callable }}|{{ n is not odd }}|{{ not n is odd }}
{{ s is defined and s is string }}|{{ (n is odd) if yes else 0 }}|{{ d.a is defined }}
{{ d.zz.y is defined }}
{{ n is odd is true }}
{{ 'x' is escaped }}|{{ 'x'|safe is escaped }}
{{ list|select('divisibleby', 2)|list }}
"""

STATEMENTS = """
{% for x in list %}{{ loop.index }}/{{ loop.length }} {{ loop.index0 }} {{ loop.revindex }} {{ loop.revindex0 }} {{ loop.first }} {{ loop.last }} {{ x }};{% endfor %}
{% for x in list %}{{ loop.previtem }}<{{ x }}<{{ loop.nextitem }} {{ loop.cycle('a', 'b') }} {{ loop.changed(x > 1) }};{% endfor %}
{% for x in [] %}a{% else %}none{% endfor %}|{% for x in missing %}a{% else %}none{% endfor %}
{% for x in list if x > 1 %}{{ loop.index }}:{{ x }} {% else %}no{% endfor %}|{% for x in list if x > 9 %}{% else %}no{% endfor %}
{% for a, b in [(1, 2), (3, 4)] %}{{ a }}{{ b }} {% endfor %}|{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for x in range(10) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for x in list %}{% set y = x %}{% endfor %}{{ y is defined }}|{% set z = 0 %}{% for x in list %}{% set z = z + x %}{{ z }}{% endfor %}{{ z }}
{% set ns = namespace(total=0) %}{% for x in list %}{% set ns.total = ns.total + x %}{% endfor %}{{ ns.total }}|{{ ns.other is defined }}
{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}{% set ns.c = 3 %}{{ ns['c'] is defined }}
{% set ns = namespace() %}{% set ns._x = 1 %}
{% set d2 = {} %}{% set d2.x = 1 %}
{% if no %}a{% elif n == 7 %}b{% else %}c{% endif %}|{% if missing %}a{% endif %}|{% if list and not no %}x{% endif %}
{% if no %}{% set q = 1 %}{% endif %}{{ q is defined }}|{% if yes %}{% set q = 1 %}{% endif %}{{ q }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}|{% set c = 1, 2 %}{{ c }}|{% set x = [1] %}{{ x }}
{% set block %}text {{ n }}{% endset %}{{ block }}|{% set up | upper %}abc{% endset %}{{ up }}|{% set t | trim | replace('b', 'x') %} abc {% endset %}[{{ t }}]
{% macro m(a, b='dflt', c=none) %}[{{ a }}|{{ b }}|{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(1, c=3) }}{{ m() }}{{ m(b='x', a='y') }}
{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}|{{ m.name }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(z=2) }}
{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}
{% macro fact(k) %}{% if k <= 1 %}1{% else %}{{ k * (fact(k - 1)|int) }}{% endif %}{% endmacro %}{{ fact(5) }}
{% set outer = 'o' %}{% macro m() %}{{ outer }}{{ n }}{% endmacro %}{% set outer = 'changed' %}{{ m() }}
{% macro wrap(tag) %}<{{ tag }}>{{ caller() }}</{{ tag }}>{% endmacro %}{% call wrap('b') %}in {{ n }}{% endcall %}
{% macro each(items) %}{% for i in items %}{{ caller(i) }}{% endfor %}{% endmacro %}{% call(x) each(list) %}({{ x }}){% endcall %}
{% macro m() %}{{ loop is defined }}{% endmacro %}{% for x in [1] %}{{ m() }}{{ loop.index }}{% endfor %}
{% filter upper %}abc {{ s }}{% endfilter %}|{% filter replace('a', 'b')|upper %}aa{% endfilter %}
{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}|{% with %}{% set w = 1 %}{{ w }}{% endwith %}{{ w is defined }}
{% for item in [{'v': 1, 'c': [{'v': 2, 'c': []}]}] recursive %}{{ loop.depth }}:{{ item.v }}{% if item.c %}({{ loop(item.c) }}){% endif %}{% endfor %}
{% raw %}{{ not }} {% this %}{% endraw %}|{%- raw -%} x {%- endraw -%} y
a {# comment {{ x }} #} b|{#- strip -#} c
{{ raise_exception('no ' ~ n) }}
{% generation %}in{% endgeneration %}out
{% if yes %}{% generation %}{{ s }}{% endgeneration %}{% endif %}{% for x in list %}{%- generation -%} {{ x }} {%- endgeneration -%}{% endfor %}
{% generation %}{% set inner = 1 %}{% endgeneration %}{{ inner is defined }}
{% set j = joiner(', ') %}{% for x in list %}{{ j() }}{{ x }}{% endfor %}
{{ strftime_now('%%') }}|{{ strftime_now is callable }}
{% for i in range(3) %}{% for j in range(2) %}{{ loop.index }}{{ i }}{{ j }} {% endfor %}{{ loop.index }};{% endfor %}
{% for c in 'ab😀' %}{{ c }}.{% endfor %}|{% for m in messages %}{{ m.role }}{% if not loop.last %},{% endif %}{% endfor %}
{% include 'x' %}
{% set true = 1 %}
{% for x in 5 %}{% endfor %}
{% set a, b = [1, 2, 3] %}
"""

SPACES = [
    "a\n{% if yes %}\nb\n{% endif %}\nc\n",
    "a\n  {% if yes %}  \n  b\n  {% endif %}  \nc",
    "a  {%- if yes -%}  b  {%- endif -%}  c",
    "  {%+ if yes %}b{% endif %}",
    "{% if yes +%}\nb{% endif %}",
    "a\n\n  {{ n }}  \n\nb\n\n",
    "a {{- n -}} b\n{{- n }}\n  {{ n -}}  \n c",
    "x\n  {# c #}  \n  y {# d #}\nz",
    "x {#- c -#} y",
    "{% for x in list %}\n  - {{ x }}\n{% endfor %}\nend",
    "{%- for x in list -%}\n  - {{ x }}\n{%- endfor -%}\nend",
    "line\r\nnext\r{% if yes %}\r\n x\r\n{% endif %}\n",
    "{{ '  {% not a tag %}' }}\n   {{ '}}' }}",
    "{{ {'a': {'b': 1}}['a']['b'] }}{{ {'x': 1}.x }}",
    "\u00a0{%- if yes %}nbsp{% endif -%}\u3000x",
    "tab\t{% if yes %}\tb{% endif %}\t\n",
    "   {% set x = 1 %}   {% set y = 2 %}   \n{{ x }}{{ y }}",
    "\n\n{% if yes %}first{% endif %}\n\n",
    "{% if yes %}{% endif %}\n\n  {% if yes %}\n  {% endif %}\n",
    "{%if yes%}tight{%endif%}{{n}}{{-n-}}",
    "{% if yes -%}\n\n   a\n{%- endif %}   \nb",
    "{{\n  n\n  +\n  1\n}}",
    "{% set x = '''' %}{{ x }}",
    "}} %} #} {",
    "{{ n }}{",
    "{%",
    "{{ n",
    "{# open",
    "{% raw %}open",
    "{{ n }} }}",
    "{{ (n }}",
    "{{ n) }}",
    "{{ n $ 1 }}",
]

SNIPPETS = [
    line
    for block in (VALUES, OPERATORS, ACCESS, METHODS, FILTERS, TESTS, STATEMENTS)
    for line in block.strip("\n").split("\n")
] + SPACES
