/**
 * Every string that a person sees comes from the catalogues (src-renderer/i18n), so that it exists in each language.
 * This rule finds the ones that do not, in .svelte files: text between tags, string literals in mustaches there, and
 * literal values of attributes and component properties that are read or shown.
 */
const LETTER = /\p{L}/u;
/** Attributes, and properties of our own components, whose value a person reads. */
const SPOKEN = new Set([
  "alt",
  "aria-description",
  "aria-label",
  "aria-placeholder",
  "aria-roledescription",
  "aria-valuetext",
  "caption",
  "description",
  "heading",
  "hint",
  "label",
  "placeholder",
  "summary",
  "text",
  "title",
  "tooltip",
]);
/** Key names and code are the same in every language. */
const VERBATIM = new Set(["kbd", "code", "script", "style"]);

const elementName = (node) => (node?.type === "SvelteElement" ? node.name?.name : undefined);
const isVerbatim = (node) => node.type === "SvelteStyleElement" || VERBATIM.has(elementName(node));
const hasLetters = (text) => typeof text === "string" && LETTER.test(text);

/** String constants that an expression may answer: "a", `a`, c ? "a" : b, a ?? "b". */
function* literals(node) {
  switch (node?.type) {
    case "Literal":
      if (hasLetters(node.value)) yield node;
      break;
    case "TemplateLiteral":
      if (node.quasis.some((part) => hasLetters(part.value.cooked))) yield node;
      break;
    case "ConditionalExpression":
      yield* literals(node.consequent);
      yield* literals(node.alternate);
      break;
    case "LogicalExpression":
      yield* literals(node.left);
      yield* literals(node.right);
      break;
    case "BinaryExpression":
      if (node.operator === "+") {
        yield* literals(node.left);
        yield* literals(node.right);
      }
      break;
  }
}

export default {
  meta: {
    type: "problem",
    docs: { description: "strings that people see come from the catalogues" },
    schema: [],
    messages: { literal: "Put {{text}} into src-renderer/i18n: no string outside the catalogues." },
  },
  create(context) {
    const report = (node, text) =>
      context.report({ node, messageId: "literal", data: { text: JSON.stringify(String(text).trim().slice(0, 40)) } });
    const reportAll = (expression) => {
      for (const node of literals(expression)) report(node, node.value ?? context.sourceCode.getText(node));
    };
    return {
      SvelteText(node) {
        if (hasLetters(node.value) && !isVerbatim(node.parent)) report(node, node.value);
      },
      SvelteMustacheTag(node) {
        const isText = node.parent.type !== "SvelteAttribute" && node.parent.type !== "SvelteStyleDirective";
        if (isText && !isVerbatim(node.parent)) reportAll(node.expression);
      },
      SvelteAttribute(node) {
        if (!SPOKEN.has(node.key.name)) return;
        for (const part of node.value) {
          if (part.type === "SvelteLiteral" && hasLetters(part.value)) report(part, part.value);
          if (part.type === "SvelteMustacheTag") reportAll(part.expression);
        }
      },
    };
  },
};
