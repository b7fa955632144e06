/** Sorts the areas of a map into at most five classes, so that a colour can be read back from the legend. */

/** From..to inclusive, and how many areas fall in. 分级。 */
export interface MapClass {
  from: number
  to: number
  count: number
}

export const MOST_CLASSES = 5

/** Zero is a class of its own (nothing there is not "few"); the other four are quantiles over the distinct values. */
export function classes(values: readonly number[], most: number = MOST_CLASSES): MapClass[] {
  const zeros = values.filter((value) => value === 0).length
  const distinct = [...new Set(values.filter((value) => value > 0))].sort((a, b) => a - b)
  const room = Math.min(most - 1, distinct.length)
  const found: MapClass[] = zeros > 0 ? [{ from: 0, to: 0, count: zeros }] : []
  for (let index = 0; index < room; index += 1) {
    const slice = distinct.slice(
      Math.round((index * distinct.length) / room), Math.round(((index + 1) * distinct.length) / room),
    )
    const [from, to] = [slice[0], slice.at(-1)]
    if (from === undefined || to === undefined) continue
    found.push({ from, to, count: values.filter((value) => value >= from && value <= to).length })
  }
  return found
}

/** The index of the class that holds a value, or -1. */
export const classOf = (value: number, all: readonly MapClass[]): number =>
  all.findIndex((one) => value >= one.from && value <= one.to)

/** Tint 0 is zero; the others spread over tints 1 to 4, so that the highest is always the darkest. */
export function tint(index: number, all: readonly MapClass[]): number {
  if (index < 0) return -1
  const hasZero = all[0]?.to === 0
  if (hasZero && index === 0) return 0
  const [first, steps] = hasZero ? [1, all.length - 1] : [0, all.length]
  if (steps === 1) return 3
  return Math.round(1 + ((index - first) * 3) / (steps - 1))
}
