/** Whether the hub answers; what the lost-connection banner tells, and when the pages should load again. */
import { reactive, ref } from 'vue'

const ASK_AGAIN_MS = 4000

export const connection = reactive<{ lostSince: Date | null }>({ lostSince: null })
/** Goes up by one each time the connection is back, for pages that want to load again. */
export const reconnections = ref(0)

export function lost(): void {
  if (connection.lostSince !== null) return
  connection.lostSince = new Date()
  setTimeout(askAgain, ASK_AGAIN_MS)
}

export function answered(): void {
  if (connection.lostSince === null) return
  connection.lostSince = null
  reconnections.value += 1
}

async function askAgain(): Promise<void> {
  if (connection.lostSince === null) return
  try {
    const answer = await fetch('/healthz', { cache: 'no-store' })
    if (answer.ok) return answered()
  } catch {
    // Still away: the next question follows below.
  }
  setTimeout(askAgain, ASK_AGAIN_MS)
}

export function watchConnection(): void {
  globalThis.addEventListener('offline', lost)
  globalThis.addEventListener('online', () => void askAgain())
}
