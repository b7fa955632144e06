/** Numbers and times as an administration writes them, always in China Standard Time. */
import { isChinese, type Language } from '../i18n/language.ts'

const parts = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Asia/Shanghai', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
  second: '2-digit', hourCycle: 'h23',
})

function pieces(value: string | Date): Record<string, string> | null {
  const when = value instanceof Date ? value : new Date(value)
  if (Number.isNaN(when.getTime())) return null
  return Object.fromEntries(parts.formatToParts(when).map((part) => [part.type, part.value]))
}

/** 2026-11-22 15:04; a dash where there is no time. */
export function dateTime(value: string | Date | null | undefined): string {
  const p = value == null ? null : pieces(value)
  return p === null ? '—' : `${p['year']}-${p['month']}-${p['day']} ${p['hour']}:${p['minute']}`
}

/** 15:04:05, for "data as of" on one day. */
export function clockTime(value: string | Date | null | undefined): string {
  const p = value == null ? null : pieces(value)
  return p === null ? '—' : `${p['hour']}:${p['minute']}:${p['second']}`
}

/** 2026-11-22 */
export function day(value: string | Date): string {
  return dateTime(value).slice(0, 10)
}

/** 1,234,567 */
export function whole(value: number | null | undefined): string {
  return value == null ? '—' : value.toLocaleString('en-US', { maximumFractionDigits: 0 })
}

/** 12.3万 in Chinese and 123K in English, where the place is narrow. */
export function short(value: number, language: Language): string {
  if (!isChinese(language)) {
    return new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 }).format(value)
  }
  if (Math.abs(value) < 10_000) return whole(value)
  const [unit, by] = Math.abs(value) < 1e8 ? ['万', 1e4] : ['亿', 1e8]
  return `${(value / by).toLocaleString('en-US', { maximumFractionDigits: 1 })}${unit}`
}

const STEPS: [limit: number, seconds: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [60, 1, 'second'], [3600, 60, 'minute'], [86_400, 3600, 'hour'], [Infinity, 86_400, 'day'],
]

/** 3小时前, in 2 days: for phones and for "since". */
export function relative(value: string | Date, language: Language, now: Date = new Date()): string {
  const seconds = (new Date(value).getTime() - now.getTime()) / 1000
  const step = STEPS.find(([limit]) => Math.abs(seconds) < limit)
  if (step === undefined) return '—'
  const words = new Intl.RelativeTimeFormat(isChinese(language) ? 'zh-CN' : 'en', { numeric: 'auto' })
  return words.format(Math.round(seconds / step[1]), step[2])
}

/** 512 KB, 3.4 MB: sizes of files. */
export const size = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`

/** 3 天 4 小时: how long something has taken, in its two largest units. */
export function duration(seconds: number, language: Language): string {
  const minutes = Math.floor(seconds / 60)
  const sizes: [number, string, string][] = [[Math.floor(minutes / 1440), '天', 'd'], [Math.floor(minutes / 60) % 24, '小时', 'h'], [minutes % 60, '分钟', 'min']]
  const first = sizes.findIndex(([n]) => n > 0)
  const shown = first < 0 ? sizes.slice(2) : sizes.slice(first, first + 2)
  return shown.map(([n, chinese, english]) => `${n} ${isChinese(language) ? chinese : english}`).join(' ')
}
