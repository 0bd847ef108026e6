import * as v from "valibot";
import type { RowDetail } from "#shared/contract/datasets.ts";
import type { EncodeSettings, TokenView } from "#shared/contract/text.ts";
import { diffTokens, type TokenDiff } from "#shared/text/diff/tokens.ts";
import { core } from "../../client.ts";
import { diffMarks, type DiffMarks } from "../../components/tokens/diff-marks.ts";
import { drawTokens } from "../../components/tokens/view.ts";
import { useQuery, type Query } from "../../state/query.svelte.ts";
import { Stored } from "../../state/stored.svelte.ts";
import { otherSetting, otherSettings, type OtherSetting } from "./other-setting.ts";

interface Parts {
  readonly settings: () => EncodeSettings | undefined;
  readonly detail: () => RowDetail | undefined;
  readonly versionId: () => string | undefined;
  readonly view: () => TokenView | undefined;
}

/** A second setting, and exactly which tokens differ from it. */
export class Comparison {
  readonly #stored = new Stored<OtherSetting | null>("template.other", v.nullable(otherSetting), null);
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
    const other = otherSettings(current, setting);
    if (setting.versionId === null) return { settings: other, row: { kind: "draft" as const, row: row.original } };
    return { settings: other, row: { ...stored, versionId: setting.versionId ?? version } };
  }
}
