import assert from "node:assert/strict";
import { isExempt, proxyFor } from "../../../server/scrape/http_proxy.ts";

for (
  const [list, url, want] of [
    ["", "http://a.b/", false],
    ["*", "http://a.b/", true],
    ["a.b", "http://a.b/", true],
    ["b", "http://a.b/", true],
    [".b", "http://a.b/", true],
    [".a.b", "http://a.b/", false],
    ["*.b", "http://a.b/", true],
    ["ab", "http://b/", false],
    ["x, A.B ", "http://a.b/", true],
    ["a.b:80", "http://a.b/", true],
    ["a.b:81", "http://a.b/", false],
    ["a.b:443", "https://a.b/", true],
    ["10.0.0.0/8", "http://10.9.8.7:1/", true],
    ["10.0.0.0/8", "http://11.9.8.7:1/", false],
    ["10.0.0.1", "http://10.0.0.1:1/", true],
    ["::1", "http://[::1]:9/", true],
    ["[::1]:9", "http://[::1]:9/", true],
    ["fd00::/8", "http://[fd12::3]:9/", true],
    ["fd00::/8", "http://[fe12::3]:9/", false],
    ["fd00::/8", "http://10.0.0.1/", false],
  ] as const
) {
  Deno.test(`isExempt() of ${url} with no_proxy ${JSON.stringify(list)} is ${want}`, () => {
    assert.equal(isExempt(new URL(url), list), want);
  });
}

const none = { proxyUrl: "", noProxy: "", proxyFromEnvironment: false, proxyConnectHeader: {} };

for (
  const { name, config, env, url, want } of [
    { name: "none", config: none, env: { HTTP_PROXY: "http://e" }, url: "http://a/", want: "" },
    {
      name: "the configured one",
      config: { ...none, proxyUrl: "http://p" },
      env: {},
      url: "http://a/",
      want: "http://p",
    },
    {
      name: "none for an exempt host",
      config: { ...none, proxyUrl: "http://p", noProxy: "a" },
      env: {},
      url: "http://a/",
      want: "",
    },
    {
      name: "that of the environment",
      config: { ...none, proxyFromEnvironment: true },
      env: { http_proxy: "e:1" },
      url: "http://a/",
      want: "http://e:1",
    },
    {
      name: "that of the environment for the scheme",
      config: { ...none, proxyFromEnvironment: true },
      env: { HTTP_PROXY: "http://e", HTTPS_PROXY: "http://s" },
      url: "https://a/",
      want: "http://s",
    },
    {
      name: "none for the own machine",
      config: { ...none, proxyFromEnvironment: true },
      env: { HTTP_PROXY: "http://e" },
      url: "http://127.0.0.1/",
      want: "",
    },
    {
      name: "none where the environment exempts the host",
      config: { ...none, proxyFromEnvironment: true },
      env: { HTTP_PROXY: "http://e", NO_PROXY: "a" },
      url: "http://x.a/",
      want: "",
    },
  ]
) {
  Deno.test(`proxyFor() is ${name}`, () => {
    assert.equal(proxyFor(config, new URL(url), (key) => (env as Record<string, string>)[key]), want);
  });
}
