// The operations page against a running service, as two operators and a member see it.

import assert from 'node:assert/strict';
import { given, judged, launched, please, signIn, visitor, walk } from './duet.mjs';
import { outage } from './outage.mjs';

const browser = await launched();
const anna = await visitor(browser);
const ben = await visitor(browser);
const mia = await visitor(browser);
const { page } = anna;
let newest = page;
const heading = (name, at = page) => at.getByRole('heading', { level: 1, name }).waitFor();
const go = async (path, name, at = page) => {
  await at.goto(`/studio${path}`);
  await heading(name, at);
};

const steps = [
  [
    'a wrong password is said in words',
    async () => {
      await page.goto(`/studio/ops/dead-letters/${given.letterId}`);
      await signIn(page, given.anna, 'wrong horse battery');
      await page.getByRole('alert').getByText('Not signed in').waitFor();
      await judged(page, 'sign-in');
    },
  ],
  [
    'who signs in gets the letter that the address names, and what the playbook says of it',
    async () => {
      await signIn(page, given.anna);
      await heading(/^Dead letter: /);
      assert.equal(new URL(page.url()).pathname, `/studio/ops/dead-letters/${given.letterId}`);
      for (const said of [
        given.letter.triage.checkFirst,
        given.letter.triage.escalateWhen,
        given.letter.error.message,
      ]) {
        await page.getByText(said).first().waitFor();
      }
      await judged(page, 'letter');
    },
  ],
  [
    'the queues show their depth',
    async () => {
      await page.getByRole('link', { name: 'Queues' }).click();
      await heading('Queues');
      const row = page
        .getByRole('row')
        .filter({ has: page.getByRole('rowheader', { name: 'render-jobs', exact: true }) });
      const asked = await (await page.request.get('/ops/queues')).json();
      const queue = asked.find((each) => each.queue === 'render-jobs');
      assert.equal(await row.locator('td[data-head="Depth"]').textContent(), String(queue.depth));
      assert.match(await row.locator('td[data-head="Level"]').textContent(), /normal/);
      assert.equal(queue.deadLetters, 1);
      await judged(page, 'queues');
      await row.getByRole('link', { name: '1 to judge' }).click();
      await heading('Dead letters');
      await judged(page, 'letters');
      await page.getByRole('link', { name: given.letter.triage.title }).click();
      await heading(/^Dead letter: /);
    },
  ],
  [
    'the commands are those that the service registers',
    async () => {
      await go('/ops/commands', 'Recovery commands');
      await page.getByRole('rowheader').first().waitFor();
      await please('commands', { names: await page.getByRole('rowheader').allInnerTexts() });
      await judged(page, 'commands');
    },
  ],
  [
    'each command opens a form that asks for a reason',
    async () => {
      for (const each of await (await page.request.get('/ops/commands')).json()) {
        await go(`/ops/commands/${each.name}`, each.name);
        await page.getByLabel('Reason').waitFor();
        await page.getByRole('button', { name: each.supportsDryRun ? 'Dry run' : 'Do it' }).click();
        await page.getByText('No recovery is anonymous').waitFor();
      }
      await judged(page, 'command');
    },
  ],
  [
    'a dry run shows what would happen and does nothing; then it is done, and its event comes by itself',
    async () => {
      newest = await page.context().newPage();
      await go('/ops/events', 'Events', newest);
      await newest.getByText('Live', { exact: true }).waitFor();
      await go(`/ops/dead-letters/${given.letterId}`, /^Dead letter: /);
      await page.getByRole('link', { name: 'render.retry' }).click();
      await heading('render.retry');
      assert.equal(await page.getByLabel('Render job id').inputValue(), given.jobId);
      assert(await page.getByRole('button', { name: 'Do it' }).isDisabled());
      await page.getByLabel('Reason').fill('the footage is back');
      await page.getByRole('button', { name: 'Dry run' }).click();
      await page.getByText('This would happen; nothing has yet').waitFor();
      await judged(page, 'dry-run');
      await please('dry', {});
      await page.getByLabel('Render job id').fill(`${given.jobId} `.trim().replace(/.$/, '0'));
      await page.getByRole('button', { name: 'Do it', disabled: true }).waitFor(); // another job: what was shown is void
      await page.getByLabel('Render job id').fill(given.jobId);
      await page.getByRole('button', { name: 'Do it' }).click();
      await page.getByText('render.retry is done').waitFor();
      await judged(page, 'done');
      await please('retried', {});
      await newest.getByText('render.completed').first().waitFor();
      await judged(newest, 'events');
      await newest.close();
      newest = page;
    },
  ],
  [
    'a letter that is settled says so',
    async () => {
      await go(`/ops/dead-letters/${given.letterId}`, /^Dead letter: /);
      await page.getByText('Resolved by').waitFor();
    },
  ],
  [
    'a command that needs a second operator waits; who asked cannot confirm',
    async () => {
      await go('/ops/commands/formation.repair', 'formation.repair');
      await page.getByLabel('Enrollment id').fill(given.enrollmentId);
      await page.getByLabel('Strategy').selectOption('unblock');
      await page.getByLabel('Node ids (optional)').fill(given.nodeId);
      await page.getByLabel('Reason').fill('she did it on paper');
      await page.getByRole('button', { name: 'Dry run' }).click();
      await page.getByText('This would happen; nothing has yet').waitFor();
      await page.getByRole('button', { name: 'Do it' }).click();
      await page.getByText('It waits for a second operator').waitFor();
      await page.getByRole('main').getByRole('link', { name: 'Approvals' }).click();
      await heading('Approvals');
      await page.getByText('You asked for this yourself').waitFor();
      assert.equal(await page.getByRole('button', { name: 'Confirm and run' }).count(), 0);
      await judged(page, 'approvals-own');
      const { status } = await please('own', {});
      assert.equal(status, 403);
    },
  ],
  [
    'another operator confirms it',
    async () => {
      newest = ben.page;
      await ben.page.goto('/studio/ops/approvals');
      await signIn(ben.page, given.ben);
      await heading('Approvals', ben.page);
      await ben.page.getByRole('button', { name: 'Reject' }).click();
      await ben.page.getByText('Say why not.').waitFor();
      await judged(ben.page, 'approvals');
      await ben.page.getByRole('button', { name: 'Confirm and run' }).click();
      await ben.page.getByText('formation.repair is confirmed and done.').waitFor();
      await ben.page.getByText('Nothing waits.').waitFor();
      await please('confirmed', {});
      newest = page;
    },
  ],
  [
    'the search in the header tells the story of an id',
    async () => {
      await page.getByLabel('Story of an id').fill(given.jobId);
      await page.keyboard.press('Enter');
      await heading(`Story of ${given.jobId}`);
      await page.getByText('dead-letter.buried').first().waitFor();
      assert.equal(new URL(page.url()).pathname, `/studio/ops/story/${given.jobId}`);
      await judged(page, 'story');
      await go('/ops/story/5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01', /^Story of/);
      await page.getByRole('alert').getByText('Correlation id').waitFor();
      await judged(page, 'problem');
    },
  ],
  [
    'a member is told that this is for operators, and asks for nothing',
    async () => {
      newest = mia.page;
      const asked = [];
      mia.page.on('request', (each) => new URL(each.url()).pathname.startsWith('/ops/') && asked.push(each.url()));
      await mia.page.goto('/studio/ops');
      await signIn(mia.page, given.mia);
      await heading('This is for operators', mia.page);
      await judged(mia.page, 'member');
      assert.deepEqual(asked, []);
      newest = page;
    },
  ],
  [
    'the keyboard alone leads from the header to a form, and the focus is seen',
    async () => {
      await go('/ops/commands', 'Recovery commands');
      await page.getByRole('link', { name: 'render.retry' }).focus();
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      await page.keyboard.press('Enter');
      await heading('render.retry');
      assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H1');
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'renderJobId');
      assert.notEqual(outline, 'none');
    },
  ],
  ...outage({
    page,
    go,
    onPage: (shown) => {
      newest = shown;
    },
  }),
  [
    'nothing was refused by the content policy, thrown, or asked of another host',
    async () => {
      assert.deepEqual([...anna.complaints, ...ben.complaints, ...mia.complaints], []);
    },
  ],
];

const code = await walk(steps, () => newest);
await browser.close();
process.exit(code);
