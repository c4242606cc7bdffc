import { type Field, list, map, string } from "../field.ts";
import { checkLabelName } from "../relabel_config.ts";
import { type Section, section } from "../section.ts";
import * as awsMechanisms from "./aws.ts";
import { kubernetes } from "./kubernetes.ts";
import * as network from "./network.ts";
import * as platform from "./platform.ts";

/** Targets named in the configuration itself. */
const targetGroup = section("targetgroup.Group", {
  targets: list(string(), { printed: "always" }),
  labels: map(string(), checkLabelName),
});
export type StaticConfig = typeof targetGroup.initial;

const kinds = {
  aws_sd_configs: awsMechanisms.aws,
  azure_sd_configs: platform.azure,
  consul_sd_configs: network.consul,
  digitalocean_sd_configs: platform.digitalocean,
  dns_sd_configs: network.dns,
  docker_sd_configs: platform.docker,
  dockerswarm_sd_configs: platform.dockerswarm,
  ec2_sd_configs: awsMechanisms.ec2,
  ecs_sd_configs: awsMechanisms.ecs,
  elasticache_sd_configs: awsMechanisms.elasticache,
  eureka_sd_configs: network.eureka,
  file_sd_configs: network.file,
  gce_sd_configs: platform.gce,
  hetzner_sd_configs: platform.hetzner,
  http_sd_configs: network.http,
  ionos_sd_configs: platform.ionos,
  kubernetes_sd_configs: kubernetes,
  kuma_sd_configs: network.kuma,
  lightsail_sd_configs: awsMechanisms.lightsail,
  linode_sd_configs: platform.linode,
  marathon_sd_configs: network.marathon,
  msk_sd_configs: awsMechanisms.msk,
  nerve_sd_configs: network.nerve,
  nomad_sd_configs: network.nomad,
  oci_sd_configs: platform.oci,
  openstack_sd_configs: platform.openstack,
  outscale_sd_configs: platform.outscale,
  ovhcloud_sd_configs: platform.ovhcloud,
  puppetdb_sd_configs: platform.puppetdb,
  rds_sd_configs: awsMechanisms.rds,
  scaleway_sd_configs: platform.scaleway,
  serverset_sd_configs: network.serverset,
  stackit_sd_configs: platform.stackit,
  static_configs: targetGroup,
  triton_sd_configs: platform.triton,
  uyuni_sd_configs: platform.uyuni,
  vultr_sd_configs: platform.vultr,
};
type Kinds = typeof kinds;
type ItemOf<K> = K extends Section<infer T> ? T : never;

/** Every service discovery list of a scrape config or an Alertmanager set, in the order in which they are printed. */
export const discoveryFields = Object.fromEntries(
  Object.entries(kinds).map(([key, kind]) => [
    key,
    list(kind as Section<unknown>, { nullItem: `empty or null section in ${key}` }),
  ]),
) as unknown as { readonly [K in keyof Kinds]: Field<readonly ItemOf<Kinds[K]>[]> };
