// What the proofs in a browser share: one Chromium, a word to whoever holds the service, waiting without sleeping, axe.
//
// The other side (tests/acceptance/test_operations_page.py) reads a line of JSON for each `please` and answers with one.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

export const given = JSON.parse(process.env.RUACH_E2E ?? '{}');
const shots = process.env.RUACH_E2E_SHOTS; // a folder: each screen is photographed into it
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
export const PATIENCE_MS = 60_000;
const SIZES = [
  { width: 1280, height: 900 },
  { width: 360, height: 740 },
];

/** Ask the other side for something; return what it answers. */
export async function please(word, data = {}) {
  console.log(JSON.stringify({ please: word, ...data }));
  const { value, done } = await answers.next();
  assert(!done, 'nobody answers');
  return JSON.parse(value);
}

export async function launched() {
  const executablePath = process.env.RUACH_CHROMIUM || '/usr/bin/chromium';
  assert(existsSync(executablePath), `no Chromium at ${executablePath}`);
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []; // its sandbox refuses root
  return chromium.launch({ executablePath, args });
}

/** A page of a person of their own; `complaints` gathers what the console says, above all what the content policy refused. */
export async function visitor(browser) {
  const context = await browser.newContext({ viewport: SIZES[0], baseURL: given.address });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints = [];
  page.on('console', (told) => {
    // a request that was refused or not answered is the screen's to show, and the steps look at that
    if (told.type() === 'error' && !/Failed to load resource|net::ERR/.test(told.text())) complaints.push(told.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (asked) => {
    if (!asked.url().startsWith(given.address)) complaints.push(`asks another host: ${asked.url()}`);
  });
  return { page, complaints };
}

export async function signIn(page, email, password = given.password) {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Judge the screen by axe in both themes and both sizes; nothing may stand out to the right of a phone. */
export async function judged(page, name) {
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      if (shots)
        await page.screenshot({ path: join(shots, `${name}-${size.width}-${colorScheme}.png`), fullPage: true });
      await page.evaluate(`globalThis.axe ?? (() => { ${axe} })()`);
      const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
      const bad = found.violations.filter((each) => ['serious', 'critical'].includes(each.impact));
      const told = bad.map(
        (each) =>
          `${each.id}: ${each.nodes
            .map((node) => node.html)
            .join(' | ')
            .slice(0, 600)}`,
      );
      assert.deepEqual(told, [], `${name}, ${size.width}, ${colorScheme}`);
    }
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert(width <= size.width, `${name} is ${width} wide on ${size.width}`);
  }
  await page.setViewportSize(SIZES[0]);
}

/** Run the steps in order (RUACH_E2E_ONLY, a pattern, picks some while one works on them); the first that fails ends the program, with the page as it was. */
export async function walk(steps, pageOf) {
  const only = new RegExp(process.env.RUACH_E2E_ONLY ?? '');
  for (const [name, step] of steps.filter(([each]) => only.test(each))) {
    try {
      await step();
      console.log(JSON.stringify({ done: name }));
    } catch (error) {
      const page = pageOf();
      const text = page
        ? await page
            .locator('body')
            .innerText()
            .catch(() => '')
        : '';
      console.log(JSON.stringify({ failed: name, why: String(error?.stack ?? error), page: text.slice(0, 4000) }));
      return 1;
    }
  }
  return 0;
}
