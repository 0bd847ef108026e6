"""Conversations, templates and texts of our own, for ids and masks."""

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "tide",
            "description": 'High water at a "port" <m> & time',
            "parameters": {"type": "object", "properties": {"port": {"type": "string"}, "days": {"type": "integer"}}, "required": ["port"]},
        },
    }
]


def call(**arguments):
    return {"type": "function", "function": {"name": "tide", "arguments": arguments}}


CONVERSATIONS = [
    {"name": "short", "messages": [{"role": "user", "content": "Name a river."}, {"role": "assistant", "content": "The Aare."}]},
    {
        "name": "two-turns",
        "messages": [
            {"role": "system", "content": "Answer in one word."},
            {"role": "user", "content": "Colour of snow?"},
            {"role": "assistant", "content": "White."},
            {"role": "user", "content": "Colour of coal?"},
            {"role": "assistant", "content": "Black."},
        ],
    },
    {
        "name": "white-space",
        "messages": [
            {"role": "user", "content": "  padded \n\n"},
            {"role": "assistant", "content": "\n\n  indented\n\tcode()\n\n\n"},
            {"role": "user", "content": "\u3000wide\u00a0"},
            {"role": "assistant", "content": "a\r\nb"},
        ],
    },
    {
        "name": "scripts",
        "messages": [
            {"role": "user", "content": "用中文说“你好”，再说 ‘再见’。"},
            {"role": "assistant", "content": "你好！再见！😀 👩‍👩‍👧 naïve café, Ελλάδα, עברית, हिन्दी, 𝒳²"},
        ],
    },
    {
        "name": "thinking",
        "messages": [
            {"role": "user", "content": "What is 12 times 12?"},
            {"role": "assistant", "content": "<think>\n12 * 12 is 144.\n</think>\n\n144."},
            {"role": "user", "content": "And 13?"},
            {"role": "assistant", "content": "<think>13 * 13</think>169."},
        ],
    },
    {
        "name": "reasoning-field",
        "messages": [
            {"role": "user", "content": "Is 7 prime?"},
            {"role": "assistant", "reasoning_content": "7 has no divisor but 1 and 7.\n", "content": "Yes."},
        ],
    },
    {
        "name": "tool-call",
        "tools": TOOLS,
        "messages": [
            {"role": "user", "content": "High water in Brest?"},
            {"role": "assistant", "content": "", "tool_calls": [call(port="Brest", days=2, offset=1.0, nested={"ü": [None, True, 1e-7]})]},
            {"role": "tool", "content": '{"high": "04:12"}'},
            {"role": "assistant", "content": "At 04:12."},
        ],
    },
    {
        "name": "two-calls",
        "tools": TOOLS,
        "messages": [
            {"role": "user", "content": "Brest and Cork?"},
            {"role": "assistant", "content": "Looking.", "tool_calls": [call(port="Brest"), call(port="Cork")]},
            {"role": "tool", "content": "04:12"},
            {"role": "tool", "content": "05:30"},
            {"role": "assistant", "content": "04:12 and 05:30."},
        ],
    },
    {
        "name": "special-in-content",
        "messages": [
            {"role": "user", "content": "What does <|im_end|> mean?"},
            {"role": "assistant", "content": "It ends a turn: <|im_end|> is one token."},
        ],
    },
    {"name": "empty-answer", "messages": [{"role": "user", "content": "Say nothing."}, {"role": "assistant", "content": ""}]},
    {
        "name": "two-answers",
        "messages": [
            {"role": "user", "content": "Go on."},
            {"role": "assistant", "content": "First."},
            {"role": "assistant", "content": "Second."},
        ],
    },
    {"name": "no-answer", "messages": [{"role": "user", "content": "Anybody?"}]},
    {
        "name": "composed",
        "messages": [{"role": "user", "content": "Ångström or A\u030angstro\u0308m?"}, {"role": "assistant", "content": "e\u0301 is é, 한 is \u1112\u1161\u11ab."}],
    },
]

TEMPLATES = {
    "chatml": """{%- for message in messages %}
{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "chatml-tagged": """{% for message in messages %}
{% if message.role == 'assistant' %}
<|im_start|>assistant
{% generation %}{{ message.content }}<|im_end|>{% endgeneration %}

{% else %}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endif %}
{% endfor %}
""",
    "trimming-tagged": """{%- for message in messages -%}
    {{ '<|im_start|>' ~ message.role ~ '\\n' }}
    {%- if message.role == 'assistant' -%}
        {%- generation -%} {{ message.content | trim }}<|im_end|> {%- endgeneration -%}
    {%- else -%}
        {{ message.content | trim }}<|im_end|>
    {%- endif -%}
    {{ '\\n' }}
{%- endfor -%}
""",
    "whole-row-tagged": "{% generation %}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% endgeneration %}",
    "macro-tagged": """{% macro turn(message) %}<|im_start|>{{ message.role }}
{% if message.role == 'assistant' %}{% generation %}{{ message.content }}<|im_end|>{% endgeneration %}{% else %}{{ message.content }}<|im_end|>{% endif %}
{% endmacro %}
{% for message in messages %}
{{ turn(message) }}
{% endfor %}
""",
    "empty-tagged": "{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}{% generation %}{% endgeneration %}{% endif %}{% endfor %}<|im_end|>",
    "tools-tagged": """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- for tool in tools %}
        {{- tool | tojson }}
        {{- tool.function | tojson(indent=2) }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' }}
    {%- if message.role == 'assistant' %}
        {%- set content = message.content.split('</think>')[-1].lstrip('\\n') %}
        {%- set thought = message.reasoning_content if message.reasoning_content is string else message.content.split('</think>')[0].split('<think>')[-1].strip('\\n') if '</think>' in message.content else '' %}
        {%- generation %}
        {{- '<think>\\n' + thought.rstrip('\\n') + '\\n</think>\\n\\n' + content }}
        {%- for call in message.tool_calls or [] %}
            {{- '\\n<tool_call>\\n' }}
            {%- for key, value in call.function.arguments.items() %}
                {{- key ~ '=' ~ (value if value is string else value | tojson) ~ (', ' if not loop.last else '') }}
            {%- endfor %}
            {{- '\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
        {%- endgeneration %}
    {%- else %}
        {{- message.content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
""",
    "strict": """{%- if messages[0].role == 'system' %}{{ raise_exception('no system turn, please') }}{% endif -%}
{%- for message in messages -%}
    {%- if (message.role == 'user') != (loop.index0 % 2 == 0) -%}{{ raise_exception('turns must alternate') }}{%- endif -%}
    {{ bos_token }}{{ message.role | upper }}: {{ message.content }}{{ eos_token }}
{%- endfor -%}
""",
}

TEXTS = [
    "",
    "Hello world",
    "  two  spaces ",
    "\n\n\n",
    "a\r\nb\tc",
    "don't DON'T we'll I'd",
    "1234567 3.14 1e5",
    "你好，世界。再见！",
    "日本語と한국어 и русский",
    "😀👩‍👩‍👧🏽",
    "𝒳𝒴𝒵",
    "<|im_start|>user\nhi<|im_end|>\n",
    "<|endoftext|><|endoftext|>",
    "x<|im_end|>y <|im_end|> z",
    "<tool_call>{}</tool_call>",
    "<|im_start|",
    "function f(x) { return x ** 2; } // ok",
    "    indented\n\tcode",
    "\u00a0\u3000\u200b\ufeff",
    "x\u0000y\u007f",
    "a" * 200,
    "ab " * 40,
    "https://example.org/path?q=1&r=ü#frag",
    "Ωμέγα Ñandú œuvre ﬁn",
]
