/** Place of a point of the document in the text of an element whose parts carry `data-start`. */
export function offsetIn(element: HTMLElement, node: Node, offset: number): number {
  const part = (node instanceof Element ? node : node.parentElement)?.closest<HTMLElement>("[data-start]");
  if (node instanceof Text && part) return Number(part.dataset["start"]) + offset;
  // a point between parts: in front of the part that it names, or behind the last
  const next = node.childNodes[offset];
  const target = next instanceof HTMLElement ? next.closest<HTMLElement>("[data-start]") : undefined;
  if (target) return Number(target.dataset["start"]);
  const last = [...element.querySelectorAll<HTMLElement>("[data-start]")].at(-1);
  if (part && node !== element) return Number(part.dataset["start"]) + (offset > 0 ? part.textContent.length : 0);
  return offset === 0 || !last ? 0 : Number(last.dataset["start"]) + last.textContent.length;
}
