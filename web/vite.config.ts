// Build: one script, one style sheet, an icon and index.html, all from the page's own origin, nothing inline.
// Tests: vitest in a simulated DOM.
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };

export default defineConfig({
  define: { __VERSION__: JSON.stringify(version) },
  build: {
    outDir: 'dist',
    target: 'es2022',
    // The content security policy forbids inline scripts and data: URLs.
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
  },
  test: {
    environment: 'happy-dom',
    // Nothing here waits for real time; a machine that compiles beside it may still be slow.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'],
    setupFiles: ['tests/setup.ts'],
  },
});
