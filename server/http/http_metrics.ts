import { exponentialBuckets, type Registry } from "../../engine/instrument/mod.ts";

/** Notes one request that was answered. */
export type Observe = (status: number, bytes: number, seconds: number) => void;

/** Metrics about the requests that the server answers. */
export class HttpMetrics {
  readonly #requests;
  readonly #duration;
  readonly #size;

  /** @param isReady Whether all requests are answered. */
  constructor(registry: Registry, isReady: () => boolean) {
    this.#requests = registry.counter({
      name: "prometheus_http_requests_total",
      help: "Counter of HTTP requests.",
      labelNames: ["handler", "code"],
    });
    this.#duration = registry.histogram({
      name: "prometheus_http_request_duration_seconds",
      help: "Histogram of latencies for HTTP requests.",
      labelNames: ["handler"],
      buckets: [.1, .2, .4, 1, 3, 8, 20, 60, 120],
      native: { factor: 1.1, bucketsMax: 100, minResetMs: 3_600_000 },
    });
    this.#size = registry.histogram({
      name: "prometheus_http_response_size_bytes",
      help: "Histogram of response size for HTTP requests.",
      labelNames: ["handler"],
      buckets: exponentialBuckets(100, 10, 8),
    });
    registry.gauge({
      name: "prometheus_ready",
      help: "Whether Prometheus startup was fully completed and the server is ready for normal operation.",
      collect: (gauge) => gauge.set(isReady() ? 1 : 0),
    });
  }

  /** @param handler The path of the route, such as `/api/v1/label/:name/values`. */
  observer(handler: string): Observe {
    this.#requests.labels({ handler, code: "200" });
    return (status, bytes, seconds) => {
      this.#requests.labels({ handler, code: String(status) }).inc();
      this.#duration.labels({ handler }).observe(seconds);
      this.#size.labels({ handler }).observe(bytes);
    };
  }
}
