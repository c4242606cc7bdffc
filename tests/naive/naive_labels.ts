import { type Labels, METRIC_NAME } from "../../engine/labels/labels.ts";
import type { Matcher } from "../../engine/labels/matcher.ts";
import type { Sample } from "./naive_value.ts";

/** label_replace(), with a pattern and a replacement that JavaScript reads as Go does. */
export function labelReplace(
  samples: readonly Sample[],
  [destination, replacement, source, pattern]: readonly string[],
): Sample[] {
  const regexp = new RegExp(`^(?:${pattern})$`, "s");
  return samples.map((sample) => {
    const match = regexp.exec(sample.labels.get(source));
    if (match === null) return sample;
    const value = replacement.replace(/\$(?:(\d)|\{(\d)\})/g, (_, a, b) => match[Number(a ?? b)] ?? "");
    return { ...sample, labels: sample.labels.with(destination, value) };
  });
}

/** label_join(). */
export function labelJoin(
  samples: readonly Sample[],
  [destination, separator, ...sources]: readonly string[],
): Sample[] {
  return samples.map((sample) => ({
    ...sample,
    labels: sample.labels.with(destination, sources.map((name) => sample.labels.get(name)).join(separator)),
  }));
}

/**
 * info(): `samples` with labels of the info series of the same job and instance.
 * @param conditions Matchers of the second argument.
 * @param everything The newest sample of every stored series, at the time of the base selector.
 */
export function info(
  samples: readonly Sample[],
  conditions: readonly Matcher[],
  everything: readonly Sample[],
): Sample[] {
  const onNames = conditions.filter(({ name }) => name === METRIC_NAME);
  const onData = conditions.filter(({ name }) => name !== METRIC_NAME);
  const isInfo = (name: string) =>
    onNames.length === 0 ? name === "target_info" : onNames.every((matcher) => matcher.matches(name)) &&
      (onNames.some(({ type }) => type === "=" || type === "=~") || /.+_info$/.test(name));
  const identity = (labels: Labels) => `${labels.get("job")} ${labels.get("instance")}`;
  return samples.flatMap((sample) => {
    if (isInfo(sample.labels.get(METRIC_NAME))) return [sample];
    const fitting = everything.filter(({ labels }) =>
      isInfo(labels.get(METRIC_NAME)) && identity(labels) === identity(sample.labels) &&
      onData.every((matcher) => matcher.matches(labels.get(matcher.name)))
    );
    const newest = new Map<string, Sample>();
    for (const candidate of fitting) {
      const name = candidate.labels.get(METRIC_NAME), known = newest.get(name);
      if (known?.atMs === candidate.atMs) throw new Error("found duplicate series for info metric");
      if (known === undefined || known.atMs < candidate.atMs) newest.set(name, candidate);
    }
    if (newest.size === 0) return onData.every(({ matchesEmpty }) => matchesEmpty) ? [sample] : [];
    const added = new Map<string, string>();
    for (const { labels } of newest.values()) {
      for (const [name, value] of labels) {
        if (name === METRIC_NAME || (onData.length > 0 && !onData.some((matcher) => matcher.name === name))) {
          continue;
        }
        if (sample.labels.has(name)) continue;
        if ((added.get(name) ?? value) !== value) throw new Error(`conflicting label: ${name}`);
        added.set(name, value);
      }
    }
    let { labels } = sample;
    for (const [name, value] of added) labels = labels.with(name, value);
    return [{ ...sample, labels }];
  });
}
