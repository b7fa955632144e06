/**
 * A hub for developing and testing the page alone: the contract's addresses over invented data, never part of a build.
 *
 *   npm run mock                 three sites on 127.0.0.1:7180-7182, the built page included
 *   YIWANG_MOCK_SITES=f.json     also writes the file that tests/browser reads
 */
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, resolve } from 'node:path'
import { BY_CODE, division, DIVISIONS, fleet, MATTERS, within } from './data.ts'
import { act, asOrder, asRow, create, permissions, seed, STATES, store, summary, UNITS, type Person } from './orders.ts'

const FIRST_PORT = Number(process.env['YIWANG_MOCK_PORT'] ?? 7180)
const SITES = ['440000', '441700', '441721']
const ROLES = ['administrator', 'registrar', 'dispatcher', 'handler', 'verifier', 'operator']
const PASSWORD = 'a-long-demo-password'
const DIST = resolve(import.meta.dirname, '../../dist')
const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' }
const POLICY = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

interface Exchange { request: IncomingMessage; response: ServerResponse; url: URL; site: string; body: string }
const sessions = new Map<string, Person & { mustChange: boolean }>()

function json(x: Exchange, status: number, value: unknown, headers: Record<string, string> = {}): void {
  const type = status >= 400 ? 'application/problem+json' : 'application/json'
  x.response.writeHead(status, { 'Content-Type': type, ...headers }).end(JSON.stringify(value))
}
const problem = (x: Exchange, status: number, title: string, title_en: string, detail: string, errors: unknown[] = []): void =>
  json(x, status, { type: `urn:yiwang:problem:${status}`, title, title_en, status, detail, errors, instance: 'urn:uuid:0' })

const person = (x: Exchange) => sessions.get(/session=([\w-]+)/.exec(x.request.headers.cookie ?? '')?.[1] ?? '')

function signInPage(x: Exchange, wrong: boolean): void {
  const next = x.url.searchParams.get('next') ?? '/'
  x.response.writeHead(200, { 'Content-Type': TYPES['.html'] ?? '' }).end(`<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>登录</title>
    <main><h1>登录 Sign in</h1>${wrong ? '<p role="alert">账号或密码不正确</p>' : ''}<form method="post" action="/oidc/authorize?next=${encodeURIComponent(next)}">
    <label>账号 <input name="login" autocomplete="username"></label><label>密码 <input name="password" type="password"></label><button>登录</button></form></main></html>`)
}

function signIn(x: Exchange): void {
  const form = new URLSearchParams(x.body)
  const [role = '', mark] = (form.get('login') ?? '').split('-')
  if (form.get('password') !== PASSWORD || !ROLES.includes(role)) return signInPage(x, true)
  const id = crypto.randomUUID()
  sessions.set(id, { login: role, name: { administrator: '管理员', registrar: '李敏', operator: '演示全流程', dispatcher: '黄丽', handler: '何伟', verifier: '周洁' }[role] ?? role, role, site: x.site, mustChange: mark === 'new' })
  x.response.writeHead(302, { Location: x.url.searchParams.get('next') ?? '/', 'Set-Cookie': `session=${id}; HttpOnly; Path=/; SameSite=Lax` }).end()
}

function me(x: Exchange, who: Person & { mustChange: boolean }): void {
  const row = BY_CODE.get(x.site)
  json(x, 200, {
    user: { id: who.login, login: who.login, name: who.name }, must_change_password: who.mustChange,
    site: { id: x.site, code: x.site, name: row?.name, name_en: { 440000: 'Guangdong', 441700: 'Yangjiang', 441721: 'Yangxi' }[x.site], tier: row?.tier, parent: row?.parent || null, demo: true },
    release: '2026.11.0', fleet: true, posts: [{ id: '1', unit: { id: '1', name: '指挥中心（样例）' }, division: x.site, role: who.role }],
    permissions: permissions(who.role),
  })
}

function list(x: Exchange, who: Person): void {
  const q = x.url.searchParams
  const state = q.get('state')
  const found = store.filter((order) => within(order.division, q.get('division') ?? x.site)
    && (state === null || state.split(',').includes(order.state)) && (q.get('overdue') === null || asRow(order, x.site).overdue)
    && (q.get('q') === null || order.title.includes(q.get('q') ?? '') || order.number.includes(q.get('q') ?? ''))
    && (q.get('mine') === null || asOrder(order, who).actions.some((action) => action.allowed)))
  const by = ({ created: 'created_at', updated: 'updated_at', due: 'due_at' } as const)[q.get('sort') ?? 'created'] ?? 'created_at'
  found.sort((a, b) => (by === 'due_at' ? 1 : -1) * (a[by] ?? '').localeCompare(b[by] ?? ''))
  const [from, size] = [Number(q.get('cursor') ?? 0), Number(q.get('limit') ?? 50)]
  json(x, 200, { items: found.slice(from, from + size).map((order) => asRow(order, x.site)), next: from + size < found.length ? String(from + size) : null, total: found.length })
}

function one(x: Exchange, who: Person, id: string, action: string | undefined): void {
  const order = store.find((candidate) => candidate.id === id)
  if (order === undefined) return problem(x, 404, '未找到', 'Not found', '没有这件工单 / there is no such order')
  if (action !== undefined) {
    if (x.request.headers['if-match'] !== `"${order.version}"`) return problem(x, 412, '内容已被他人更新', 'Changed by somebody else', '')
    const why = act(order, action, JSON.parse(x.body || '{}'), who)
    if (why !== null) return problem(x, 403, '没有权限', 'Not permitted', why)
  }
  json(x, 200, asOrder(order, who), { ETag: `"${order.version}"` })
}

function register(x: Exchange, who: Person): void {
  const content = JSON.parse(x.body)
  if (content.title.includes('拒绝')) return problem(x, 422, '内容不符合要求', 'Invalid content', '请更正各字段 / correct the fields', [{ field: 'body.title', expected: '标题含有保留词 / the title has a reserved word' }])
  const order = create(content, x.site, who.name, new Date().toISOString(), x.request.headers['idempotency-key'] as string)
  json(x, 201, asOrder(order, who), { ETag: `"${order.version}"` })
}

function links(x: Exchange): void {
  const now = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString()
  const link = (site: string, relation: string, up: boolean) => ({
    site, name: BY_CODE.get(site)?.name, relation, state: up ? 'up' : 'down', since: now(up ? 420 : 37), queued: up ? 0 : 12, oldest_queued_at: up ? null : now(36), parked: 0,
    sent: 1284, received: 932, head_sent: '9f2c11d07ab3e4', head_received: '1bb07c5ae0d992', last_error: up ? null : 'NoRespondersError: no responders for x.441721',
  })
  const children: Record<string, string[]> = { '440000': ['441700'], '441700': ['441721'] }
  const parent = BY_CODE.get(x.site)?.parent
  json(x, 200, { items: [...(parent ? [link(parent, 'parent', true)] : []), ...(children[x.site] ?? []).map((child) => link(child, 'child', x.site !== '441700'))] })
}

async function file(x: Exchange): Promise<void> {
  const wanted = extname(x.url.pathname) === '' ? '/index.html' : x.url.pathname
  try {
    const content = await readFile(resolve(DIST, `.${wanted}`))
    x.response.writeHead(200, { 'Content-Type': TYPES[extname(wanted)] ?? 'application/octet-stream', 'Content-Security-Policy': POLICY }).end(content)
  } catch {
    x.response.writeHead(404).end()
  }
}

function api(x: Exchange, who: Person & { mustChange: boolean }): void {
  const path = x.url.pathname
  const order = /^\/api\/collaboration\/v1\/orders\/([^/]+)(?:\/actions\/(\w+))?$/.exec(path)
  const place = /^\/api\/management\/v1\/divisions\/(\w+)$/.exec(path)
  if (path === '/auth/me') return me(x, who)
  if (path === '/auth/logout') { sessions.clear(); return json(x, 200, {}) }
  if (path.endsWith('/v1/password')) { who.mustChange = false; return json(x, 200, {}) }
  if (place !== null) { const found = division(place[1] ?? ''); return found === null ? problem(x, 404, '未找到', 'Not found', '没有此区划 / no such division') : json(x, 200, found) }
  if (path.endsWith('/v1/states')) return json(x, 200, { items: STATES.map(([state, title_zh, title_en]) => ({ state, title_zh, title_en })) })
  if (path.endsWith('/v1/units')) return json(x, 200, { items: UNITS, next: null, total: UNITS.length })
  if (path.endsWith('/v1/matters')) return json(x, 200, { items: MATTERS, next: null, total: MATTERS.length })
  if (path.endsWith('/v1/orders') && x.request.method === 'POST') return register(x, who)
  if (path.endsWith('/v1/orders')) return list(x, who)
  if (order !== null) return one(x, who, order[1] ?? '', order[2])
  if (path.endsWith('/v1/summary')) return json(x, 200, summary(x.url.searchParams.get('division') ?? x.site))
  if (path.endsWith('/v1/links')) return links(x)
  if (path.endsWith('/v1/matrix')) return json(x, 200, { as_of: new Date().toISOString(), release: '2026.11.0', sites: fleet() })
  problem(x, 404, '未找到', 'Not found', path)
}

async function answer(request: IncomingMessage, response: ServerResponse, site: string): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const x: Exchange = { request, response, site, url: new URL(request.url ?? '/', `http://${request.headers.host}`), body: Buffer.concat(parts).toString() }
  const path = x.url.pathname
  if (path === '/healthz') return json(x, 200, { status: 'ok' })
  if (path === '/auth/login') { response.writeHead(302, { Location: `/oidc/authorize?next=${encodeURIComponent(x.url.searchParams.get('next') ?? '/')}` }).end(); return }
  if (path === '/oidc/authorize') return request.method === 'POST' ? signIn(x) : signInPage(x, false)
  if (!path.startsWith('/api/') && !path.startsWith('/auth/')) return file(x)
  const who = person(x)
  if (who === undefined) return problem(x, 401, '需要登录', 'Sign-in needed', '尚未登录 / not signed in')
  if (request.method !== 'GET' && request.headers['x-yiwang-csrf'] !== '1') return problem(x, 403, '没有权限', 'Not permitted', 'CSRF')
  api(x, who)
}

seed()
const written: Record<string, unknown> = {}
SITES.forEach((site, index) => {
  // A name of its own a site: cookies keep hosts apart, not ports.
  const host = `127.0.0.${index + 1}`
  const port = FIRST_PORT + index
  createServer((request, response) => void answer(request, response, site)).listen(port, host)
  const users = Object.fromEntries([...ROLES, 'newcomer'].map((role) => [role, { login: role === 'newcomer' ? 'registrar-new' : role, password: PASSWORD }]))
  written[site] = { base_url: `http://${host}:${port}`, users }
  console.log(`${site} ${BY_CODE.get(site)?.name} http://${host}:${port}  (${ROLES.join(', ')}; ${PASSWORD})`)
})
console.log(`${DIVISIONS.length} divisions, ${store.length} orders`)
if (process.env['YIWANG_MOCK_SITES'] !== undefined) await writeFile(process.env['YIWANG_MOCK_SITES'], JSON.stringify(written, null, 2))
