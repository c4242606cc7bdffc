/** The figures of a run and their Markdown table. */

export type SubjectName = "narthex" | "prometheus";

/** One measured quantity, for one or both subjects. */
export interface Figure {
  readonly part: string;
  readonly name: string;
  readonly unit: string;
  readonly narthex?: number;
  readonly prometheus?: number;
  /** Narthex divided by Prometheus, where both were measured and Prometheus' is not 0. */
  readonly ratio?: number;
}

/** Something that was not measured, or is wrong with what was. */
export interface Problem {
  readonly part: string;
  readonly subject: string;
  readonly message: string;
}

export class Report {
  #figures = new Map<string, Figure>();
  readonly problems: Problem[] = [];
  /** Circumstances of the measurements, a line each. */
  readonly notes: string[] = [];

  get figures(): readonly Figure[] {
    return [...this.#figures.values()];
  }

  /** Records what `subject` reached. Figures appear in the order of their first mention. */
  set(part: string, name: string, unit: string, subject: SubjectName, value: number): void {
    const key = `${part}\0${name}`;
    const figure = { part, name, unit, ...this.#figures.get(key), [subject]: value };
    const { narthex, prometheus } = figure;
    const ratio = narthex !== undefined && prometheus ? { ratio: narthex / prometheus } : {};
    this.#figures.set(key, { ...figure, ...ratio });
  }

  problem(part: string, subject: string, message: string): void {
    this.problems.push({ part, subject, message });
  }

  /** Geometric mean of the ratios of a part's figures whose name starts with one of `prefixes`; undefined without any. */
  meanRatio(part: string, prefixes: readonly string[]): number | undefined {
    const ratios = this.figures
      .filter(({ part: its, name }) => its === part && prefixes.some((prefix) => name.startsWith(prefix)))
      .flatMap(({ ratio }) => ratio === undefined ? [] : [ratio]);
    if (ratios.length === 0) return undefined;
    return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  }

  markdown(): string {
    const rows = this.figures.map(({ part, name, unit, narthex, prometheus, ratio }) => [
      part,
      escapeCell(name),
      unit,
      shown(narthex),
      shown(prometheus),
      shown(ratio),
    ]);
    const head = ["part", "figure", "unit", "Narthex", "Prometheus", "Narthex ÷ Prometheus"];
    const table = [head, head.map((_, column) => column < 3 ? "---" : "---:"), ...rows]
      .map((cells) => `| ${cells.join(" | ")} |`).join("\n");
    const problems = this.problems.map(({ part, subject, message }) => `${part}, ${subject}: ${message}`);
    return table + listOf("Notes", this.notes) + listOf("Not measured, or measured with a fault", problems);
  }
}

function listOf(title: string, items: readonly string[]): string {
  const lines = items.map((item) => `- ${item.trim().replaceAll("\n", "\n  ")}`);
  return lines.length === 0 ? "" : `\n\n${title}:\n${lines.join("\n")}`;
}

/** Three significant digits, without an exponent. */
function shown(value: number | undefined): string {
  if (value === undefined) return "";
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}
