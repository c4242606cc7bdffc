import assert from "node:assert/strict";
import { chromiumMissing, hasChromium, Page } from "./_chromium.ts";
import { Server, temporaryDirectory, until } from "./_server.ts";

Deno.test({
  name: `a browser shows the page at / without complaint, and all its links work${chromiumMissing}`,
  ignore: !hasChromium,
  fn: async () => {
    await using data = await temporaryDirectory();
    await using server = await Server.start({ storagePath: data.path });
    await server.ready();
    await until(async () => (await server.query("up")).size === 1, () => server.log);
    await using page = await Page.start();
    await page.open(`${server.url}/`);
    assert.equal(
      await page.evaluate("document.querySelector('h1').textContent"),
      await page.evaluate("document.title"),
    );
    assert.match(
      await page.evaluate("document.querySelector('dl').innerText"),
      /State\s+ready[^]*Targets up\s+1 of 1/,
    );
    // Styled, in spite of the content security policy.
    assert.equal(await page.evaluate("getComputedStyle(document.querySelector('dl')).display"), "grid");
    const links = await page.evaluate<string[]>(
      "[...document.querySelectorAll('a')].map((a) => a.getAttribute('href')).filter((href) => href.startsWith('/'))",
    );
    assert.ok(links.length >= 10, `${links}`);
    for (const href of links) {
      await page.open(`${server.url}/`);
      await page.follow(href);
      assert.deepEqual(page.documents.at(-1), { url: server.url + href, status: 200 });
      assert.notEqual(await page.evaluate("document.body.innerText.trim()"), "", href);
    }
    assert.deepEqual(page.problems, []);

    await page.open(`${server.url}/nothing`);
    assert.equal(page.problems.length, 1, "the test itself sees what goes wrong");
  },
});
