import { constFamily, Desc, type Registry } from "../../engine/instrument/mod.ts";
import type { MetricFamily } from "../../engine/exposition/metric_family.ts";
import type { Database } from "../../engine/tsdb/database.ts";
