/** A form's words, kept on this machine while they are typed, and its idempotency key with them. */

export interface Draft<T> {
  content: T
  /** Sent with the form: the hub makes one order of it, however often the button or the network repeats. */
  key: string
  keptAt: string | null
}

export interface Store {
  getItem(name: string): string | null
  setItem(name: string, value: string): void
  removeItem(name: string): void
}

export const draftName = (site: string, user: string, form: string): string => `yiwang.draft.${site}.${user}.${form}`

/** A version 4 UUID; `crypto.randomUUID` exists only behind TLS or on loopback, and a county may have neither. */
export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Reads what was kept; anything unreadable or of an older shape gives an empty form, never an error. */
export function loadDraft<T extends object>(store: Store, name: string, empty: T): Draft<T> {
  try {
    const kept = JSON.parse(store.getItem(name) ?? 'null') as Draft<T> | null
    if (kept !== null && typeof kept.key === 'string' && typeof kept.content === 'object') {
      return { content: { ...empty, ...kept.content }, key: kept.key, keptAt: kept.keptAt }
    }
  } catch {
    // An unreadable draft is no draft.
  }
  return { content: { ...empty }, key: freshKey(), keptAt: null }
}

/** Returns whether it could be kept: a full or forbidden storage must not break the form. */
export function keepDraft<T>(store: Store, name: string, draft: Draft<T>): boolean {
  try {
    store.setItem(name, JSON.stringify(draft))
    return true
  } catch {
    return false
  }
}

export function dropDraft(store: Store, name: string): void {
  try {
    store.removeItem(name)
  } catch {
    // Nothing was kept there.
  }
}
