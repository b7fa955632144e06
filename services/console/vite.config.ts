import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

// `npm run dev` talks to a running hub, or to `npm run mock`; both are named by this variable.
const hub = process.env['YIWANG_HUB'] ?? 'http://127.0.0.1:7080'
const forwarded = ['/api', '/auth', '/oidc', '/healthz', '/readyz', '/version']

export default defineConfig({
  plugins: [vue()],
  build: {
    target: 'es2022',
    // Small files stay files: the site's content policy allows no inlined script, and hashes make them immutable.
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
  server: {
    proxy: Object.fromEntries(forwarded.map((path) => [path, { target: hub, changeOrigin: false }])),
  },
})
