// Take the addresses of funding pages out of the lock file: ours holds names, versions and hashes only.

import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const each of Object.values(lock.packages)) delete each.funding;
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
