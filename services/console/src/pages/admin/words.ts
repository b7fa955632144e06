/** Words of the management centre that depend on what they are said of. */
import { t } from '../../i18n/index.ts'
import { day } from '../../lib/format.ts'

/** Until when something lasts; the last day is the one before a term that ends at midnight. */
export function term(until: string | null): string {
  return until === null ? t('posts.forGood') : t('posts.until', { day: day(new Date(new Date(until).getTime() - 1)) })
}

/** The moment after the last day of a term, in China Standard Time, as the hub is told it. */
export function endOfDay(last: string): string {
  const next = new Date(`${last}T00:00:00+08:00`)
  next.setUTCDate(next.getUTCDate() + 1)
  return next.toISOString()
}
