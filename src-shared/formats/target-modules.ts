/** Whether a text of target_modules is a pattern rather than a name: PEFT reads a list as names and a string as a pattern. */
export const isPattern = (text: string): boolean => !/^[\w.-]+$/.test(text);

/** Whether it can be read as a pattern; Python's own syntax (`(?P<name>…)`, `\A`) cannot. */
export function isReadablePattern(text: string): boolean {
  try {
    new RegExp(`^(?:${text})$`);
    return !/\(\?P|\\[AZ]/.test(text);
  } catch {
    return false;
  }
}
