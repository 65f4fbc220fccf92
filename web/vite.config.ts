import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Put a `.gz` beside each asset; the API sends it to a browser that takes it. */
function packed(): Plugin {
  let folder = '';
  return {
    name: 'ruach-packed',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir, config.build.assetsDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder).filter((each) => /\.(js|css)$/.test(each))) {
        writeFileSync(join(folder, `${name}.gz`), gzipSync(readFileSync(join(folder, name)), { level: 9 }));
      }
    },
  };
}

const api = process.env.RUACH_API ?? 'http://127.0.0.1:8600';

export default defineConfig({
  base: '/studio/',
  plugins: [react(), packed()],
  build: { assetsInlineLimit: 0, reportCompressedSize: false },
  server: { proxy: { '/auth': api, '/ops': api } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
