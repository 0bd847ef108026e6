import * as v from "valibot";
import type { RowDetail } from "#shared/contract/datasets.ts";
import { templateChoice, type EncodeSettings, type TokenView } from "#shared/contract/text.ts";
import { diffTokens, type TokenDiff } from "#shared/text/diff/tokens.ts";
import { MASK_POLICIES } from "#shared/text/types.ts";
import { core } from "../../client.ts";
import { diffMarks, type DiffMarks } from "../../components/tokens/diff-marks.ts";
import { drawTokens } from "../../components/tokens/view.ts";
import { useQuery, type Query } from "../../state/query.svelte.ts";
import { Stored } from "../../state/stored.svelte.ts";

/** What the tokens on screen are compared with. `original`: the row as it was imported. */
const otherSetting = v.variant("kind", [
  v.object({ kind: v.literal("template"), template: templateChoice }),
  v.object({ kind: v.literal("mask"), mask: v.picklist(MASK_POLICIES) }),
  v.object({ kind: v.literal("version"), versionId: v.nullable(v.string()) }),
]);
export type OtherSetting = v.InferOutput<typeof otherSetting>;

export const OTHER_KINDS = ["template", "mask", "version"] as const;

/** What a kind of comparison begins with. */
export function otherOf(kind: (typeof OTHER_KINDS)[number]): OtherSetting {
  if (kind === "template") return { kind, template: { kind: "own" } };
  return kind === "mask" ? { kind, mask: "all" } : { kind, versionId: null };
}

interface Parts {
  readonly settings: () => EncodeSettings | undefined;
  readonly detail: () => RowDetail | undefined;
  readonly versionId: () => string | undefined;
  readonly view: () => TokenView | undefined;
}

/** A second setting, and exactly which tokens differ from it. */
export class Comparison {
  readonly #stored = new Stored<OtherSetting | null>("template.compare", v.nullable(otherSetting), null);
  readonly #view: () => TokenView | undefined;
  readonly #other: Query<TokenView>;

  constructor(parts: Parts) {
    this.#view = parts.view;
    this.#other = useQuery(
      () => this.#request(parts),
      (input, signal) => core.text.preview(input, { signal }),
      { debounceMs: 50, topics: ["templates", "datasets"] },
    );
  }

  get setting(): OtherSetting | undefined {
    return this.#stored.value ?? undefined;
  }
  set setting(next: OtherSetting | undefined) {
    this.#stored.value = next ?? null;
  }
  get other(): Query<TokenView> {
    return this.#other;
  }

  readonly diff: TokenDiff | undefined = $derived.by(() => {
    const [view, other] = [this.#view(), this.#other.data];
    return this.setting && view && other ? diffTokens(other, view) : undefined;
  });
  readonly marks: DiffMarks | undefined = $derived.by(() => {
    const other = this.#other.data;
    return this.diff && other ? diffMarks(this.diff, drawTokens(other)) : undefined;
  });

  #request({ settings, detail, versionId }: Parts) {
    const [setting, current, row, version] = [this.setting, settings(), detail(), versionId()];
    if (!setting || !current || !row || version === undefined) return undefined;
    const stored = { kind: "stored" as const, versionId: version, rowId: row.id };
    if (setting.kind === "mask") return { settings: { ...current, mask: setting.mask }, row: stored };
    if (setting.kind === "version") {
      const other = setting.versionId;
      if (other === null) return { settings: current, row: { kind: "draft" as const, row: row.original } };
      return { settings: current, row: { ...stored, versionId: other } };
    }
    // another template comes with its own mask
    const { mask: _, ...rest } = current;
    return { settings: { ...rest, template: setting.template }, row: stored };
  }
}
