import { opening, type Preset } from "./preset.ts";

/**
 * Qwen 3 with thinking and tools: reasoning stands in <think> tags in the answers since the last question, and is left out of
 * earlier ones; tools are described in the system turn; calls and results are JSON in tags.
 */
export const QWEN3: Preset = {
  name: "qwen3",
  kind: "jinja",
  mask: "assistant",
  defaultSystem: "",
  needs: ["<|im_start|>", "<|im_end|>"],
  endOfTurn: "<|im_end|>",
  twin: (system) => `${opening(system, { name: "qwen3", tools: true })}${TOOLS}${LAST_QUESTION}${TURNS}`,
};

/** The system turn, with the tools where there are any. */
const TOOLS = `{%- if tools -%}
    {{- '<|im_start|>system\\n' -}}
    {%- if system -%}
        {{- system + '\\n\\n' -}}
    {%- endif -%}
    {{- '# Tools\\n\\nYou may call one or more functions to assist with the user query.\\n\\n' -}}
    {{- 'You are provided with function signatures within <tools></tools> XML tags:\\n<tools>' -}}
    {%- for tool in tools -%}
        {{- '\\n' + (tool | tojson) -}}
    {%- endfor -%}
    {{- '\\n</tools>\\n\\nFor each function call, return a json object with function name and arguments ' -}}
    {{- 'within <tool_call></tool_call> XML tags:\\n<tool_call>\\n' -}}
    {{- '{"name": <function-name>, "arguments": <args-json-object>}\\n</tool_call><|im_end|>\\n' -}}
{%- elif system or messages[0]['role'] == 'system' -%}
    {{- '<|im_start|>system\\n' + system + '<|im_end|>\\n' -}}
{%- endif -%}
`;

/** Index of the last turn that a person wrote: results of tools, which some data give as user turns, are none. */
const LAST_QUESTION = `{%- set last = namespace(question=turns | length - 1) -%}
{%- set open = namespace(searching=true) -%}
{%- for message in turns[::-1] -%}
    {%- if open.searching and message['role'] == 'user' and message['content'] is string -%}
        {%- set content = message['content'] -%}
        {%- if not (content.startswith('<tool_response>') and content.endswith('</tool_response>')) -%}
            {%- set open.searching = false -%}
            {%- set last.question = turns | length - 1 - loop.index0 -%}
        {%- endif -%}
    {%- endif -%}
{%- endfor -%}
`;

const TURNS = `{%- for message in turns -%}
    {%- set content = text_of(message['content']) -%}
    {%- if message['role'] == 'user' or message['role'] == 'system' -%}
        {{- '<|im_start|>' + message['role'] + '\\n' + content + '<|im_end|>\\n' -}}
    {%- elif message['role'] == 'assistant' -%}
        {%- set reasoning = '' -%}
        {%- if message['reasoning_content'] is string -%}
            {%- set reasoning = message['reasoning_content'] -%}
        {%- elif '</think>' in content -%}
            {%- set reasoning = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') -%}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') -%}
        {%- endif -%}
        {{- '<|im_start|>assistant\\n' -}}
        {%- if loop.index0 > last.question and (loop.last or reasoning) -%}
            {{- '<think>\\n' + reasoning.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') -}}
        {%- else -%}
            {{- content -}}
        {%- endif -%}
        {%- for call in message['tool_calls'] or [] -%}
            {%- if content or not loop.first -%}
                {{- '\\n' -}}
            {%- endif -%}
            {%- set call = call['function'] or call -%}
            {{- '<tool_call>\\n{"name": "' + call['name'] + '", "arguments": ' -}}
            {%- if call['arguments'] is string -%}
                {{- call['arguments'] -}}
            {%- else -%}
                {{- call['arguments'] | tojson -}}
            {%- endif -%}
            {{- '}\\n</tool_call>' -}}
        {%- endfor -%}
        {{- '<|im_end|>\\n' -}}
    {%- elif message['role'] == 'tool' -%}
        {%- if loop.first or turns[loop.index0 - 1]['role'] != 'tool' -%}
            {{- '<|im_start|>user' -}}
        {%- endif -%}
        {{- '\\n<tool_response>\\n' + content + '\\n</tool_response>' -}}
        {%- if loop.last or turns[loop.index0 + 1]['role'] != 'tool' -%}
            {{- '<|im_end|>\\n' -}}
        {%- endif -%}
    {%- else -%}
        {{- raise_exception('qwen3 takes system, user, assistant and tool turns, not ' + message['role']) -}}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|im_start|>assistant\\n' -}}
    {%- if enable_thinking is defined and enable_thinking is false -%}
        {{- '<think>\\n\\n</think>\\n\\n' -}}
    {%- endif -%}
{%- endif -%}
`;
