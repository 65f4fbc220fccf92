// What the page does when the session is over, and while the service is gone.

import assert from 'node:assert/strict';
import { given, judged, please, signIn } from './duet.mjs';

const POSITION = /^\d+-\d+$/;

/** Return the steps; `onPage` is told which page is looked at, for the report of a failure. */
export function outage({ page, go, onPage }) {
  return [
    [
      'a session that is over asks to sign in and keeps what was typed',
      async () => {
        await page.getByLabel('Reason').fill('typed before');
        await page.context().clearCookies();
        await page.getByLabel('Render job id').fill(given.jobId);
        await page.getByRole('button', { name: 'Dry run' }).click();
        await page.getByText('Your session is over').waitFor();
        await judged(page, 'session-over');
        await signIn(page, given.anna);
        await page.getByRole('dialog').waitFor({ state: 'detached' });
        assert.equal(await page.getByLabel('Reason').inputValue(), 'typed before');
      },
    ],
    [
      'a service that is gone is said, with what was known; when it is back so are the panel and the line',
      async () => {
        await go('/ops', 'Queues');
        await page.getByRole('rowheader', { name: 'render-jobs' }).waitFor();
        const events = await page.context().newPage();
        const positions = [];
        events.on('request', (asked) => {
          if (asked.url().includes('/ops/events?')) positions.push(asked.headers()['last-event-id'] ?? '');
        });
        await go('/ops/events', 'Events', events);
        await events.getByText('Live', { exact: true }).waitFor();
        await events.getByText('render.completed').first().waitFor();

        await page.bringToFront(); // a page behind another one does not ask again
        await please('stop');
        const gone = page.getByRole('region', { name: 'Queues' }).getByText('The service does not answer.');
        await gone.waitFor();
        assert(await page.getByRole('rowheader', { name: 'render-jobs' }).isVisible());
        await judged(page, 'gone');
        onPage(events);
        await events.bringToFront();
        await events.getByText('The line is down', { exact: true }).waitFor();
        await judged(events, 'events-down');

        await please('start');
        await events.getByText('Live', { exact: true }).waitFor();
        assert.equal(positions[0], '');
        assert.match(positions.at(-1), POSITION, 'it goes on after the last event that it saw');
        await events.close();
        onPage(page);
        await page.bringToFront();
        await gone.waitFor({ state: 'detached' });
        await page.getByRole('rowheader', { name: 'render-jobs' }).waitFor();
      },
    ],
  ];
}
