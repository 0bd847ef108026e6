/** Names that a template gives itself, found by pattern so that it works while the template is half written. */
export interface LocalNames {
  readonly variables: readonly string[];
  readonly macros: readonly string[];
  /** Names that run over messages, and so have a message's fields. */
  readonly messages: ReadonlySet<string>;
  /** Fields of namespaces, by the namespace's name. */
  readonly namespaces: ReadonlyMap<string, readonly string[]>;
}

const SET = /\{%[-+]?\s*set\s+([\p{L}_]\w*)\s*(?:=\s*([^%]*))?/gu;
const FIELD = /\{%[-+]?\s*set\s+([\p{L}_]\w*)\.(\w+)/gu;
const FOR = /\{%[-+]?\s*for\s+([\w\s,()]+?)\s+in\s+([\w.]+)/gu;
const MACRO = /\{%[-+]?\s*macro\s+(\w+)\s*\(([^)]*)\)/gu;
const MESSAGES_ITEM = /^(?:\w*messages|loop_messages)\s*\[\s*[^\]:]*\]\s*$/;

/** @param source the whole template */
export function localNames(source: string): LocalNames {
  const variables = new Set<string>();
  const messages = new Set<string>(["message"]);
  const namespaces = new Map<string, string[]>();
  for (const [, name = "", value = ""] of source.matchAll(SET)) {
    variables.add(name);
    if (MESSAGES_ITEM.test(value.trim().replace(/-$/, ""))) messages.add(name);
    const fields = /^namespace\s*\(([^)]*)/.exec(value.trim())?.[1];
    if (fields !== undefined)
      namespaces.set(
        name,
        [...fields.matchAll(/(\w+)\s*=/g)].map(([, field = ""]) => field),
      );
  }
  for (const [, name = "", field = ""] of source.matchAll(FIELD)) {
    namespaces.set(name, [...new Set([...(namespaces.get(name) ?? []), field])]);
  }
  for (const [, targets = "", over = ""] of source.matchAll(FOR)) {
    for (const [name] of targets.matchAll(/\w+/g)) variables.add(name);
    if (/messages/.test(over)) messages.add(targets.trim());
  }
  const macros = [...source.matchAll(MACRO)].map(([, name = "", parameters = ""]) => {
    for (const [parameter] of parameters.replaceAll(/=[^,]*/g, "").matchAll(/\w+/g)) variables.add(parameter);
    return name;
  });
  return { variables: [...variables], macros, messages, namespaces };
}
