import cliProgress from "cli-progress";

/** How far a command has come. */
export interface Progress {
  /** @param done Of the same unit as the total. @param note Shown behind the bar. */
  update(done: number, note: string): void;
  stop(): void;
}

/** A bar on the terminal; nothing at all where stderr is none or the total is not known. */
export function progressBar(title: string, total: number | undefined): Progress {
  if (total === undefined || total === 0 || !Deno.stderr.isTerminal()) {
    return { update: () => {}, stop: () => {} };
  }
  const bar = new cliProgress.SingleBar({
    format: `${title} [{bar}] {percentage}% | {eta_formatted} left | {note}`,
    hideCursor: true,
  }, cliProgress.Presets.shades_classic);
  bar.start(total, 0, { note: "" });
  return {
    update: (done, note) => bar.update(done, { note }),
    stop: () => bar.stop(),
  };
}
