/**
 * The ways into the page by the six centres, each shown to those whose rights open it; what a centre does not offer yet has
 * no entry, and a centre without entries no heading.
 */
import type { IconName } from '../components/icons.ts'
import type { Key } from '../i18n/index.ts'
import { can, currentUser, RIGHTS } from '../session.ts'

export interface Entry {
  to: string
  key: Key
  icon: IconName
  shown: boolean
}

export interface Centre {
  key: Key
  entries: Entry[]
}

const all = (): Centre[] => [
  {
    key: 'nav.situation',
    entries: [
      { to: '/', key: 'nav.home', icon: 'map', shown: true },
      { to: '/situation', key: 'nav.topics', icon: 'grid', shown: can(RIGHTS.topics) },
      { to: '/wall', key: 'nav.wall', icon: 'wall', shown: can(RIGHTS.topics) },
    ],
  },
  {
    key: 'nav.enablement',
    entries: [
      { to: '/catalogue', key: 'nav.catalogue', icon: 'book', shown: can(RIGHTS.matterRead) },
      { to: '/indicators', key: 'nav.indicators', icon: 'list', shown: can(RIGHTS.valueRead) },
    ],
  },
  {
    key: 'nav.management',
    entries: [
      { to: '/admin/units', key: 'nav.units', icon: 'tree', shown: can(RIGHTS.unitRead) },
      { to: '/admin/people', key: 'nav.people', icon: 'user', shown: can(RIGHTS.userRead) },
      { to: '/admin/roles', key: 'nav.roles', icon: 'lock', shown: can(RIGHTS.userRead) },
      { to: '/admin/import', key: 'nav.import', icon: 'up', shown: can(RIGHTS.unitEdit) && can(RIGHTS.userEdit) },
      { to: '/fleet', key: 'nav.fleet', icon: 'grid', shown: currentUser.value?.fleet === true && can(RIGHTS.fleet) },
      { to: '/links', key: 'nav.links', icon: 'link', shown: true },
    ],
  },
  {
    key: 'nav.collaboration',
    entries: [
      { to: '/orders', key: 'nav.orders', icon: 'list', shown: can(RIGHTS.read) },
      { to: '/orders?todo=1', key: 'nav.todo', icon: 'inbox', shown: can(RIGHTS.read) },
      { to: '/orders/new', key: 'nav.new', icon: 'plus', shown: can(RIGHTS.create) },
    ],
  },
  {
    key: 'nav.command',
    entries: [],
  },
  {
    key: 'nav.supervision',
    entries: [
      { to: '/orders?overdue=1', key: 'nav.overdue', icon: 'late', shown: can(RIGHTS.read) },
      { to: '/orders?supervised=1', key: 'nav.supervised', icon: 'clock', shown: can(RIGHTS.read) },
      { to: '/audit', key: 'nav.audit', icon: 'checked', shown: can(RIGHTS.audit) },
    ],
  },
]

/** The centres that have something for the person who is signed in. */
export const centres = (): Centre[] =>
  all()
    .map((centre) => ({ ...centre, entries: centre.entries.filter((entry) => entry.shown) }))
    .filter((centre) => centre.entries.length > 0)

interface Place {
  path: string
  query: Record<string, unknown>
}

/** How well an entry says where somebody is; 0 means not at all. The filter in an address counts more than its absence. */
function fit(to: string, place: Place): number {
  const [path = '/', asked = ''] = to.split('?')
  const inside = place.path === path || (path !== '/' && place.path.startsWith(`${path}/`))
  const wanted = [...new URLSearchParams(asked)]
  if (!inside || wanted.some(([name, value]) => place.query[name] !== value)) return 0
  return path.length * 10 + wanted.length
}

/** The one entry that is marked as the present page. */
export function present<T extends { to: string }>(entries: readonly T[], place: Place): T | null {
  let best: T | null = null
  for (const entry of entries) {
    if (fit(entry.to, place) > (best === null ? 0 : fit(best.to, place))) best = entry
  }
  return best
}
