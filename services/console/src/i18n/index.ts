/** The page's words: `t('orders.total', { n: 3 })`, in the language of the moment. */
import { en } from './en.ts'
import { isChinese, language } from './language.ts'
import { zh, type Key } from './zh.ts'

export type { Key } from './zh.ts'
export { isChinese, language, switchLanguage, type Language } from './language.ts'

export type Values = Record<string, string | number>

export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

export const t = (key: Key, values: Values = {}): string => fill((isChinese(language.value) ? zh : en)[key], values)

export const known = (key: string): key is Key => key in zh

/** A word that comes with the data, or the code itself where this page has no word for it. */
export const word = (prefix: string, code: string): string => {
  const key = `${prefix}.${code}`
  return known(key) ? t(key) : code
}

/** Chooses between two texts that came from the hub. */
export const either = (chinese: string, english: string | null | undefined): string =>
  isChinese(language.value) ? chinese : (english ?? chinese)
