/** Bodies shaped like those of a node_exporter on a large machine, for benches and tests. */

const CPU_MODES = ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"];

/**
 * Writes one body after another: `changing` of the samples differ from one to the next.
 * @param seriesCount Samples a body.
 */
export function nodeExporterBodies(options: {
  readonly seriesCount: number;
  readonly changing: number;
  readonly bodies: number;
}): Uint8Array[] {
  const { seriesCount, changing, bodies } = options;
  let seed = 1;
  const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32;
  const families: { name: string; type: string; help: string; labels: string[] }[] = [];
  let count = 0;
  const add = (name: string, type: string, labels: string[]) => {
    const taken = labels.slice(0, seriesCount - count);
    count += taken.length;
    if (taken.length > 0) {
      families.push({
        name,
        type,
        help: `Number of ${name.replaceAll("_", " ")} seen by the kernel.`,
        labels: taken,
      });
    }
  };
  const cpus = Array.from({ length: 64 }, (_, i) => i);
  add(
    "node_cpu_seconds_total",
    "counter",
    cpus.flatMap((c) => CPU_MODES.map((m) => `{cpu="${c}",mode="${m}"}`)),
  );
  for (let i = 0; i < 60; i++) add(`node_memory_Field${i}_bytes`, "gauge", [""]);
  for (let i = 0; count < seriesCount; i++) {
    const disks = cpus.slice(0, 24).map((d) => `{device="nvme${d}n1"}`);
    const mounts = cpus.slice(0, 16).map((d) =>
      `{device="/dev/nvme${d}n1p2",fstype="ext4",mountpoint="/var/lib/containers/volume-${d}"}`
    );
    const networks = cpus.slice(0, 20).map((d) => `{device="veth${d}f3a9c1",operstate="up"}`);
    add(`node_disk_field${i}_seconds_total`, "counter", disks);
    add(`node_filesystem_field${i}_bytes`, "gauge", mounts);
    add(`node_network_transmit_field${i}_total`, "counter", networks);
  }
  const values = new Map<string, string>();
  const value = (name: string) => {
    if (name.endsWith("_seconds_total")) return String(Math.round(random() * 1e8) / 100);
    if (name.endsWith("_bytes")) return (random() * 1e11).toExponential(8).replace("e+", "e+0");
    return String(Math.floor(random() * 1e9));
  };
  return Array.from({ length: bodies }, (_, body) => {
    const lines: string[] = [];
    for (const { name, type, help, labels } of families) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const text of labels) {
        const series = name + text;
        if (body === 0 || random() < changing) values.set(series, value(name));
        lines.push(`${series} ${values.get(series)}`);
      }
    }
    return new TextEncoder().encode(lines.join("\n") + "\n");
  });
}
