// Opens each page of a folder and holds it against the JSON beside it.
import { strict as assert } from "node:assert";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [folder, option] = process.argv.slice(2);
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 740 };
const LOOKS = [
  { name: "wide light", viewport: WIDE, colorScheme: "light" },
  { name: "wide dark", viewport: WIDE, colorScheme: "dark" },
  { name: "narrow light", viewport: NARROW, colorScheme: "light" },
  { name: "narrow dark", viewport: NARROW, colorScheme: "dark" },
  { name: "print", viewport: WIDE, colorScheme: "light", media: "print" },
];

const digits = (text) => Number(text.replace(/[^0-9].*$/su, "").length ? text.replace(/[\u202f]/gu, "").match(/^[0-9]+/u)[0] : NaN);

/** Opens a page and collects all that must not be. */
async function open(browser, file, look, scripts = true) {
  const context = await browser.newContext({ viewport: look.viewport, colorScheme: look.colorScheme, reducedMotion: "reduce", offline: true, javaScriptEnabled: scripts });
  const page = await context.newPage();
  const wrong = [];
  const url = pathToFileURL(resolve(file)).href;
  page.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:,")) wrong.push(`request: ${request.url()}`);
  });
  page.on("console", (message) => wrong.push(`console: ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`error: ${error}`));
  page.on("dialog", (dialog) => { wrong.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
  if (scripts) {
    await page.addInitScript(() => {
      globalThis.violations = [];
      document.addEventListener("securitypolicyviolation", (e) => globalThis.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
    });
  }
  if (look.media) await page.emulateMedia({ media: look.media, colorScheme: look.colorScheme });
  await page.goto(url);
  return { context, page, wrong };
}

/** What the page shows is what the JSON says. */
async function figures(page, report) {
  const shown = await page.evaluate(() => {
    const text = (selector) => document.querySelector(selector)?.textContent ?? "";
    const rows = (selector) => [...document.querySelectorAll(selector)].map((row) => [...row.cells].map((cell) => cell.textContent));
    return {
      failures: text("[data-figure=failures]"), incidents: text("[data-figure=incidents]"), clients: text("[data-figure=clients]"),
      percent: text("[data-figure=percent]"), headline: text(".headline"),
      causes: rows("section[aria-labelledby=causes] tbody tr"), clientRows: rows("section[aria-labelledby=clients] tbody tr"),
      timeline: rows("section[aria-labelledby=timeline] table.data tbody tr"), articles: document.querySelectorAll("article").length,
      events: document.querySelectorAll(".events li").length,
    };
  });
  assert.equal(digits(shown.failures), report.totals.failures);
  assert.equal(digits(shown.incidents), report.incidents.length);
  assert.equal(digits(shown.clients), report.totals.clients);
  if (report.totals.failure_percent !== null) assert.equal(parseFloat(shown.percent), report.totals.failure_percent);
  assert.ok(shown.headline.includes(report.headline), `${shown.headline} has not: ${report.headline}`);
  assert.equal(shown.articles, report.incidents.length + report.steady.length);
  assert.deepEqual(shown.causes.map((row) => digits(row[1])), report.causes.map((cause) => cause.count));
  assert.deepEqual(shown.causes.map((row) => digits(row[2])), report.causes.map((cause) => cause.clients));
  assert.equal(shown.clientRows.length, report.clients.length);
  if (report.timeline) {
    const sums = report.timeline.series.map((s) => s.counts.reduce((a, b) => a + b, 0));
    const shownSums = report.timeline.series.map((_, at) => shown.timeline.reduce((sum, row) => sum + digits(row[at + 1]), 0));
    assert.deepEqual(shownSums, sums);
    assert.equal(sums.reduce((a, b) => a + b, 0), report.totals.failures);
    assert.equal(shown.events, report.timeline.events.length);
  }
}

/** axe-core has no complaint. */
async function accessible(page) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run(document, { preload: false, resultTypes: ["violations"] }));
  assert.ok(passes.length > 10, "axe-core looked at something");
  const told = violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(told, []);
}

/** Where scripts run: the filter, the copy, the values under the pointer. */
async function enhancements(page, report) {
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await page.click("#copy");
  await page.waitForFunction(() => document.querySelector("#copied").textContent !== "");
  assert.equal(await page.textContent("#copied"), "Copied.");
  if (report.clients.length > 1) {
    await page.fill("#filter", "no such client anywhere");
    assert.equal(await page.evaluate(() => [...document.querySelectorAll("[data-filterable]")].filter((e) => !e.hidden).length), 0);
    await page.fill("#filter", "");
    assert.ok(await page.evaluate(() => [...document.querySelectorAll("[data-filterable]")].every((e) => !e.hidden)));
  }
  if (report.timeline?.series.length) {
    const counts = report.timeline.series[0].counts;
    const peak = counts.indexOf(Math.max(...counts));
    const box = await page.evaluate(([column, columns]) => {
      const chart = document.querySelector("figure.timeline svg");
      chart.scrollIntoView({ behavior: "instant", block: "center" });
      const { left, top, width, height } = chart.getBoundingClientRect();
      const whole = chart.viewBox.baseVal.width, from = Number(chart.dataset.left), to = whole - Number(chart.dataset.right);
      return { x: left + ((from + ((column + 0.5) / columns) * (to - from)) / whole) * width, y: top + height / 2 };
    }, [peak, counts.length]);
    await page.mouse.move(box.x, box.y);
    const told = await page.textContent("figure.timeline output");
    assert.ok(told.includes(`${report.timeline.series[0].title} ${counts[peak]}`), `${told}: ${report.timeline.series[0].title} ${counts[peak]}`);
  }
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const names = readdirSync(folder).filter((name) => name.endsWith(".html")).map((name) => name.slice(0, -5));
assert.ok(names.length > 2, "there are pages");
let checks = 0;
const failed = [];
/** Runs a check of one look; one that fails does not hide the others. */
async function check(what, file, look, scripts, test) {
  const { context, page, wrong } = await open(browser, file, look, scripts);
  try {
    await test(page);
    assert.deepEqual(wrong, []);
  } catch (error) {
    failed.push(`${what}: ${error.message}`);
  }
  await context.close();
  checks += 1;
}
for (const name of names) {
  const file = join(folder, `${name}.html`);
  const report = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  for (const look of LOOKS) {
    await check(`${name}, ${look.name}`, file, look, true, async (page) => {
      await figures(page, report);
      await accessible(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${wide} pixels too wide`);
      if (look.media === "print") {
        const hidden = await page.evaluate(() => [...document.querySelectorAll("article details > *:not(summary)")].filter((e) => e.getBoundingClientRect().height === 0).length);
        assert.equal(hidden, 0, "on paper everything is unfolded");
      }
      if (look.name === "wide light") await enhancements(page, report);
      assert.deepEqual(await page.evaluate(() => globalThis.violations), [], "policy");
    });
  }
  await check(`${name}, without scripts`, file, LOOKS[0], false, async (page) => {
    assert.ok(await page.isVisible(".headline"), "without scripts the page is there");
    if (report.clients.length) assert.ok(!(await page.isVisible("#filter-row")), "what needs a script is not shown without");
  });
}

if (option === "--screenshots") {
  const images = resolve("docs/images");
  mkdirSync(images, { recursive: true });
  const shots = [
    { look: LOOKS[0], name: "report-light", height: 1300 },
    { look: LOOKS[1], name: "report-dark", height: 1300 },
    { look: LOOKS[2], name: "report-phone", height: 1300 },
  ];
  for (const { look, name, height } of shots) {
    const { context, page } = await open(browser, join(folder, "2673-outage.html"), { ...look, viewport: { width: look.viewport.width === 1280 ? 1060 : 360, height } });
    await page.screenshot({ path: join(images, `${name}.png`) });
    await context.close();
  }
}
await browser.close();
if (failed.length) {
  console.error(failed.join("\n\n"));
  process.exit(1);
}
console.log(`${names.length} pages, ${checks} looks: all is well`);
