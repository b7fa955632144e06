/** Orders of the development server, and the few rules that the page needs to be tried against. */
import { randomUUID } from 'node:crypto'
import type { NewOrder, Order, OrderAction, OrderRow, Summary } from '../../src/api/types.ts'
import { BY_CODE, childrenOf, DIVISIONS, MATTERS, pathTo, random, within } from './data.ts'

export interface Person { login: string; name: string; role: string; site: string }
export interface Stored extends Omit<Order, 'here' | 'actions' | 'overdue' | 'version'> { version: number }

export const STATES: [state: string, zh: string, en: string][] = [
  ['registered', '登记', 'Registered'], ['accepted', '受理', 'Accepted'], ['dispatched', '已分拨', 'Dispatched'], ['disposing', '处置中', 'In disposal'],
  ['disposed', '已处置', 'Disposed'], ['verified', '已核查', 'Verified'], ['closed', '结案', 'Closed'], ['returned', '退回', 'Returned'], ['handed_over', '移交中', 'Handed over'],
]
interface Step { name: string; from: string[]; to: string; zh: string; en: string; role: string; field?: 'note' | 'unit'; sends?: 'parent' | 'source' }
const STEPS: Step[] = [
  { name: 'accept', from: ['registered', 'returned'], to: 'accepted', zh: '受理', en: 'Accept', role: 'registrar' },
  { name: 'dispatch', from: ['accepted', 'returned'], to: 'dispatched', zh: '分拨', en: 'Dispatch', role: 'dispatcher', field: 'unit' },
  { name: 'sign', from: ['dispatched'], to: 'disposing', zh: '签收', en: 'Sign for', role: 'handler' },
  { name: 'return', from: ['dispatched', 'disposing'], to: 'returned', zh: '退回', en: 'Return', role: 'handler', field: 'note' },
  { name: 'dispose', from: ['disposing'], to: 'disposed', zh: '处置反馈', en: 'Report disposal', role: 'handler', field: 'note' },
  { name: 'verify', from: ['disposed'], to: 'verified', zh: '核查', en: 'Verify', role: 'verifier' },
  { name: 'close', from: ['verified'], to: 'closed', zh: '结案', en: 'Close', role: 'verifier' },
  { name: 'hand_up', from: ['accepted', 'returned'], to: 'accepted', zh: '上报移交', en: 'Hand up', role: 'dispatcher', field: 'note', sends: 'parent' },
  { name: 'hand_back', from: ['disposed'], to: 'disposed', zh: '办结回传', en: 'Hand back', role: 'verifier', field: 'note', sends: 'source' },
]
const RIGHTS: Record<string, string[]> = { registrar: ['create', 'accept'], dispatcher: ['dispatch', 'hand_over'], handler: ['dispose'], verifier: ['verify', 'close'] }
const BUSINESS = Object.keys(RIGHTS)
export const permissions = (role: string): string[] => {
  const roles = role === 'operator' ? BUSINESS : BUSINESS.filter((one) => one === role)
  return [...roles.flatMap((one) => RIGHTS[one] ?? []), ...(roles.length > 0 ? ['read'] : [])].map((verb) => `collaboration.order.${verb}`).concat('fleet.matrix.read')
}
/** Where an order was before: the way that a result goes back. */
const routes = new Map<string, string[]>()
export const UNITS = ['指挥中心', '城市管理和综合执法局', '交通运输局', '生态环境局', '市场监督管理局', '住房和城乡建设局', '水务局', '应急管理局'].map((name, n) => ({
  id: `00000000-0000-4000-8000-00000000000${n}`, name, kind: 'department',
}))

export const store: Stored[] = []
const keys = new Map<string, Stored>()
const siteName = (code: string): string => BY_CODE.get(code)?.name ?? code
const stamp = (order: Stored, who: string, site: string, action: string, zh: string, en: string, to: string, note: string | null, unit: string | null, at: string): void => {
  order.trace.push({ at, site, site_name: siteName(site), actor: who, action, action_zh: zh, action_en: en, from: order.state, to, note, unit })
  order.state = to
  const titles = STATES.find(([state]) => state === to)
  order.state_zh = titles?.[1] ?? to
  order.state_en = titles?.[2] ?? to
  order.updated_at = at
  order.version += 1
}

export function create(content: NewOrder, site: string, who: string, at: string, key: string | null): Stored {
  const before = key === null ? undefined : keys.get(key)
  if (before !== undefined) return before
  const matter = MATTERS.find((one) => one.code === content.matter) ?? MATTERS[0]
  if (matter === undefined) throw new Error('no matters')
  const due = new Date(new Date(at).getTime() + matter.limit.amount * 86_400_000).toISOString()
  const order: Stored = {
    id: randomUUID(), number: `${site}-${at.slice(0, 10).replaceAll('-', '')}-1-${String(store.length + 1).padStart(5, '0')}`,
    title: content.title, matter: { code: matter.code, name: matter.name }, state: 'registered', state_zh: '登记', state_en: 'Registered',
    division: content.division, division_name: pathTo(content.division).slice(-2).map((row) => row.name).join(''), owner_site: site,
    unit: null, due_at: due, created_at: at, updated_at: at, description: content.description, channel: content.channel,
    reporter: { name: content.reporter.name.replace(/^(.).*/u, '$1**'), phone: content.reporter.phone.replace(/^(\d{3})\d{4}/, '$1****') },
    address: content.address, location: content.location, version: 0, trace: [],
  }
  stamp(order, who, site, 'register', '登记', 'Register', 'registered', null, null, at)
  store.unshift(order)
  if (key !== null) keys.set(key, order)
  return order
}

const overdue = (order: Stored): boolean => order.state !== 'closed' && order.due_at !== null && order.due_at < new Date().toISOString()

function actionsFor(order: Stored, person: Person): OrderAction[] {
  const back = routes.get(order.id) ?? []
  const reachable = (step: Step): boolean => step.sends === undefined || (step.sends === 'parent' ? order.owner_site !== '440000' : back.length > 0)
  return STEPS.filter((step) => step.from.includes(order.state) && reachable(step)).map((step) => {
    const here = order.owner_site === person.site
    const allowed = here && (step.role === person.role || person.role === 'operator')
    const why = here ? `缺少权限 collaboration.order.${step.name} / the permission is missing here` : `工单现由站点 ${siteName(order.owner_site)} 办理 / the order is with site ${order.owner_site} now`
    const label = step.field === 'unit' ? ['承办单位', 'Unit'] : ['说明', 'Note']
    return {
      name: step.name, title_zh: step.zh, title_en: step.en, allowed, why_not: allowed ? null : why,
      fields: step.field === undefined ? [] : [{ name: step.field, type: step.field === 'unit' ? 'unit' : 'text', required: true, label_zh: label[0] ?? '', label_en: label[1] ?? '' }],
    }
  })
}

export const asRow = (order: Stored, site: string): OrderRow => {
  const { description: _d, reporter: _r, address: _a, location: _l, trace: _t, version: _v, channel: _c, ...row } = order
  return { ...row, here: order.owner_site === site, overdue: overdue(order) }
}
export const asOrder = (order: Stored, person: Person): Order => ({
  ...order, here: order.owner_site === person.site, overdue: overdue(order), actions: actionsFor(order, person),
})

export function act(order: Stored, name: string, fields: Record<string, string>, person: Person, at = new Date().toISOString()): string | null {
  const step = STEPS.find((one) => one.name === name)
  const action = actionsFor(order, person).find((one) => one.name === name)
  if (step === undefined || action?.allowed !== true) return action?.why_not ?? '此状态不能办理 / not in this state'
  const unit = step.field === 'unit' ? (UNITS.find((one) => one.id === fields['unit'])?.name ?? null) : null
  stamp(order, person.name, person.site, name, step.zh, step.en, step.to, fields['note'] ?? null, unit, at)
  if (unit !== null) order.unit = unit
  const back = routes.get(order.id) ?? []
  if (step.sends === 'parent') {
    routes.set(order.id, [...back, order.owner_site])
    order.owner_site = BY_CODE.get(person.site)?.parent ?? order.owner_site
  }
  if (step.sends === 'source') order.owner_site = back.pop() ?? order.owner_site
  return null
}

export function summary(code: string): Summary {
  const mine = store.filter((order) => within(order.division, code))
  const count = (orders: Stored[]) => ({
    open: orders.filter((order) => order.state !== 'closed').length, overdue: orders.filter(overdue).length,
    closed: orders.filter((order) => order.state === 'closed').length,
  })
  return {
    as_of: new Date().toISOString(), division: { code, name: siteName(code) },
    totals: { ...count(mine), today: mine.filter((order) => order.created_at.slice(0, 10) === new Date().toISOString().slice(0, 10)).length },
    children: childrenOf(code).map((child) => ({ code: child.code, name: child.name, ...count(mine.filter((order) => within(order.division, child.code))) })),
  }
}

const TITLES: Record<string, string> = {
  'CG-001': '路面塌陷，雨天积水难行', 'CG-002': '路灯连续三晚不亮', 'CG-003': '垃圾桶满溢两天未清运', 'SW-001': '供水管爆裂，水漫到人行道', 'SW-002': '河面漂浮水浮莲',
  'HB-001': '夜间施工噪声扰民', 'HB-002': '傍晚有刺鼻气味', 'JT-001': '建议增设公交站', 'JT-002': '路口信号灯不亮，车辆抢行', 'SC-001': '预付卡商家停业退款难', 'YJ-001': '小区消防通道被占用', 'ZJ-001': '外墙渗水到卧室',
}

/** Fills the province: more orders where more people live, a story in every stage. */
export function seed(count = 900): void {
  const dice = random(42)
  const towns = DIVISIONS.filter((row) => row.tier === 'town')
  const heavy = towns.filter((row) => /^(4401|4403|4406|4419|4417)/.test(row.code))
  const person = (role: string, site: string): Person => ({ login: role, name: '王小明', role, site })
  for (let n = 0; n < count; n += 1) {
    const from = dice() < 0.5 ? heavy : towns
    const town = from[Math.floor(dice() * from.length)]
    const matter = MATTERS[Math.floor(dice() * MATTERS.length)]
    if (town === undefined || matter === undefined) continue
    const at = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString()
    const age = dice() ** 3 * 190
    const site = town.parent
    const order = create({
      matter: matter.code, title: `${town.name}${TITLES[matter.code] ?? matter.name}`, description: `市民反映：${town.name}附近${TITLES[matter.code] ?? matter.name}，希望尽快处理。`,
      channel: 'hotline', reporter: { name: '陈先生', phone: '13800138000' }, division: town.code, address: `${town.name}中心小学对面`, location: null,
    }, site, '李敏', at(age), null)
    const depth = Math.floor(dice() * 8)
    const plan: [string, string][] = [['accept', 'registrar'], ['dispatch', 'dispatcher'], ['sign', 'handler'], ['dispose', 'handler'], ['verify', 'verifier'], ['close', 'verifier']]
    plan.slice(0, depth).forEach(([step, role], index) => {
      act(order, step, { note: '已派员到场处理，恢复正常。', unit: UNITS[1]?.id ?? '' }, person(role, site), at(age * (0.9 - index * 0.13)))
    })
  }
  store.sort((a, b) => b.updated_at.localeCompare(a.updated_at))
  const story = create({
    matter: 'SW-001', title: '织篢镇供水管爆裂，水漫到人行道，"=1+1" 与 𠮷田先生', description: '市民来电：今早六点起供水管爆裂，路面结有青苔，老人摔倒。\n希望尽快抢修，并告知恢复供水时间。',
    channel: 'hotline', reporter: { name: '𠮷田先生', phone: '13912345678' }, division: '441721100', address: '织篢镇人民路 12 号门前', location: { lon: 111.61765, lat: 21.75312 },
  }, '441721', '李敏（县受理员）', new Date(Date.now() - 20 * 3_600_000).toISOString(), null)
  const told = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString()
  act(story, 'accept', {}, { ...person('registrar', '441721'), name: '李敏（县受理员）' }, told(19.6))
  act(story, 'hand_up', { note: '主干管网属市水务公司，请市级协调抢修。' }, { ...person('dispatcher', '441721'), name: '赵强（县分拨员）' }, told(19))
  act(story, 'dispatch', { unit: UNITS[6]?.id ?? '' }, { ...person('dispatcher', '441700'), name: '黄丽（市分拨员）' }, told(18))
  act(story, 'sign', {}, { ...person('handler', '441700'), name: '何伟' }, told(17.5))
}
