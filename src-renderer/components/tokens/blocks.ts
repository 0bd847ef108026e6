import type { DrawnToken } from "./view.ts";

/** Tokens that are drawn as one item of a virtual list: `from`…`to`, end excluded. */
export interface TokenBlock {
  readonly from: number;
  readonly to: number;
}

/** Short lines share a block; a very long line is cut, so that no block costs much to draw. */
const LEAST = 24;
const MOST = 320;

/** Cuts a row at line ends into blocks. What is on screen decides what a long row costs, not its length. */
export function tokenBlocks(tokens: readonly Pick<DrawnToken, "breaks">[]): TokenBlock[] {
  const blocks: TokenBlock[] = [];
  let from = 0;
  tokens.forEach(({ breaks }, index) => {
    const size = index + 1 - from;
    if (size < MOST && !(breaks && size >= LEAST)) return;
    blocks.push({ from, to: index + 1 });
    from = index + 1;
  });
  if (from < tokens.length) blocks.push({ from, to: tokens.length });
  return blocks;
}

/** Index of the block that holds a token, -1 where none does. */
export function blockOf(blocks: readonly TokenBlock[], token: number): number {
  let low = 0;
  let high = blocks.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const block = blocks[middle];
    if (!block || token < block.from) high = middle - 1;
    else if (token >= block.to) low = middle + 1;
    else return middle;
  }
  return -1;
}
