import { Labels } from "../labels/labels.ts";

/** Most characters (code points) that names and values of an exemplar's labels may have together. */
export const EXEMPLAR_CHARACTERS_MAX = 128;

/**
 * Checked labels of an exemplar.
 * @throws {RangeError} If a name is empty or names and values are too long together.
 */
export function exemplarLabels(entries: Readonly<Record<string, string>>): Labels {
  let characters = 0;
  for (const [name, value] of Object.entries(entries)) {
    if (name === "" || !name.isWellFormed() || !value.isWellFormed()) {
      throw new RangeError(`Exemplar label ${JSON.stringify(name)} is empty or not valid UTF-8: rename it`);
    }
    characters += codePoints(name) + codePoints(value);
  }
  if (characters > EXEMPLAR_CHARACTERS_MAX) {
    throw new RangeError(
      `Exemplar labels have ${characters} characters, at most ${EXEMPLAR_CHARACTERS_MAX} are allowed: ` +
        "keep to a trace id",
    );
  }
  return Labels.from(entries);
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
