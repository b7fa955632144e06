/** The actions of this person that wait for the connection: kept on this machine, sent once when the hub is back. */
import { computed, ref, watch } from 'vue'
import * as hub from './api/hub.ts'
import { ApiProblem, Unreachable } from './api/problem.ts'
import { connection, reconnections } from './connection.ts'
import { language } from './i18n/index.ts'
import { keepWaiting, loadWaiting, sendWaiting, waitingName, type Sent, type WaitingAction } from './lib/waiting.ts'
import { currentUser } from './session.ts'

const all = ref<WaitingAction[]>([])
export const waiting = computed<readonly WaitingAction[]>(() => all.value)
export const waitingFor = (order: string): WaitingAction | undefined => all.value.find((one) => one.order === order)

const name = (): string | null => {
  const me = currentUser.value
  return me === null ? null : waitingName(me.site.id, me.user.id)
}

function keep(left: WaitingAction[]): boolean {
  all.value = left
  const place = name()
  return place !== null && keepWaiting(globalThis.localStorage, place, left)
}

/** Returns whether it could be kept; where not, the caller must tell that nothing was sent. */
export const queue = (one: WaitingAction): boolean => keep([...all.value.filter((other) => other.key !== one.key), one])
export const drop = (key: string): boolean => keep(all.value.filter((one) => one.key !== key))

async function send(one: WaitingAction): Promise<Sent> {
  try {
    await hub.act(one.order, one.action, one.fields, one.etag, one.key)
    return 'done'
  } catch (problem) {
    // Signed out is as good as away: after signing in again the entry is still there.
    if (problem instanceof Unreachable || (problem instanceof ApiProblem && problem.status === 401)) return 'lost'
    return { refused: problem instanceof ApiProblem ? problem.detail(language.value) || problem.title(language.value) : String(problem) }
  }
}

let sending = false
export async function flush(): Promise<void> {
  if (sending || all.value.length === 0 || connection.lostSince !== null) return
  sending = true
  try {
    await sendWaiting(all.value, send, keep)
  } finally {
    sending = false
  }
}

export function watchOutbox(): void {
  watch(name, (place) => { all.value = place === null ? [] : loadWaiting(globalThis.localStorage, place); void flush() }, { immediate: true })
  watch(reconnections, () => void flush())
}
