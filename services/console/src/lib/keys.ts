/** Keyboard habits shared by lists and maps. */

const TYPING = new Set(['INPUT', 'TEXTAREA', 'SELECT'])

/** Whether a key belongs to a field somebody types in, and to nobody else. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null
  return target !== null && (TYPING.has(target.tagName) || target.isContentEditable)
}

export const hasModifier = (event: KeyboardEvent): boolean => event.ctrlKey || event.metaKey || event.altKey

export interface Place {
  id: string
  x: number
  y: number
}

const DIRECTIONS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
}

/** The nearest place in the direction of an arrow key: what lies ahead counts once, what lies aside twice. */
export function neighbour(places: readonly Place[], from: Place, key: string): Place | null {
  const direction = DIRECTIONS[key]
  if (direction === undefined) return null
  const [dx, dy] = direction
  let best: Place | null = null
  let least = Infinity
  for (const place of places) {
    const [x, y] = [place.x - from.x, place.y - from.y]
    const ahead = x * dx + y * dy
    if (place.id === from.id || ahead <= 0) continue
    const cost = ahead + 2 * Math.abs(x * dy - y * dx)
    if (cost < least) [best, least] = [place, cost]
  }
  return best
}
