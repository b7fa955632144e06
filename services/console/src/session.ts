/** Who is signed in. Asked once; every page waits for the answer, and a refused one leads to sign-in and back. */
import { computed, reactive } from 'vue'
import * as hub from './api/hub.ts'
import { ApiProblem } from './api/problem.ts'
import type { Me } from './api/types.ts'
import { either } from './i18n/index.ts'

const session = reactive<{ me: Me | null }>({ me: null })

export const currentUser = computed<Me | null>(() => session.me)

/** The signed-in person; only for pages behind the guard, where there is one. */
export function user(): Me {
  if (session.me === null) throw new Error('nobody is signed in on this page')
  return session.me
}

export const siteName = computed(() =>
  session.me === null ? '' : either(session.me.site.name, session.me.site.name_en))

export const can = (permission: string): boolean => session.me?.permissions.includes(permission) ?? false

/** The rights that show or hide a way in; the hub decides on every request all the same. */
export const RIGHTS = {
  read: 'collaboration.order.read',
  create: 'collaboration.order.create',
  fleet: 'fleet.matrix.read',
  exchange: 'kit.exchange.operate',
  unitRead: 'management.unit.read',
  unitEdit: 'management.unit.edit',
  userRead: 'management.user.read',
  userEdit: 'management.user.edit',
  userUnlock: 'management.user.unlock',
  grant: 'management.grant.edit',
  sessions: 'management.session.revoke',
  factor: 'management.factor.reset',
  audit: 'management.audit.read',
  matterRead: 'matter.matter.read',
  matterEdit: 'matter.matter.edit',
  matterReview: 'matter.matter.review',
  topics: 'situation.topic.read',
  valueRead: 'indicator.value.read',
  valueSubmit: 'indicator.value.submit',
  valueApprove: 'indicator.value.approve',
  definitionEdit: 'indicator.definition.edit',
} as const

export function toSignIn(next: string): void {
  globalThis.location.assign(`/auth/login?next=${encodeURIComponent(next)}`)
}

export const isSignedOut = (error: unknown): boolean => error instanceof ApiProblem && error.status === 401

export async function loadSession(): Promise<Me | null> {
  if (session.me === null) {
    try {
      session.me = await hub.me()
    } catch (error) {
      if (!isSignedOut(error)) throw error
    }
  }
  return session.me
}

/** Asks again who is signed in, after something about that changed. */
export async function refreshSession(): Promise<void> {
  session.me = await hub.me()
}

export async function signOut(): Promise<void> {
  await hub.signOut()
  session.me = null
}

export function forget(): void {
  session.me = null
}
