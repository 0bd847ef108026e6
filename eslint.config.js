import js from "@eslint/js";
import globals from "globals";
import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";
import noLiteralText from "./scripts/eslint/no-literal-text.js";

/** Import layers (docs/architecture.md): each folder names what it may not reach, by alias and by relative path. */
const layer = (files, forbidden, message) => ({
  files,
  rules: {
    "@typescript-eslint/no-restricted-imports": [
      "error",
      { patterns: forbidden.map((group) => ({ regex: group, message })) },
    ],
  },
});
const sides = (...names) => names.flatMap((n) => [`^#${n}/`, `(^|/)src-${n}/`]);
const NODE = ["^node:", "^(fs|path|os|child_process|worker_threads|crypto|stream|net|http)(/|$)"];

export default ts.config(
  { ignores: ["types", "out", "dist", "node_modules", "test-results", "resources/sample", "**/*.cjs"] },
  js.configs.recommended,
  ...ts.configs.recommendedTypeChecked,
  ...svelte.configs.recommended,
  {
    languageOptions: {
      globals: globals.node,
      parserOptions: {
        project: ["./tsconfig.json"],
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: [".svelte"],
      },
    },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-console": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
    },
  },
  {
    files: ["src-renderer/**/*.{ts,svelte}"],
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        project: ["./tsconfig.renderer.json"],
        parser: ts.parser,
        extraFileExtensions: [".svelte"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
  },
  { files: ["src-renderer/**/*.svelte.ts"], languageOptions: { parser: ts.parser } },
  {
    files: ["src-renderer/**/*.svelte"],
    plugins: { sift: { rules: { "no-literal-text": noLiteralText } } },
    rules: {
      "sift/no-literal-text": "error",
      // Here the linter sees every imported component as any; svelte-check holds these types.
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  layer(
    ["src-shared/**"],
    [...sides("main", "worker", "renderer"), ...NODE],
    "src-shared imports nothing of ours and no Node API",
  ),
  layer(["src-main/**"], sides("worker", "renderer"), "src-main may import src-shared only"),
  layer(["src-worker/**"], sides("main", "renderer"), "src-worker may import src-shared only"),
  layer(["src-renderer/**"], [...sides("main", "worker"), ...NODE], "src-renderer may import src-shared only"),
  layer(
    ["src-worker/graph/**"],
    [...sides("main", "renderer"), "/(models|train|engines|generate)/"],
    "graph knows no engine and no model",
  ),
  layer(
    ["src-worker/engines/**"],
    [...sides("main", "renderer"), "/(models|train|generate)/"],
    "engines know graph only",
  ),
  layer(
    ["src-worker/models/**"],
    [...sides("main", "renderer"), "/(train|engines|generate)/"],
    "models know graph only",
  ),
  {
    files: ["**/*.js", "**/*.mjs", "bench/**", "scripts/**", "test/**", "src-main/cli/**"],
    rules: { "no-console": "off" },
  },
  { files: ["**/*.js", "**/*.mjs"], ...ts.configs.disableTypeChecked },
);
